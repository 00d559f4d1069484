"""A living child, as its parent sees it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

from tests.chaos import child
from tests.chaos.child import Task
from tests.chaos.notes import read_notes

# Forked from a process that has imported everything: a child begins its calls at once.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.chaos.child"])


class Living:
    """Starts a child, and hears its notes.

    Args:
        task: What it is to do.
        take: Given each note.

    Attributes:
        task: What it is to do.
        killed_for: What it was killed for; None if it was not.
    """

    def __init__(self, task: Task, take: Callable[[dict[str, Any]], None]) -> None:
        self.task = task
        self.killed_for: str | None = None
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._silent = asyncio.Event()
        self._rest = b""
        self._pipe, writing = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=child.main, args=(task, writing))
        self._process.start()
        # The child alone has this end now, so the pipe ends with it.
        writing.close()
        self._loop.add_reader(self._pipe.fileno(), self._read)

    @property
    def may_be_killed(self) -> bool:
        """Whether it lives, and nobody has killed it."""
        return self.killed_for is None and self._process.is_alive()

    def kill(self, what_for: str) -> None:
        """Kill it as only the kernel can."""
        self.killed_for = what_for
        self._process.kill()

    async def ended(self, most_secs: float) -> int:
        """Wait until it is dead and all its notes are taken, and say its exit code.

        Raises:
            TimeoutError: It lived longer than it should; it is dead now.
        """
        try:
            await asyncio.wait_for(self._silent.wait(), most_secs)
        except TimeoutError:
            self._process.kill()
            await self._silent.wait()
            raise
        # Without a thread: of two that ask at once for the exit code, one gets none.
        dead = asyncio.Event()
        self._loop.add_reader(self._process.sentinel, dead.set)
        await dead.wait()
        self._loop.remove_reader(self._process.sentinel)
        self._process.join()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def _read(self) -> None:
        content = os.read(self._pipe.fileno(), 65536)
        if not content:
            self._loop.remove_reader(self._pipe.fileno())
            self._pipe.close()
            self._silent.set()
            return
        whole, _, self._rest = (self._rest + content).rpartition(b"\n")
        for note in read_notes(whole):
            self._take(note)


KILLED = -int(getattr(signal, "SIGKILL", 9))
"""The exit code of a child that was killed."""
