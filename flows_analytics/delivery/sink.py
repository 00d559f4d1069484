"""The Sink protocol, and handing a call to several sinks so that none can hurt another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flows_analytics.calls.record import CallRecord


class Sink(Protocol):
    """A place where finished calls go. Anything with these two methods is one.

    One sink may serve many calls at once.
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
        error: The class of the exception, ``timeout``, or None if all went well.
    """

    sink: str
    error: str | None


async def deliver(record: CallRecord, sinks: Sequence[Sink], *, timeout_secs: float) -> list[Delivery]:
    """Hand a finished call to every sink, all at once, and wait for them a bounded time.

    Args:
        record: The call.
        sinks: Where it goes.
        timeout_secs: How long to wait. A sink that takes longer is cancelled and left behind.

    Returns:
        What came of each, in the order of ``sinks``.
    """
    tasks = [asyncio.ensure_future(_deliver_and_close(sink, record)) for sink in sinks]
    if not tasks:
        return []
    await asyncio.wait(tasks, timeout=timeout_secs)
    return [_outcome(sink, task) for sink, task in zip(sinks, tasks, strict=True)]


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
    return Delivery(sink=name, error=type(error).__name__ if error else None)


def _read_outcome(task: asyncio.Future[None]) -> None:
    # An exception nobody reads is printed by asyncio, with the content it may quote.
    if not task.cancelled():
        task.exception()
