"""Locks that the operating system drops when a process dies."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout


class HeldLock:
    """A lock that is held until it is released, or until its process is dead."""

    def __init__(self, lock: FileLock, path: Path) -> None:
        self._lock = lock
        self.path = path

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back.

        Args:
            remove: Delete its file first, for a lock that nobody will ask for again.
        """
        if remove:
            self.path.unlink(missing_ok=True)
        self._lock.release()


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
