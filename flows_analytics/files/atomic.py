"""Writing files that are there whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from secrets import token_hex

from flows_analytics.files.directories import make_directory

STALE_SECS = 3600.0
"""A temporary file that is older was left by a process that died while it wrote."""

TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
"""Names of the files in which content waits for its place."""


def write_new(directory: Path, name: str, suffix: str, content: bytes) -> Path:
    """Write a new file, whole and flushed to the disk, overwriting nothing.

    The content goes to a hidden temporary file first, which is then linked to its name: a reader never sees
    half a file, and of two writers of one name the second gets ``name~2``. The file's mode is 0600.

    Args:
        directory: Where; created, with its parents, if it is missing.
        name: The file's name, made by `safe_name`.
        suffix: Its extension, such as ``.json``.
        content: Its content.

    Returns:
        The file.

    Raises:
        OSError: If it cannot be written; nothing is left behind.
    """
    make_directory(directory)
    return _placed(directory, content, lambda temporary: _link_first_free(temporary, directory, name, suffix))


def replace(path: Path, content: bytes) -> Path:
    """Write a file, whole and flushed to the disk, replacing what is there.

    Args:
        path: The file; its directory is created, with its parents, if it is missing.
        content: Its content.

    Returns:
        The file.

    Raises:
        OSError: If it cannot be written; the old file stays as it was.
    """
    make_directory(path.parent)

    def put(temporary: Path) -> Path:
        temporary.replace(path)
        return path

    return _placed(path.parent, content, put)


def remove_stale(directory: Path, now: float) -> int:
    """Remove the temporary files that dead processes left in a directory; no other file is touched.

    Args:
        directory: Where; it need not be there.
        now: The wall clock, in seconds since 1970.

    Returns:
        How many were removed. What cannot be removed stays for the next time.
    """
    removed = 0
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if TEMPORARY.fullmatch(entry.name):
                # Its writer may finish meanwhile.
                with suppress(OSError):
                    if now - entry.stat(follow_symlinks=False).st_mtime > STALE_SECS:
                        Path(entry.path).unlink()
                        removed += 1
    return removed


def _placed(directory: Path, content: bytes, put: Callable[[Path], Path]) -> Path:
    temporary = directory / f".{token_hex(8)}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        placed = put(temporary)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    _flush_directory(directory)
    return placed


def _link_first_free(temporary: Path, directory: Path, name: str, suffix: str) -> Path:
    for number in count(1):
        path = directory / (f"{name}{suffix}" if number == 1 else f"{name}~{number}{suffix}")
        try:
            os.link(temporary, path)
        except FileExistsError:
            continue
        except OSError:
            # Some file systems know no links. Claiming the name first keeps it ours; the content replaces
            # the empty claim in one step.
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                continue
            temporary.replace(path)
        return path
    raise AssertionError("unreachable: numbers do not end")


def _flush_directory(directory: Path) -> None:
    # A name is on disk only when its directory is. Windows cannot open directories, nor needs to.
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
