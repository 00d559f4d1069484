"""Files that are written while something goes on."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import BinaryIO

from flows_analytics.files.directories import make_directory


def open_growing(directory: Path, name: str, suffix: str) -> tuple[Path, BinaryIO]:
    """Create a file to write to bit by bit, overwriting nothing.

    Unlike those of `write_new`, its readers see it grow. Of two writers of one name the second gets ``name~2``.
    The file's mode is 0600.

    Args:
        directory: Where; created, with its parents, if it is missing.
        name: The file's name, made by `safe_name`.
        suffix: Its extension, such as ``.wav``.

    Returns:
        The file's path, and the open file.

    Raises:
        OSError: If it cannot be created.
    """
    make_directory(directory)
    for number in count(1):
        path = directory / (f"{name}{suffix}" if number == 1 else f"{name}~{number}{suffix}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        except FileExistsError:
            continue
        return path, os.fdopen(descriptor, "wb")
    raise AssertionError("unreachable: numbers do not end")
