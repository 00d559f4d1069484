"""The Sink protocol, and handing a call to several sinks so that none can hurt another."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from flows_analytics.calls.health import Health
from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.claim import Claim
from flows_analytics.delivery.contained import contained
from flows_analytics.delivery.entry import Entry
from flows_analytics.delivery.outbox import Outbox, OutboxError
from flows_analytics.delivery.outcome import Outcome
from flows_analytics.delivery.upload import Upload, UploadError, UploadSink, key_of, sends


class Sink(Protocol):
    """A place where finished calls go. Anything with these two methods is one.

    One sink may serve many calls at once. A sink with an attribute ``keeps`` that is true keeps the call on this
    machine, and is served before the others. If it also has a method ``async amend(file, record)``, that is called
    with what `deliver` returned when another sink fails, so that what is kept tells of it. One with a method
    ``async begin(record)`` is told once of each call that begins, in a task beside it: what it raises is only
    logged, and it is cancelled if it is not done when the call has been delivered. A sink that sends calls over a
    network is better written as an `UploadSink`.
    """

    async def deliver(self, record: CallRecord) -> object:
        """Take one finished call.

        Args:
            record: The call.

        Returns:
            The record's file, if the sink keeps the call in one: the outbox then needs no copy. Anything else says
            nothing.

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
        left: Why the outbox still has it, to be sent later or, if it was refused for good, to be looked at; None
            if it does not.
    """

    sink: str
    error: str | None
    left: str | None = None


async def deliver(
    record: CallRecord,
    sinks: Sequence[Sink | UploadSink],
    *,
    timeout_secs: float,
    outbox: Outbox | None = None,
    upload_deadline_secs: float = 10.0,
    recording: Path | None = None,
    counted: Callable[[Sequence[Delivery]], Health] | None = None,
) -> list[Delivery]:
    """Hand a finished call to every sink, first to those that keep it, and wait for them a bounded time.

    A call is on disk before it is drawn or sent: drawing many long calls at once would starve their files.

    Args:
        record: The call.
        sinks: Where it goes.
        timeout_secs: How long to wait for those that keep the call, and then for the others. A sink that takes
            longer is cancelled and left behind; what it has begun in a thread of its own is still finished.
        outbox: Keeps the call for the sinks that send it until they have; None sends it once.
        upload_deadline_secs: How long to wait for the sinks that send the call; the outbox keeps what is left.
        recording: The call's sound; None without one.
        counted: Told what came of the sinks that keep the call, and then of the others; returns the health of the
            call with what they lost. What is sent says what could not be kept, and what is kept says both. None
            counts nothing.

    Returns:
        What came of each, in the order of ``sinks``.
    """
    outcomes: dict[int, Delivery] = {}
    numbered = dict(enumerate(sinks))
    uploads = {number: sink for number, sink in numbered.items() if sends(sink)}
    others = {number: sink for number, sink in numbered.items() if not sends(sink)}
    keepers = {number: sink for number, sink in others.items() if getattr(sink, "keeps", False) is True}

    tasks = _started(keepers, record)
    await _wait(tasks, timeout_secs)
    outcomes.update({number: _outcome(keepers[number], task) for number, task in tasks.items()})
    files = {
        number: file
        for number, task in tasks.items()
        if outcomes[number].error is None and (file := task.result()) is not None
    }
    file = next(iter(files.values()), None)
    if counted is not None:
        record = await _amended(record, counted([outcomes[n] for n in keepers]), keepers, files, timeout_secs)

    # On disk before any upload starts, whatever time is left for that.
    claims = (
        {} if outbox is None else {n: _put(sink, record, outbox, file, recording) for n, sink in uploads.items()}
    )
    await _wait(claims, timeout_secs)
    deadline = asyncio.get_running_loop().time() + upload_deadline_secs
    sending = {
        number: asyncio.ensure_future(
            _send_once(sink, Upload(record, key_of(record, sink.name), file=file, recording=recording))
            if outbox is None
            else _send_kept(sink, record, outbox, claims[number], deadline)
        )
        for number, sink in uploads.items()
    }
    shown = {number: sink for number, sink in others.items() if number not in keepers}
    tasks = _started(shown, record)
    await asyncio.gather(_wait(tasks, timeout_secs), _wait(sending, upload_deadline_secs))
    outcomes.update({number: _outcome(shown[number], task) for number, task in tasks.items()})
    kept = {number for number, put in claims.items() if put.done() and not put.cancelled() and not put.exception()}
    for number, task in sending.items():
        outcomes[number] = _sent(uploads[number], task, in_outbox=number in kept)
    if counted is not None:
        rest = [outcomes[number] for number in range(len(sinks)) if number not in keepers]
        await _amended(record, counted(rest), keepers, files, timeout_secs)
    return [outcomes[number] for number in range(len(sinks))]


async def _amended(
    record: CallRecord, health: Health, keepers: Mapping[int, Any], files: Mapping[int, Path], timeout_secs: float
) -> CallRecord:
    """The call with what was lost since it was shown, also where it is kept already."""
    if health == record.health:
        return record
    record = record.model_copy(update={"health": health})
    tasks = {
        number: asyncio.ensure_future(keepers[number].amend(file, record))
        for number, file in files.items()
        if hasattr(keepers[number], "amend")
    }
    await _wait(tasks, timeout_secs)
    for number, task in tasks.items():
        # Whether it could be told there or not, it was told in the log.
        _outcome(keepers[number], task)
    return record


async def _wait(tasks: Mapping[int, asyncio.Future[Any]], timeout_secs: float) -> None:
    if tasks:
        await asyncio.wait(tasks.values(), timeout=timeout_secs)


def _started(sinks: Mapping[int, Any], record: CallRecord) -> dict[int, asyncio.Future[Path | None]]:
    return {number: asyncio.ensure_future(_deliver_and_close(sink, record)) for number, sink in sinks.items()}


def _put(
    sink: UploadSink, record: CallRecord, outbox: Outbox, file: Path | None, recording: Path | None
) -> asyncio.Future[tuple[Claim, Entry] | None]:
    return asyncio.ensure_future(outbox.put(record, sink, file=file, recording=recording))


async def _send_kept(
    sink: UploadSink,
    record: CallRecord,
    outbox: Outbox,
    claiming: asyncio.Future[tuple[Claim, Entry] | None],
    deadline: float,
) -> Outcome:
    unkept = "the outbox took too long"
    if claiming.done():
        try:
            claimed = claiming.result()
        except OutboxError as error:
            unkept = error.message
        except Exception as error:
            unkept = f"the outbox failed ({type(error).__name__})"
        else:
            try:
                if claimed is None:
                    return Outcome("left", sink.name, record.call_id, "another process is sending it")
                return await outbox.send_call(claimed, record, sink, deadline=deadline)
            finally:
                await contained(sink.close())
    else:
        claiming.cancel()
    # Nothing but this attempt stands between the call and its loss, or a disk that is slow.
    outcome = await _send_once(sink, Upload(record, key_of(record, sink.name)))
    return replace(outcome, why=f"{unkept}, and {outcome.why}") if outcome.why else outcome


async def _send_once(sink: UploadSink, upload: Upload) -> Outcome:
    try:
        await contained(sink.upload(upload))
    except UploadError as error:
        return Outcome("lost", sink.name, upload.record.call_id, error.message)
    finally:
        await contained(sink.close())
    return Outcome("sent", sink.name, upload.record.call_id)


def _sent(sink: UploadSink, task: asyncio.Future[Outcome], *, in_outbox: bool) -> Delivery:
    failed = _outcome(sink, task)
    if failed.error == "timeout" and in_outbox:
        return Delivery(sink=failed.sink, error=None, left="it took too long")
    if failed.error is not None:
        return failed
    outcome = task.result()
    if outcome.state == "sent":
        return failed
    if outcome.state == "lost":
        return Delivery(sink=failed.sink, error=outcome.why)
    told = outcome.why if outcome.state == "left" else f"put aside: {outcome.why}"
    return Delivery(sink=failed.sink, error=None, left=told)


async def _deliver_and_close(sink: Any, record: CallRecord) -> Path | None:
    """Deliver, and say in which file the call is if the sink tells."""
    try:
        kept = await contained(sink.deliver(record))
        return kept if isinstance(kept, Path) and getattr(sink, "keeps", False) is True else None
    finally:
        await contained(sink.close())


def _outcome(sink: object, task: asyncio.Future[Any]) -> Delivery:
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
    # Whatever a sink makes of them, these two are text.
    strerror: Any = error.strerror if isinstance(error, OSError) else None
    if isinstance(error, OSError) and isinstance(strerror, str):
        what += f": {strerror}" + (f": {error.filename}" if isinstance(error.filename, str | Path) else "")
    frames = traceback.extract_tb(error.__traceback__)
    return f"{what} at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else what


def _read_outcome(task: asyncio.Future[Any]) -> None:
    # An exception nobody reads is printed by asyncio, with the content it may quote.
    if not task.cancelled():
        task.exception()
