"""The frame table: which frames matter, and what moment each one is.

Frames reach an observer once per hop, in the order in which they were pushed, through a queue. Each kind is read
at one hop only: most at their first push, the bot's words where the output transport releases them, a terminal
frame where it arrives at the end of the pipeline. Broadcast frames travel both ways as two frames; the downstream
one is read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    ClientConnectedFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMContextAssistantTurnFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMSetToolsFrame,
    StartFrame,
    StopFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.pipeline.pipeline import PipelineSource
from pipecat.processors.frame_processor import FrameDirection

from flows_analytics.calls.events import (
    CallEnded,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerVoiceStarted,
    CallerVoiceStopped,
    ClientConnected,
    ErrorSeen,
    Moment,
    Terminal,
)
from flows_analytics.observer.bot_frames import BotFrames
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.function_frames import FunctionFrames

_SEEN_KEPT = 1024
"""Frames in flight remembered to tell repeats. Only frames of the table count, so audio fills no place."""

_TERMINALS: dict[type[Frame], Terminal] = {EndFrame: "end", StopFrame: "stop", CancelFrame: "cancel"}


@dataclass(frozen=True)
class _Entry:
    """How one kind of frame is read.

    Attributes:
        read: Takes the push and its time.
        every_push: Read at every hop, not only at the first.
        upstream: Read also when travelling upstream.
    """

    read: Callable[[FramePushed, int], None]
    every_push: bool = False
    upstream: bool = False


class FrameReader:
    """Turns the frames of one call into moments.

    Args:
        writer: Where moments go.
        tools_changed: Told of each frame that sets the LLM's tools, with its time.
        watched: Tells whether a FlowManager is attached.
        second_pipeline: Told when another pipeline starts: from then on, nothing tells the calls apart.
    """

    def __init__(
        self,
        writer: CallWriter,
        tools_changed: Callable[[Any, int], None],
        watched: Callable[[Any], bool],
        second_pipeline: Callable[[], None],
    ) -> None:
        self._writer = writer
        self._bot = BotFrames(writer)
        self._functions = FunctionFrames(writer, watched)
        self._tools_changed = tools_changed
        self._second_pipeline = second_pipeline
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._sink_name: str | None = None
        self._started = False
        self._terminal: tuple[Terminal, Any] | None = None
        self._ended = False
        self._table: dict[type[Any], _Entry | None] = self._entries()

    @property
    def terminal(self) -> tuple[Terminal, Any] | None:
        """The first terminal frame seen anywhere, and its reason; None before."""
        return self._terminal

    @property
    def ended(self) -> bool:
        """Whether that frame has arrived at the end of the pipeline."""
        return self._ended

    def read(self, data: FramePushed) -> None:
        """Read one push of one frame.

        Args:
            data: The push.
        """
        frame = data.frame
        try:
            entry = self._table[type(frame)]
        except KeyError:
            entry = self._resolve(type(frame))
        if entry is None:
            return
        if data.direction == FrameDirection.UPSTREAM and not entry.upstream:
            return
        if not entry.every_push:
            if frame.id in self._seen:
                return
            self._seen[frame.id] = None
            if len(self._seen) > _SEEN_KEPT:
                self._seen.popitem(last=False)
        entry.read(data, self._writer.clock.of_frame(data.timestamp))

    def _resolve(self, kind: type[Any]) -> _Entry | None:
        # A subclass, such as a transport's own, is read like the kind it refines.
        entry = next((self._table[parent] for parent in kind.__mro__ if parent in self._table), None)
        self._table[kind] = entry
        return entry

    def _entries(self) -> dict[type[Any], _Entry | None]:
        def frames(read: Callable[[Any, int], None]) -> Callable[[FramePushed, int], None]:
            return lambda data, at_ns: read(data.frame, at_ns)

        def moment(kind: type[Moment]) -> _Entry:
            return _Entry(lambda _, at_ns: self._add(kind, at_ns))

        bot, functions = self._bot, self._functions
        return {
            StartFrame: _Entry(self._start),
            EndFrame: _Entry(self._end, every_push=True),
            StopFrame: _Entry(self._end, every_push=True),
            CancelFrame: _Entry(self._end, every_push=True),
            ClientConnectedFrame: moment(ClientConnected),
            UserStartedSpeakingFrame: moment(CallerTurnStarted),
            UserStoppedSpeakingFrame: moment(CallerTurnStopped),
            VADUserStartedSpeakingFrame: _Entry(frames(self._voice_started)),
            VADUserStoppedSpeakingFrame: _Entry(frames(self._voice_stopped)),
            # A speech-to-speech LLM sends transcripts upstream.
            TranscriptionFrame: _Entry(frames(self._transcript), upstream=True),
            LLMMessagesAppendFrame: _Entry(self._messages),
            LLMSetToolsFrame: _Entry(frames(self._tools)),
            LLMFullResponseStartFrame: _Entry(bot.response_started, every_push=True),
            TTSSpeakFrame: _Entry(bot.speak_requested),
            AggregatedTextFrame: _Entry(bot.segment),
            TTSStartedFrame: _Entry(bot.segment),
            TTSTextFrame: _Entry(bot.words, every_push=True),
            LLMContextAssistantTurnFrame: _Entry(bot.assistant_turn),
            BotStartedSpeakingFrame: _Entry(bot.started),
            BotStoppedSpeakingFrame: _Entry(bot.stopped),
            InterruptionFrame: _Entry(bot.interruption),
            FunctionCallInProgressFrame: _Entry(frames(functions.in_progress)),
            FunctionCallResultFrame: _Entry(frames(functions.result)),
            FunctionCallCancelFrame: _Entry(frames(functions.cancelled)),
            ErrorFrame: _Entry(frames(self._error), upstream=True),
        }

    def _add(self, kind: type[Moment], at_ns: int, **fields: Any) -> None:
        self._writer.add(kind, at_ns, **fields)

    # The ends of the call

    def _start(self, data: FramePushed, at_ns: int) -> None:
        if self._started:
            self._second_pipeline()
            return
        self._started = True
        self._sink_name = _sink_name(data.source)

    def _end(self, data: FramePushed, at_ns: int) -> None:
        if self._terminal is None:
            self._terminal = (_terminal_kind(data.frame), getattr(data.frame, "reason", None))
            if self._sink_name is None:
                # Attached after the start. A terminal frame, too, is pushed by the worker's own source first.
                self._sink_name = _sink_name(data.source)
        if not self._ended and self._is_end(data.destination):
            self._ended = True
            terminal, reason = self._terminal
            self._add(CallEnded, at_ns, terminal=terminal, reason=reason)

    def _is_end(self, destination: Any) -> bool:
        return self._sink_name is not None and getattr(destination, "name", None) == self._sink_name

    def _error(self, frame: ErrorFrame, at_ns: int) -> None:
        processor = getattr(frame, "processor", None)
        self._add(
            ErrorSeen,
            at_ns,
            message=frame.error,
            fatal=bool(frame.fatal),
            processor=getattr(processor, "name", None),
        )

    # The caller

    def _voice_started(self, frame: VADUserStartedSpeakingFrame, at_ns: int) -> None:
        self._add(CallerVoiceStarted, at_ns, lag_ms=round(frame.start_secs * 1000, 3))

    def _voice_stopped(self, frame: VADUserStoppedSpeakingFrame, at_ns: int) -> None:
        self._add(CallerVoiceStopped, at_ns, lag_ms=round(frame.stop_secs * 1000, 3))

    def _transcript(self, frame: TranscriptionFrame, at_ns: int) -> None:
        language = frame.language
        self._add(
            CallerText,
            at_ns,
            text=self._writer.transcript(frame.text),
            source="speech",
            user_id=frame.user_id or None,
            language=language,
        )

    def _messages(self, data: FramePushed, at_ns: int) -> None:
        # What a client typed comes from a processor and asks for an answer. What the bot's own code queues, a
        # node's messages or a prompt after a silence, comes out of the pipeline's source.
        frame = cast("LLMMessagesAppendFrame", data.frame)
        if not frame.run_llm or isinstance(data.source, PipelineSource):
            return
        for message in cast("Iterable[Any]", frame.messages):
            text = _typed_text(message)
            if text:
                self._add(CallerText, at_ns, text=self._writer.transcript(text), source="typed")

    def _tools(self, frame: LLMSetToolsFrame, at_ns: int) -> None:
        self._tools_changed(cast("Any", frame.tools), at_ns)


def _terminal_kind(frame: Frame) -> Terminal:
    return next(kind for terminal, kind in _TERMINALS.items() if isinstance(frame, terminal))


def _sink_name(source: Any) -> str | None:
    """The name of a worker's sink, at the end of its pipeline, by that of the source at its beginning."""
    worker, mark, _ = str(getattr(source, "name", "")).rpartition("::Source")
    return f"{worker}::Sink" if mark else None


def _typed_text(message: Any) -> str | None:
    """The text of a user's message; None for any other role or without text."""
    if not isinstance(message, dict):
        return None
    told = cast("dict[str, Any]", message)
    content = told.get("content")
    if told.get("role") != "user":
        return None
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [cast("dict[str, Any]", part) for part in cast("list[Any]", content) if isinstance(part, dict)]
        return " ".join(str(part["text"]) for part in parts if "text" in part) or None
    return None
