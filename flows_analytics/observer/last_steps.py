"""What is done with a call when it is over: why it was, what it cost, its sound, and delivering it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from flows_analytics.delivery.sink import Sink, deliver
from flows_analytics.observer.audio import AudioRecording
from flows_analytics.observer.call_cost import CostCalculator, cost_of
from flows_analytics.observer.call_journal import CallJournal
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.reason_resolver import ReasonResolver


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
    """

    def __init__(
        self,
        writer: CallWriter,
        *,
        sinks: Sequence[Sink],
        resolver: ReasonResolver,
        audio: AudioRecording | None,
        cost_calculator: CostCalculator | None,
        journal: CallJournal,
        timeout_secs: float,
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

    @property
    def wait(self) -> bool:
        """Whether any of it takes time."""
        return bool(self._sinks) or self._audio is not None or self._resolver.open or self._journal.on

    def price(self) -> None:
        """Work out what the call cost."""
        if self._cost_calculator is None:
            return
        try:
            self._recorder.price(cost_of(self._recorder.record().usage, self._cost_calculator))
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

    async def _end_sound(self, audio: AudioRecording) -> None:
        try:
            record = self._recorder.record()
            made = await audio.finish(record.duration_ms, self._recorder.lose, timeout_secs=self._timeout_secs)
            if made is not None:
                url = record.recording.url if record.recording else None
                self._recorder.keep_recording(made.model_copy(update={"url": url}))
        except Exception as error:
            self._guard.caught("the sound of the call", error)

    async def _deliver(self) -> None:
        self._journal.sync(self._timeout_secs)
        kept = False
        try:
            kept = await self._hand_over()
        finally:
            await self._journal.end(kept=kept, timeout_secs=self._timeout_secs)

    async def _hand_over(self) -> bool:
        """Deliver the call, and tell whether it is now kept on this machine."""
        try:
            deliveries = await deliver(self._recorder.record(), self._sinks, timeout_secs=self._timeout_secs)
        except Exception as error:
            self._guard.caught("the delivery of the call", error)
            return False
        for delivery in deliveries:
            if delivery.error is not None:
                code = "sink_timeout" if delivery.error == "timeout" else "sink_failed"
                why = f"{delivery.sink} did not take the call: {delivery.error}"
                self._recorder.lose(code, why)
                self._guard.say(why)
        outcomes = zip(self._sinks, deliveries, strict=True)
        return any(getattr(sink, "keeps", False) and delivery.error is None for sink, delivery in outcomes)
