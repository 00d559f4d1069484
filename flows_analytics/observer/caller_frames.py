"""Reading what the caller says from its frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from pipecat.frames.frames import (
    InterimTranscriptionFrame,
    LLMMessagesAppendFrame,
    TranscriptionFrame,
    UserMuteStartedFrame,
    UserMuteStoppedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.pipeline.pipeline import PipelineSource
from pipecat.processors.frameworks.rtvi import RTVIProcessor

from flows_analytics.calls.events import (
    CallerBackchannel,
    CallerMuted,
    CallerText,
    CallerTextBegan,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerUnmuted,
    CallerVoiceStarted,
    CallerVoiceStopped,
    Moment,
)
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.frame_table import Entries, Entry, later_frames

_TYPED_FRAME = "pipecat.processors.frameworks.rtvi.frames:RTVISendTextFrame"
"""Since Pipecat 1.13, what a client typed. It comes beside the LLMMessagesAppendFrame that all lines have."""

_LONGEST_LAG_SECS = 3600.0


class CallerFrames:
    """Turns the frames of the caller's voice and words into moments.

    Args:
        writer: Where moments go.
    """

    def __init__(self, writer: CallWriter) -> None:
        self._writer = writer
        self._text_under_way = False
        self._has_typed_frame = bool(later_frames({_TYPED_FRAME: Entry(self._typed)}))

    def entries(self) -> Entries:
        """The frames it reads."""
        return {
            UserStartedSpeakingFrame: self._moment(CallerTurnStarted),
            UserStoppedSpeakingFrame: self._moment(CallerTurnStopped),
            UserMuteStartedFrame: self._moment(CallerMuted),
            UserMuteStoppedFrame: self._moment(CallerUnmuted),
            VADUserStartedSpeakingFrame: Entry(self._voice_started),
            VADUserStoppedSpeakingFrame: Entry(self._voice_stopped),
            # A speech-to-speech LLM sends transcripts upstream.
            InterimTranscriptionFrame: Entry(self._interim, upstream=True),
            TranscriptionFrame: Entry(self._transcript, upstream=True),
            LLMMessagesAppendFrame: Entry(self._messages),
            **later_frames(
                {
                    "UserBackchannelFrame": Entry(self._backchannel),
                    _TYPED_FRAME: Entry(self._typed),
                }
            ),
        }

    def _moment(self, kind: type[Moment]) -> Entry:
        return Entry(lambda _, at_ns: self._add(kind, at_ns))

    def _add(self, kind: type[Moment], at_ns: int, **fields: Any) -> None:
        self._writer.add(kind, at_ns, **fields)

    def _voice_started(self, data: FramePushed, at_ns: int) -> None:
        # A partial transcript from here on is of other words.
        self._text_under_way = False
        frame = cast("VADUserStartedSpeakingFrame", data.frame)
        self._add(CallerVoiceStarted, at_ns, lag_ms=_lag_ms(frame.start_secs))

    def _voice_stopped(self, data: FramePushed, at_ns: int) -> None:
        frame = cast("VADUserStoppedSpeakingFrame", data.frame)
        self._add(CallerVoiceStopped, at_ns, lag_ms=_lag_ms(frame.stop_secs))

    def _interim(self, data: FramePushed, at_ns: int) -> None:
        if not self._text_under_way:
            self._text_under_way = True
            self._add(CallerTextBegan, at_ns)

    def _transcript(self, data: FramePushed, at_ns: int) -> None:
        self._text_under_way = False
        frame = cast("TranscriptionFrame", data.frame)
        self._add(
            CallerText,
            at_ns,
            text=self._writer.transcript(frame.text),
            source="speech",
            user_id=frame.user_id or None,
            language=frame.language,
        )

    def _backchannel(self, data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
        self._add(
            CallerBackchannel, at_ns, text=self._writer.transcript(frame.text), user_id=frame.user_id or None
        )

    def _messages(self, data: FramePushed, at_ns: int) -> None:
        # What a client typed comes from a processor and asks for an answer. What the bot's own code queues, a
        # node's messages or a prompt after a silence, comes out of the pipeline's source.
        frame = cast("LLMMessagesAppendFrame", data.frame)
        from_client = isinstance(data.source, RTVIProcessor)
        if isinstance(data.source, PipelineSource) or (from_client and self._has_typed_frame):
            return
        if not frame.run_llm and not from_client:
            return
        for message in cast("Iterable[Any]", frame.messages):
            text = _typed_text(message)
            if text:
                self._add(CallerText, at_ns, text=self._writer.transcript(text), source="typed")

    def _typed(self, data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
        text = self._writer.transcript(frame.text)
        self._add(CallerText, at_ns, text=text, source="typed", user_id=frame.user_id or None)


def _lag_ms(secs: Any) -> float:
    """How long a decision took; 0 if the detector says nothing that can be."""
    if not isinstance(secs, int | float) or not 0 <= secs < _LONGEST_LAG_SECS:
        return 0.0
    return round(secs * 1000, 3)


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
