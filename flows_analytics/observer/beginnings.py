"""Telling sinks that a call began, while it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.contained import contained
from flows_analytics.observer.guard import Guard

_TIDY_SECS = 1.0
"""How long a sink may take to let itself be cancelled."""

_Begin = Callable[[CallRecord], Awaitable[None]]


class Beginnings:
    """Runs the ``begin`` of those sinks that have one, each in a task of its own.

    Nothing waits for them: neither a frame nor the call. What fails costs nothing, because the call is delivered
    when it is over.

    Args:
        sinks: The sinks of the call.
        guard: Says what failed.
    """

    def __init__(self, sinks: Sequence[object], guard: Guard) -> None:
        self._guard = guard
        self._begins: list[tuple[str, _Begin]] = []
        for sink in sinks:
            begin: _Begin | None = getattr(sink, "begin", None)
            if begin is not None:
                self._begins.append((type(sink).__name__, begin))
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, show: Callable[[], CallRecord]) -> None:
        """Tell the sinks, soon. Call it once, inside the loop.

        Args:
            show: Shows the call so far; not called if no sink wants to know.
        """
        if self._begins:
            record = show()
            self._tasks = [asyncio.create_task(self._tell(name, begin, record)) for name, begin in self._begins]

    async def stop(self) -> None:
        """Give up on those that are not done: the call is over, and has been delivered."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_TIDY_SECS)

    async def _tell(self, name: str, begin: _Begin, record: CallRecord) -> None:
        try:
            await contained(begin(record))
        except Exception as error:
            # Not raised if strict: who sends calls fails for reasons that are not the recorder's.
            self._guard.say(f"{name} could not be told that the call began: {type(error).__name__}")
