"""The one thread of a process that writes journals."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Protocol
from weakref import WeakSet

_PAUSE_SECS = 0.005
_RETRY_SECS = 1.0
_EXIT_SECS = 1.0


class Journalled(Protocol):
    """What the thread serves."""

    def write_pending(self) -> bool:
        """Write what waits. Called in the thread, and in no other.

        Returns:
            False if the disk did not take it, and it should be tried again.
        """
        ...

    @property
    def over(self) -> bool:
        """Whether nothing will follow."""
        ...

    @property
    def waiting(self) -> int:
        """How much waits to be written."""
        ...

    def abandon(self) -> None:
        """Forget everything, and leave the file to the process that was forked."""
        ...


class JournalThread:
    """Writes what journals have to say, in the order in which each says it.

    The thread is there only while there is a journal. Between being rung and writing it pauses: what comes
    together is written together, and the bot's loop pays for one ring, not for one a moment.

    Args:
        pause_secs: How long; what is said is written at most that much later, and what the disk takes.
        retry_secs: How long to wait before trying again what the disk refused.
    """

    def __init__(self, *, pause_secs: float = _PAUSE_SECS, retry_secs: float = _RETRY_SECS) -> None:
        self._pause_secs = pause_secs
        self._retry_secs = retry_secs
        # In the order in which they began; a set would make the order of files a matter of chance.
        self._journals: dict[Journalled, None] = {}
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._hurry = threading.Event()
        self._rung = False
        self._thread: threading.Thread | None = None

    def serve(self, journal: Journalled) -> None:
        """Write what a journal says from now on, until it is over.

        Args:
            journal: The journal.

        Raises:
            RuntimeError: If there can be no more threads.
        """
        with self._lock:
            if self._thread is None:
                # A daemon: a disk that hangs must not keep the process from ending.
                thread = threading.Thread(target=self._run, name="flows_analytics journal", daemon=True)
                thread.start()
                self._thread = thread
            self._journals[journal] = None

    def ring(self) -> None:
        """Say that something waits to be written. Costs next to nothing if that has been said."""
        # If this is seen as true, the thread has not begun to look for what waits.
        if not self._rung:
            self._rung = True
            self._bell.set()

    def hurry(self) -> None:
        """Have it written now."""
        self._hurry.set()
        self._rung = True
        self._bell.set()

    def _run(self) -> None:
        failing = False
        while True:
            self._bell.wait(self._retry_secs if failing else None)
            self._hurry.wait(self._pause_secs)
            # In this order: whoever finds it rung has said what it says before we look.
            self._bell.clear()
            self._hurry.clear()
            self._rung = False
            with self._lock:
                journals = tuple(self._journals)
            # All of them, also after one that fails.
            failing = [journal for journal in journals if not journal.write_pending()] != []
            with self._lock:
                for journal in journals:
                    if journal.over:
                        del self._journals[journal]
                if not self._journals:
                    self._thread = None
                    return


class _Process:
    """What belongs to this process, and not to one forked from it."""

    def __init__(self) -> None:
        self.thread = JournalThread()
        self.journals: WeakSet[Journalled] = WeakSet()

    def forked(self) -> None:
        """Begin anew: a thread does not survive a fork, and a file has one writer."""
        inherited = list(self.journals)
        self.thread = JournalThread()
        self.journals = WeakSet()
        for journal in inherited:
            journal.abandon()

    def drain(self) -> None:
        """Write the last moments of a process that ends properly without ending its calls."""
        pause = threading.Event()
        for _ in range(round(_EXIT_SECS / _PAUSE_SECS)):
            if not any(journal.waiting for journal in list(self.journals)):
                return
            self.thread.hurry()
            pause.wait(_PAUSE_SECS)


_process = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.forked)
atexit.register(_process.drain)


def thread_of_process() -> JournalThread:
    """Find the thread that writes the journals of this process.

    Returns:
        The thread; it runs only while there is something to write.
    """
    return _process.thread


def own(journal: Journalled) -> None:
    """Say that a journal belongs to this process: it is drained at exit, and abandoned in a fork.

    Args:
        journal: The journal.
    """
    _process.journals.add(journal)
