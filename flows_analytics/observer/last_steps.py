"""What is done with a call when it is over: why it was, what it cost, its sound, and delivering it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from flows_analytics.calls.health import Health
from flows_analytics.calls.sound import Recording
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.sink import Delivery, Sink, deliver
from flows_analytics.delivery.upload import UploadSink, sends
from flows_analytics.observer.audio import AudioRecording
from flows_analytics.observer.call_cost import CostCalculator, cost_of, costs_of
from flows_analytics.observer.call_journal import CallJournal
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.reason_resolver import ReasonResolver

_CANCEL_SECS = 1.0
"""How long a sink may take to let itself be cancelled."""


class LastSteps:
    """Completes the record of a call that is over and delivers it. Each step fails for itself.

    Args:
        writer: The call.
        sinks: Where it goes.
        resolver: Says why it was over.
        audio: Its sound; None if none is recorded.
        cost_calculator: Says what it cost; None if nobody does.
        journal: What is on disk of it meanwhile.
        timeout_secs: How long each step may take.
        outbox: Keeps the call until it is sent; None if nothing does.
        upload_deadline_secs: How long sending may take, before the outbox has it for later.
    """

    def __init__(
        self,
        writer: CallWriter,
        *,
        sinks: Sequence[Sink | UploadSink],
        resolver: ReasonResolver,
        audio: AudioRecording | None,
        cost_calculator: CostCalculator | None,
        journal: CallJournal,
        timeout_secs: float,
        outbox: Outbox | None = None,
        upload_deadline_secs: float = 10.0,
    ) -> None:
        self._writer = writer
        self._recorder = writer.recorder
        self._guard = writer.guard
        self._sinks = tuple(sinks)
        self._resolver = resolver
        self._audio = audio
        self._cost_calculator = cost_calculator
        self._journal = journal
        self._timeout_secs = timeout_secs
        self._outbox = outbox
        self._upload_deadline_secs = upload_deadline_secs
        self._earlier: asyncio.Future[None] | None = None

    @property
    def wait(self) -> bool:
        """Whether any of it takes time."""
        return bool(self._sinks) or self._audio is not None or self._resolver.open or self._journal.on

    def begin(self) -> None:
        """Send what earlier calls left in the outbox, while this one goes on."""
        uploads = [sink for sink in self._sinks if sends(sink)]
        if self._outbox is not None and uploads and self._earlier is None:
            self._earlier = asyncio.ensure_future(self._outbox.watch(lambda: uploads))

    def price(self) -> None:
        """Work out what the call cost."""
        if self._cost_calculator is None:
            return
        try:
            usage = self._recorder.record().usage
            cost = cost_of(usage, self._cost_calculator)
            self._recorder.price(cost, costs_of(usage, cost, self._cost_calculator))
        except (Exception, asyncio.CancelledError) as error:
            # Code of the bot's own may ask a task that was cancelled.
            self._guard.caught("the cost of the call", error, "cost_failed")

    async def take(self) -> None:
        """Ask why, end the sound, and deliver."""
        # A program that is stopped cancels what it waits for. The call is delivered all the same.
        with suppress(asyncio.CancelledError):
            await self._resolver.ask_finally(self._timeout_secs)
        if self._audio is not None:
            with suppress(asyncio.CancelledError):
                await self._end_sound(self._audio)
        await self._deliver()
        await self._end_earlier()

    async def _end_sound(self, audio: AudioRecording) -> None:
        try:
            record = self._recorder.record()
            made = await audio.finish(record.duration_ms, self._recorder.lose, timeout_secs=self._timeout_secs)
            if made is not None or record.recording is not None:
                # A file that was named when it was begun is gone if nothing could be written to it.
                self._recorder.keep_recording(made or Recording())
        except Exception as error:
            self._guard.caught("the sound of the call", error)

    async def _end_earlier(self) -> None:
        """Stop sending earlier calls; those on their way had as long as this one."""
        task, self._earlier = self._earlier, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=_CANCEL_SECS)
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                self._guard.say(f"{type(error).__name__} while sending earlier calls")

    async def _deliver(self) -> None:
        self._journal.sync(self._timeout_secs)
        kept = False
        try:
            kept = await self._hand_over()
        finally:
            await self._journal.end(kept=kept, timeout_secs=self._timeout_secs)

    async def _hand_over(self) -> bool:
        """Deliver the call, and tell whether it is now safe without its journal."""
        try:
            deliveries = await deliver(
                self._recorder.record(),
                self._sinks,
                timeout_secs=self._timeout_secs,
                outbox=self._outbox,
                upload_deadline_secs=self._upload_deadline_secs,
                recording=self._audio.file if self._audio is not None else None,
                counted=self._counted,
            )
        except Exception as error:
            self._guard.caught("the delivery of the call", error)
            return False
        outcomes = list(zip(self._sinks, deliveries, strict=True))
        kept = any(getattr(sink, "keeps", False) and delivery.error is None for sink, delivery in outcomes)
        sent = [delivery.error is None for sink, delivery in outcomes if sends(sink)]
        # The next recovery puts a call whose journal stays into the outbox, which could not be written now.
        owed = self._outbox is not None and not all(sent)
        return not owed and (kept or (bool(sent) and all(sent)))

    def _counted(self, deliveries: Sequence[Delivery]) -> Health:
        for delivery in deliveries:
            if delivery.left is not None:
                # Not lost: the outbox has it.
                self._guard.say(f"not sent to {delivery.sink} yet, the outbox keeps the call: {delivery.left}")
            if delivery.error is not None:
                code = "sink_timeout" if delivery.error == "timeout" else "sink_failed"
                why = f"{delivery.sink} did not take the call: {delivery.error}"
                self._recorder.lose(code, why)
                self._guard.say(why)
        return self._recorder.health
