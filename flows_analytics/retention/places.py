"""Places: the directories in which calls are kept, and listing them without leaving them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows_analytics.retention.trace import Stamp

_NUMBER = re.compile(r"~\d+\Z")


@dataclass(frozen=True)
class Places:
    """Where calls are kept.

    Attributes:
        calls: Calls directories.
        reports: Further directories with pages, and recordings, of the same calls.
    """

    calls: tuple[Path, ...]
    reports: tuple[Path, ...] = ()

    @property
    def all(self) -> tuple[Path, ...]:
        """Every directory, each once."""
        return tuple({place.resolve(): place for place in (*self.calls, *self.reports)}.values())


@dataclass(frozen=True)
class Found:
    """A file that was found.

    Attributes:
        path: Where.
        written: When it was last written, UTC.
        stamp: Which state of it was found.
    """

    path: Path
    written: datetime
    stamp: Stamp


def files_in(folder: Path, suffix: str = "") -> Iterator[Found]:
    """List the files in a folder, in order of name. Links are no files: what they lead to lies elsewhere.

    Args:
        folder: The folder; one that is not there, or is a link inside a calls directory, has no files.
        suffix: How their names end.

    Yields:
        The files.
    """
    try:
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for path in paths:
        if path.name.endswith(suffix):
            found = look_at(path)
            if found is not None:
                yield found


def look_at(path: Path) -> Found | None:
    """Look at a file, not through it.

    Args:
        path: The file.

    Returns:
        The file; None if there is none, or if it is a link or anything else.
    """
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    written = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=status.st_mtime_ns // 1000)
    return Found(path, written, Stamp(status.st_ino, status.st_mtime_ns, status.st_size))


def subfolder(directory: Path, name: str) -> Path | None:
    """Find a folder of a calls directory.

    Args:
        directory: The calls directory.
        name: Its name.

    Returns:
        The folder; None if there is none, or if it is a link.
    """
    folder = directory / name
    return folder if folder.is_dir() and not folder.is_symlink() else None


def read(path: Path, most: int = -1) -> bytes:
    """Read a file, not through a link.

    Args:
        path: The file.
        most: How many bytes; all if negative.

    Raises:
        OSError: If it cannot be read, or is a link.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        return file.read(most)


def stem_of(name: str, suffix: str) -> str:
    """Find a call's name in a file's: without the suffix, and without the number of a namesake.

    Args:
        name: The file's name.
        suffix: Its suffix.
    """
    return _NUMBER.sub("", name.removesuffix(suffix))
