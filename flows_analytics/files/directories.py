"""Directories that only their owner may look into."""

from __future__ import annotations

from pathlib import Path

_MODE = 0o700


def make_directory(directory: Path) -> None:
    """Create a directory with its missing parents, each 0700. One that is there keeps its mode.

    Args:
        directory: The directory.

    Raises:
        OSError: If it cannot be created.
    """
    # With `parents`, Path.mkdir gives the mode to the last only.
    for parent in reversed(directory.parents):
        if not parent.exists():
            parent.mkdir(mode=_MODE, exist_ok=True)
    directory.mkdir(mode=_MODE, exist_ok=True)
