"""Locks that the operating system drops when a process dies."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_REMOVED_OPEN = os.name != "nt"
"""Whether this system removes the name of a file that is open. Windows does not."""


class HeldLock:
    """A lock that is held until it is released, or until its process is dead."""

    def __init__(self, lock: FileLock, path: Path) -> None:
        self._lock = lock
        self.path = path

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back. It is free afterwards, whatever became of its file.

        Args:
            remove: Delete its file, for a lock that nobody will ask for again. One that cannot be deleted stays.
        """
        # Before the lock is free, where that can be done: afterwards the file may be somebody else's lock.
        if remove and _REMOVED_OPEN:
            self._remove_file()
        self._lock.release()
        # Windows keeps a file that somebody has opened meanwhile.
        if remove and not _REMOVED_OPEN:
            self._remove_file()

    def _remove_file(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)


def try_lock(path: Path) -> HeldLock | None:
    """Take a lock if nobody alive holds it.

    Args:
        path: Its file; created, 0600, in a directory that is there.

    Returns:
        The lock; None if another process, or another part of this one, holds it.

    Raises:
        OSError: If the file cannot be opened.
    """
    # Where the file system knows no locks, the library would fall back to one that outlives its process.
    lock = FileLock(path, mode=0o600, blocking=False, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    return HeldLock(lock, path)


def take_lock(path: Path) -> HeldLock:
    """Take a lock, waiting until nobody holds it any more.

    Args:
        path: Its file; created, 0600, in a directory that is there.

    Returns:
        The lock.

    Raises:
        OSError: If the file cannot be opened.
    """
    lock = FileLock(path, mode=0o600, thread_local=False, fallback_to_soft=False)
    lock.acquire()
    return HeldLock(lock, path)
