"""FlowsObserver: attach it to a bot and every call is recorded."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from uuid import uuid4

from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor

from flows_analytics.calls.events import CallEnded, Terminal
from flows_analytics.calls.health import Health
from flows_analytics.calls.record import Agent, CallRecord
from flows_analytics.calls.sound import Recording
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.sink import Sink
from flows_analytics.delivery.upload import UploadSink, sends
from flows_analytics.errors import ObserverError
from flows_analytics.files.layout import Beside
from flows_analytics.observer.agent_version import resolve_agent_version
from flows_analytics.observer.audio import AudioRecording
from flows_analytics.observer.beginnings import Beginnings
from flows_analytics.observer.call_cost import CostCalculator
from flows_analytics.observer.call_journal import CallJournal
from flows_analytics.observer.call_writer import CallWriter, Content
from flows_analytics.observer.clock import CallClock
from flows_analytics.observer.event_listener import Emitter, EventListener
from flows_analytics.observer.flow_watches import FlowWatches
from flows_analytics.observer.frame_reader import FrameReader
from flows_analytics.observer.guard import Guard
from flows_analytics.observer.last_steps import LastSteps
from flows_analytics.observer.outbox_place import outbox_directory, outbox_of, unkept
from flows_analytics.observer.reason_resolver import ReasonResolver, Resolver
from flows_analytics.observer.telephony import CallTelephony, TelephonyAttachments
from flows_analytics.recording.recorder import CallHeader, CallRecorder
from flows_analytics.redaction.redaction import FAILED, Redactor


class FlowsObserver(TelephonyAttachments, BaseObserver):
    """Records one call of a Pipecat Flows bot: its path through the nodes, and what happened in each.

    Give it to the worker that has the transport, and tell it of every FlowManager::

        observer = FlowsObserver(sinks=[JSONFileSink("calls"), HTMLReportSink("reports")])
        worker = PipelineWorker(pipeline, observers=[observer])
        flow_manager = FlowManager(worker=worker, llm=llm, context_aggregator=aggregator)
        observer.attach_flow_manager(flow_manager)

    The call is delivered to the sinks in ``cleanup()``, which Pipecat awaits however the call ends. One observer
    is one call; make a new one for the next.

    Events:
        on_call_recorded(observer, record): Emitted once, after delivery, also when a sink failed. Pipecat waits
            for the handler before the worker finishes.

    Args:
        call_id: Identifier of the call, such as the runner's ``session_id``; a new uuid4 if None or empty.
        agent_id: Identifier of the bot.
        agent_name: Its name for people.
        agent_version: Its version; if None, the first that is set of the environment variables ``APP_VERSION``,
            ``GITHUB_RUN_NUMBER``, ``CIRCLE_BUILD_NUM`` and ``BUILD_NUMBER``.
        call_type: Kind of call.
        sinks: Where the finished call goes.
        metadata: Anything to keep with the call.
        goals: Names of the nodes that mean success, or one such name.
        include_transcripts: Whether to keep what caller and bot say.
        include_arguments: Whether to keep what functions are called with.
        include_results: Whether to keep what functions return, messages of their failures included.
        include_state: Keys of ``flow_manager.state`` to keep at each node, or one such key; none by default.
        redactor: Hides what must not be kept, before anything leaves memory: a `PatternRedactor`, or any function
            that takes a text and returns it without. It is called on the bot's event loop, so what it takes the
            call waits for (`redaction_ms`). A text it fails on is dropped and counted.
        recording: Records the sound of the call; put `audio_processor` into the pipeline, after
            ``transport.output()``. None records none.
        recording_url: Where a recording made elsewhere is.
        cost_calculator: Says what the call cost by what its services consumed (`Usage`), as a number in any unit;
            asked once, at the end, before delivery. One that fails costs nothing but the cost.
        journal: The directory in which each moment is written down as it happens, so that a process that is killed
            leaves its calls for recovery. By default that of the first file sink; without one there is none.
            None turns it off.
        sink_timeout_secs: How long the sinks may take together before the call goes on without them.
        outbox: The calls directory that keeps what is to be sent until it is; ``Beside.FILES`` takes that of the
            first JSONFileSink, and is None if there is none. None keeps nothing: what cannot be sent is lost. An
            `Outbox` brings limits of its own. While the call goes on, what earlier calls left there is sent.
        upload_deadline_secs: How long sending the call may take at its end; what is not sent by then stays in the
            outbox.
        disconnection_reason_resolver: Asked without arguments why the call was over: a function that returns a
            str, an enum such as `DisconnectionReason`, or None if it cannot tell. It is asked when the end of the
            call is first seen, and again before delivery if nothing came of it; the first answer that is neither
            empty nor ``unknown`` becomes the record's ``disconnection_reason``. It must answer at once, because
            the bot waits for it. A coroutine function is asked only before delivery, and waited for as long as
            ``sink_timeout_secs``. What it raises is counted in `health` and otherwise ignored.
        strict: Raise what goes wrong in the recording instead of counting it. For tests of the recorder.
        name: Name of the observer in Pipecat's logs.

    Raises:
        ObserverError: ``not_a_redactor``; ``sink_twice`` if two sinks that send calls have one name;
            ``recording_reused`` if ``recording`` already belongs to a call.
    """

    def __init__(
        self,
        *,
        call_id: str | None = None,
        agent_id: str | None = None,
        agent_name: str | None = None,
        agent_version: str | int | None = None,
        call_type: str = "web_call",
        sinks: Sequence[Sink | UploadSink] = (),
        metadata: Mapping[str, Any] | None = None,
        goals: Sequence[str] | str | None = None,
        include_transcripts: bool = True,
        include_arguments: bool = True,
        include_results: bool = True,
        include_state: Sequence[str] | str = (),
        redactor: Redactor | None = None,
        recording: AudioRecording | None = None,
        recording_url: str | None = None,
        cost_calculator: CostCalculator | None = None,
        journal: str | Path | Beside | None = Beside.FILES,
        sink_timeout_secs: float = 10.0,
        outbox: Outbox | str | Path | Beside | None = Beside.FILES,
        upload_deadline_secs: float = 10.0,
        disconnection_reason_resolver: Resolver | None = None,
        strict: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves kwargs untyped
        self._call_id = str(call_id) if call_id else str(uuid4())
        self._strict = strict
        clock = CallClock()
        header = CallHeader(
            call_id=self._call_id,
            call_type=call_type or "web_call",
            agent=Agent(
                id=agent_id,
                name=agent_name,
                version=resolve_agent_version(agent_version, os.environ),
            ),
            goals=_names(goals),
            metadata=dict(metadata or {}),
            pipecat=_pipecat_version(),
        )
        if redactor is not None and not callable(redactor):
            raise ObserverError("not_a_redactor", f"redactor= takes a function, not a {type(redactor).__name__}")
        self._journal = CallJournal(journal, sinks, outbox_directory(outbox, sinks))
        self._recorder = CallRecorder(
            header,
            wall_ns=clock.wall_ns(),
            redactor=redactor,
            clock_ns=time.perf_counter_ns,
            journal=self._journal.journal,
        )
        self._guard = Guard(self._call_id, self._recorder.lose, strict=strict)
        kept_until_sent = outbox_of(outbox, sinks, self._guard.say)
        if (warning := unkept(outbox, journal, sinks)) is not None:
            self._guard.say(warning)
        uploads = [sink for sink in sinks if sends(sink)]
        if len({sink.name for sink in uploads}) < len(uploads):
            # In the outbox they would be one receiver, and one of them would never get a call.
            raise ObserverError("sink_twice", "two sinks that send calls have one name: give each its own name=")
        self._journal.begin(self._guard)
        self._telephony = CallTelephony(self._recorder, self._guard)
        self._writer = CallWriter(
            recorder=self._recorder,
            clock=clock,
            guard=self._guard,
            content=Content(
                transcripts=include_transcripts,
                arguments=include_arguments,
                results=include_results,
                state=_names(include_state),
            ),
        )
        self._audio = recording
        if recording_url:
            self._recorder.keep_recording(Recording(url=recording_url))
        if self._audio is not None:
            self._audio.begin(self._call_id, self._guard, self._recorder.keep_recording)
        resolver = ReasonResolver(disconnection_reason_resolver, self._writer)
        self._beginnings = Beginnings(sinks, self._guard)
        self._last_steps = LastSteps(
            self._writer,
            sinks=sinks,
            resolver=resolver,
            audio=recording,
            cost_calculator=cost_calculator,
            journal=self._journal,
            timeout_secs=sink_timeout_secs,
            outbox=kept_until_sent,
            upload_deadline_secs=upload_deadline_secs,
        )
        self._listener = EventListener(self._writer)
        self._flows = FlowWatches(self._writer)
        self._frames = FrameReader(
            self._writer, self._flows.tools_changed, self._flows.knows, self._stop_at_second_call, resolver.ask
        )
        self._ignored = self._frames.ignored
        self._set_up = False
        self._finishing: asyncio.Future[None] | None = None
        self._finished = False
        self._register_event_handler("on_call_recorded")

    @property
    def call_id(self) -> str:
        """Identifier of the call."""
        return self._call_id

    @property
    def record(self) -> CallRecord:
        """The call so far; status ``started`` until it has ended."""
        return self._recorder.record()

    @property
    def health(self) -> Health:
        """What the recording lost so far, and why."""
        return self._recorder.health

    @property
    def redaction_ms(self) -> float:
        """What the ``redactor`` took so far, in milliseconds; 0 without one."""
        redaction = self._recorder.redaction
        return redaction.spent_ns / 1e6 if redaction else 0.0

    @property
    def audio_processor(self) -> AudioBufferProcessor:
        """What records the sound of the call: put it into the pipeline, after ``transport.output()``.

        Raises:
            ObserverError: ``no_recording`` if the observer was made without ``recording=``.
        """
        if self._audio is None:
            raise ObserverError(
                "no_recording",
                'this FlowsObserver records no sound: make it with recording=AudioRecording("calls")',
            )
        return self._audio.processor

    def attach_flow_manager(self, flow_manager: Any, declared: Any = None) -> None:
        """Record what a FlowManager does, from now on.

        It may be called before or after ``initialize()``; a node that is already current is recorded as entered
        now. A second manager is a second flow of the call, also if its worker is not the one observed. Attaching
        the same manager again only adds ``declared``.

        Args:
            flow_manager: A FlowManager of ``pipecat.flows`` or of the standalone ``pipecat_flows``.
            declared: The Flow or FlowConfig it runs: the only way to know what could have happened beside what
                did.

        Raises:
            ObserverError: ``not_a_flow_manager``; ``not_a_flow``; ``observer_reused`` if this observer's call is
                over.
        """
        if self._finished:
            raise self._reused()
        self._flows.attach(flow_manager, declared)

    def detach_flow_manager(self, flow_manager: Any) -> None:
        """Stop recording a FlowManager and give it its methods back. Done by itself at the end of the call.

        Args:
            flow_manager: The manager; one that is not attached is left alone.
        """
        self._flows.detach(flow_manager)

    def attach_user_aggregator(self, aggregator: Any) -> None:
        """Record what a user aggregator tells by events only: the caller's idle times, and who decided on turns.

        Args:
            aggregator: The user aggregator, such as ``context_aggregator.user()``.

        Raises:
            ObserverError: ``no_known_events`` if it is nothing of the kind; ``observer_reused`` if this observer's
                call is over.
        """
        self._attach(aggregator, "user_aggregator")

    def attach_processor(self, processor: Any) -> None:
        """Record what a processor tells by events only.

        That is who answered an outbound call, what became of a phone menu, which service a switcher uses, or what
        a UserTurnProcessor decides.

        Args:
            processor: A VoicemailDetector, IVRNavigator, ServiceSwitcher, LLMSwitcher, UserTurnProcessor, or any
                processor that has an event of one of them.

        Raises:
            ObserverError: As `attach_user_aggregator`.
        """
        self._attach(processor, "processor")

    def attach_transport(self, transport: Any) -> None:
        """Record when the client is gone, without which a hang-up cannot be told from any other cancel.

        Attach it before adding a handler of your own that ends the call, as that is then noticed first.

        Args:
            transport: The transport.

        Raises:
            ObserverError: As `attach_user_aggregator`.
        """
        self._attach(transport, "transport")

    def attach_worker(self, worker: Any) -> None:
        """Record when a worker of a bot that has several takes the call over, and when it gives the call away.

        Args:
            worker: The worker; attach each that takes part.

        Raises:
            ObserverError: As `attach_user_aggregator`.
        """
        self._attach(worker, "worker")

    def attach_turn_tracking_observer(self, tracker: Any) -> None:
        """Record Pipecat's own numbers of turns and its verdicts, beside the turns read here.

        Args:
            tracker: A TurnTrackingObserver, such as ``worker.turn_tracking_observer``.

        Raises:
            ObserverError: As `attach_user_aggregator`.
        """
        self._attach(tracker, "turn_tracking_observer")

    def _attach(self, emitter: Any, role: Emitter) -> None:
        if self._finished:
            raise self._reused()
        self._listener.attach(emitter, role)

    async def aflush(self, reason: Any = None) -> None:
        """End the recording now and deliver it, for transports that vanish without ending the pipeline.

        What happens in the call afterwards is not recorded, only counted. Calling it again does nothing.

        Args:
            reason: Why, such as ``client-disconnected``, an enum or an exception; becomes the record's
                ``end_reason``.
        """
        await self._finish("flush", reason)

    async def setup(self, task_manager: Any) -> None:
        """Prepare for the pipeline. Called by Pipecat.

        Args:
            task_manager: Pipecat's task manager.

        Raises:
            ObserverError: ``observer_reused`` if strict and this observer already has a call. Otherwise the second
                call goes on, and the recording stops.
        """
        if self._finished or self._set_up:
            self._stop_at_second_call()
        self._set_up = True
        await super().setup(task_manager)

    async def on_push_frame(self, data: FramePushed) -> None:
        """Read one push of one frame. Called by Pipecat; awaits nothing, so that no frame waits behind it.

        Args:
            data: The push.
        """
        if type(data.frame) in self._ignored:
            # Nineteen pushes in twenty: audio and heartbeats. What they cost is what a call costs.
            return
        try:
            if not self._recorder.placed:
                self._place(data)
            self._frames.read(data)
        except Exception as error:
            self._guard.caught(f"a {type(data.frame).__name__}", error)

    async def cleanup(self) -> None:
        """Deliver the finished call. Called and awaited by Pipecat when the pipeline is over."""
        try:
            await self._finish("cleanup", None)
        finally:
            await super().cleanup()

    def _place(self, data: FramePushed) -> None:
        clock = self._writer.clock
        clock.meet(data.source, data.timestamp)
        if clock.zero_ns is not None:
            self._recorder.place(clock.zero_ns, wall_ns=clock.wall_zero_ns)
            # Not in setup(), which Pipecat 1.4 does not call.
            self._last_steps.begin()
            self._beginnings.start(self._recorder.record)

    def _reused(self) -> ObserverError:
        return ObserverError(
            "observer_reused",
            f"this FlowsObserver already records call {self._call_id!r}: make a new one for each call, and "
            "give it to the transport's worker only",
        )

    def _stop_at_second_call(self) -> None:
        # Frames do not say which call they belong to. Half a record is better than one that mixes two callers.
        if not self._recorder.closed:
            self._writer.release()
            self._end("cleanup", "observer_reused")
        self._recorder.close()
        error = self._reused()
        self._recorder.lose("reused", error.message)
        self._guard.say(error.message)
        if self._strict:
            raise error

    async def _finish(self, terminal: Terminal, reason: Any) -> None:
        if not self._finished:
            self._finished = True
            self._close(terminal, reason)
            self._last_steps.price()
            if self._last_steps.wait:
                # A task of its own: whoever waits for it may be cancelled, and another may wait again.
                self._finishing = asyncio.ensure_future(self._deliver())
            else:
                await self._say_recorded()
        if self._finishing is not None:
            await asyncio.shield(self._finishing)

    def _close(self, terminal: Terminal, reason: Any) -> None:
        try:
            self._flows.close()
            self._listener.close()
            # What waits is earlier than the end.
            self._writer.release()
            if self.health.count("redaction_failed"):
                self._guard.say(FAILED)
            self._end(terminal, reason)
        except Exception as error:
            self._guard.caught("the end of the call", error)
        finally:
            self._recorder.close()

    def _end(self, terminal: Terminal, reason: Any) -> None:
        if self._frames.ended:
            return
        at_ns = None if terminal == "flush" else self._recorder.last_ns
        if at_ns is None:
            at_ns = self._writer.clock.now()
        if terminal == "cleanup" and self._frames.terminal is not None:
            self._writer.add(CallEnded, at_ns, **self._frames.terminal.told(at_ns))
        else:
            self._writer.add(CallEnded, at_ns, terminal=terminal, reason=reason)

    async def _deliver(self) -> None:
        await self._last_steps.take()
        await self._beginnings.stop()
        await self._say_recorded()

    async def _say_recorded(self) -> None:
        try:
            record = self.record
        except Exception as error:
            self._guard.caught("the call that was recorded", error)
            return
        await self._call_event_handler(  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
            "on_call_recorded", record
        )


def _names(names: Sequence[str] | str | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())


@cache
def _pipecat_version() -> str | None:
    try:
        return version("pipecat-ai")
    except PackageNotFoundError:
        return None
