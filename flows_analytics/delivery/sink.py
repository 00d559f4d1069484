"""The Sink protocol, and handing a call to several sinks so that none can hurt another."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flows_analytics.calls.record import CallRecord


class Sink(Protocol):
    """A place where finished calls go. Anything with these two methods is one.

    One sink may serve many calls at once. A sink with an attribute ``keeps`` that is true keeps the call on this
    machine, and is served before the others.
    """

    async def deliver(self, record: CallRecord) -> None:
        """Take one finished call.

        Args:
            record: The call.

        Raises:
            Exception: Whatever went wrong; it is logged and counted, and touches neither the call nor any
                other sink.
        """
        ...

    async def close(self) -> None:
        """Release what was opened for this call. Called once after each delivery, whatever came of it."""
        ...


@dataclass(frozen=True)
class Delivery:
    """What came of handing a call to one sink.

    Attributes:
        sink: The sink's class, for logs and counts.
        error: What went wrong and where, ``timeout``, or None if all went well. Of an exception only the class is
            told, because its message may quote the call; of a file also which and why.
    """

    sink: str
    error: str | None


async def deliver(record: CallRecord, sinks: Sequence[Sink], *, timeout_secs: float) -> list[Delivery]:
    """Hand a finished call to every sink, first to those that keep it, and wait for them a bounded time.

    A call is on disk before it is drawn or sent: drawing many long calls at once would starve their files.

    Args:
        record: The call.
        sinks: Where it goes.
        timeout_secs: How long to wait for those that keep the call, and then for the others. A sink that takes
            longer is cancelled and left behind; what it has begun in a thread of its own is still finished.

    Returns:
        What came of each, in the order of ``sinks``.
    """
    outcomes: dict[int, Delivery] = {}
    for keeps in (True, False):
        served = {number: sink for number, sink in enumerate(sinks) if getattr(sink, "keeps", False) is keeps}
        tasks = {n: asyncio.ensure_future(_deliver_and_close(sink, record)) for n, sink in served.items()}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=timeout_secs)
        outcomes.update({number: _outcome(served[number], task) for number, task in tasks.items()})
    return [outcomes[number] for number in range(len(sinks))]


async def _deliver_and_close(sink: Sink, record: CallRecord) -> None:
    try:
        await sink.deliver(record)
    finally:
        await sink.close()


def _outcome(sink: Sink, task: asyncio.Future[None]) -> Delivery:
    name = type(sink).__name__
    if not task.done():
        # Not awaited: a sink that swallows its cancellation would hold the call as surely as one that hangs.
        task.cancel()
        task.add_done_callback(_read_outcome)
        return Delivery(sink=name, error="timeout")
    if task.cancelled():
        return Delivery(sink=name, error="CancelledError")
    error = task.exception()
    return Delivery(sink=name, error=_told(error) if error else None)


def _told(error: BaseException) -> str:
    what = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        what += f": {error.strerror}" + (f": {error.filename}" if error.filename else "")
    frames = traceback.extract_tb(error.__traceback__)
    return f"{what} at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else what


def _read_outcome(task: asyncio.Future[None]) -> None:
    # An exception nobody reads is printed by asyncio, with the content it may quote.
    if not task.cancelled():
        task.exception()
