"""A claim: one entry of the outbox that one process works on alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from flows_analytics.delivery.entry import Entry
from flows_analytics.files.atomic import replace
from flows_analytics.files.locks import HeldLock, try_lock
from flows_analytics.files.threads import in_own_thread

_LOCK_SUFFIX = ".lock"

_T = TypeVar("_T")
_E = TypeVar("_E")


class Claim:
    """Holds an entry's lock and writes its file. Its methods block, apart from `run`, `save` and `drop`.

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
        # Never held while the disk works: the loop takes it.
        self._count = threading.Lock()
        self._working = 0
        self._dropped = False

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do blocking work in a thread, which keeps the lock to its end, even if nobody waits for it any more.

        Args:
            work: The work, such as calls of the other methods.

        Returns:
            What it returns.
        """
        with self._count:
            self._working += 1
        return await in_own_thread(lambda: self._work(work))

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
        task = asyncio.ensure_future(self.run(self._write_unsaved))
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
        """Give the lock back without touching the disk, as the loop must; work under way does it at its end."""
        with self._count:
            self._dropped = True
            if self._working:
                return
        self._release(remove=False)

    def _work(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        finally:
            with self._count:
                self._working -= 1
                last = self._dropped and not self._working
            if last:
                with suppress(OSError):
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


async def claimed(work: Callable[[], tuple[Claim, _E] | None]) -> tuple[Claim, _E] | None:
    """Claim in a thread; if the task is cancelled meanwhile, what was claimed is given back.

    Args:
        work: Claims, and reads what was claimed.

    Returns:
        What it returns.
    """
    claiming = asyncio.ensure_future(in_own_thread(work))
    try:
        return await asyncio.shield(claiming)
    except asyncio.CancelledError:
        claiming.add_done_callback(_give_back)
        raise


def _give_back(claiming: asyncio.Future[Any]) -> None:
    if not claiming.cancelled() and claiming.exception() is None and claiming.result() is not None:
        claiming.result()[0].drop()
