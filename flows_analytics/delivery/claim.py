"""A claim: one entry of the outbox that one process works on alone."""

from __future__ import annotations

import asyncio
import threading
from copy import deepcopy
from pathlib import Path
from typing import Any

from flows_analytics.delivery.entry import Entry
from flows_analytics.files.atomic import replace
from flows_analytics.files.locks import HeldLock, try_lock
from flows_analytics.files.threads import in_own_thread

_LOCK_SUFFIX = ".lock"


class Claim:
    """Holds an entry's lock and writes its file. Its methods block, apart from `save`.

    The lock is the operating system's, so a process that dies gives the entry back. The lock's file is deleted
    only after the entry's own: whoever opened it before finds the entry gone.

    Args:
        path: The entry's file.
        lock: Its lock, held.
        failed: The directory of entries put aside.
    """

    def __init__(self, path: Path, lock: HeldLock, failed: Path) -> None:
        self.path = path
        self._lock: HeldLock | None = lock
        self._failed = failed
        self._mutex = threading.Lock()
        self._unsaved: bytes | None = None
        self._saving: set[asyncio.Future[None]] = set()

    def write(self, entry: Entry) -> None:
        """Write the entry.

        Args:
            entry: The entry.

        Raises:
            OSError: If it cannot be written; the file stays as it was.
        """
        with self._mutex:
            self._unsaved = None
            replace(self.path, entry.to_bytes())

    def save(self, entry: Entry, progress: dict[str, Any]) -> None:
        """Write the entry's progress soon, in a thread; what cannot be written is sent once more, later.

        Args:
            entry: The entry.
            progress: What is done.
        """
        content = entry.model_copy(update={"progress": deepcopy(progress)}).to_bytes()
        # Not under the lock, which is held while the disk works; threads see the latest assignment.
        self._unsaved = content
        task = asyncio.ensure_future(in_own_thread(self._write_unsaved))
        self._saving.add(task)
        task.add_done_callback(self._saved)

    def finish(self, kept: Path | None) -> None:
        """Remove an entry whose call was sent, and give its lock back.

        Args:
            kept: The outbox's own record of the call, removed with it; None if there is none.

        Raises:
            OSError: If it cannot be removed.
        """
        with self._mutex:
            self._unsaved = None
            try:
                self.path.unlink(missing_ok=True)
                (self._failed / self.path.name).unlink(missing_ok=True)
                if kept is not None:
                    kept.unlink(missing_ok=True)
            finally:
                self._release(remove=not self.path.exists())

    def put_aside(self, entry: Entry) -> None:
        """Move the entry to those that are not tried again, and give its lock back.

        Args:
            entry: The entry, with the reason.

        Raises:
            OSError: If it cannot be moved; it stays where it is.
        """
        with self._mutex:
            self._unsaved = None
            try:
                replace(self._failed / self.path.name, entry.to_bytes())
                self.path.unlink(missing_ok=True)
            finally:
                self._release(remove=not self.path.exists())

    def release(self) -> None:
        """Give the lock back and leave the entry for later. Doing it again does nothing."""
        with self._mutex:
            self._unsaved = None
            self._release(remove=not self.path.exists())

    def drop(self) -> None:
        """Give the lock back without waiting for the disk, as a task that is cancelled must."""
        if self._saving:
            threading.Thread(target=self.release, name="flows_analytics").start()
        else:
            self.release()

    def _release(self, *, remove: bool) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release(remove=remove)

    def _write_unsaved(self) -> None:
        with self._mutex:
            content, self._unsaved = self._unsaved, None
            # Whoever has the lock now writes the file.
            if content is not None and self._lock is not None:
                replace(self.path, content)

    def _saved(self, task: asyncio.Future[None]) -> None:
        self._saving.discard(task)
        if not task.cancelled():
            task.exception()


def lock_path(path: Path) -> Path:
    """Name the file of an entry's lock.

    Args:
        path: The entry's file.

    Returns:
        The lock's.
    """
    return path.with_name(path.name + _LOCK_SUFFIX)


def claim(path: Path, failed: Path) -> Claim | None:
    """Claim an entry. Read it afterwards: it may be gone.

    Args:
        path: The entry's file, there or not; its directory is.
        failed: The directory of entries put aside.

    Returns:
        The claim; None if another process, or another part of this one, has it.

    Raises:
        OSError: If the lock cannot be opened.
    """
    lock = try_lock(lock_path(path))
    return None if lock is None else Claim(path, lock, failed)
