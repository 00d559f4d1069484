"""Reading what the bot says from its frames."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any, cast

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    InterruptionFrame,
    LLMContextAssistantTurnFrame,
    LLMFullResponseStartFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport

from flows_analytics.calls.events import (
    BotStarted,
    BotStopped,
    BotText,
    InferenceStarted,
    Interrupted,
    SpeakRequested,
)
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.frame_table import Entries, Entry

_KEPT = 256
"""Requests and speech contexts remembered; a bot has a handful under way."""


class BotFrames:
    """Turns the frames of the bot's answers into moments, each word with the request that produced it.

    Words are read where the output transport releases them, so what an interruption cut off never counts. Words
    name the speech context they were spoken in; the context is tied to its request when the speech service first
    pushes something of it: to the TTSSpeakFrame of the same text, else to the answer of the LLM that the service
    last took up.

    Args:
        writer: Where moments go.
    """

    def __init__(self, writer: CallWriter) -> None:
        self._writer = writer
        self._responses: OrderedDict[int, int] = OrderedDict()
        self._speaks: deque[tuple[str, int]] = deque(maxlen=_KEPT)
        self._contexts: OrderedDict[str, int | None] = OrderedDict()
        self._response_in_speech: int | None = None
        self._speaking = False
        self._released = False

    def entries(self) -> Entries:
        """The frames it reads."""
        return {
            LLMFullResponseStartFrame: Entry(self._response_started, every_push=True),
            TTSSpeakFrame: Entry(self._speak_requested),
            AggregatedTextFrame: Entry(self._segment),
            TTSStartedFrame: Entry(self._segment),
            TTSTextFrame: Entry(self._words, every_push=True),
            LLMContextAssistantTurnFrame: Entry(self._assistant_turn),
            BotStartedSpeakingFrame: Entry(self._started),
            BotStoppedSpeakingFrame: Entry(self._stopped),
            InterruptionFrame: Entry(self._interruption),
        }

    def _response_started(self, data: FramePushed, at_ns: int) -> None:
        """Read an LLMFullResponseStartFrame: an inference at its first push, taken up where a TTS passes it."""
        seq = self._responses.get(data.frame.id)
        if seq is None:
            seq = self._writer.add(InferenceStarted, at_ns)
            _remember(self._responses, data.frame.id, seq)
        if isinstance(data.source, TTSService):
            self._response_in_speech = seq

    def _speak_requested(self, data: FramePushed, at_ns: int) -> None:
        """Read a TTSSpeakFrame."""
        text = cast("TTSSpeakFrame", data.frame).text
        seq = self._writer.add(SpeakRequested, at_ns, text=self._writer.transcript(text))
        self._speaks.append((text.strip(), seq))

    def _segment(self, data: FramePushed, at_ns: int) -> None:
        """Read the first frame of a speech context, which the service pushes ahead of its words."""
        frame: Any = data.frame
        context = frame.context_id
        if context is None or context in self._contexts or not isinstance(data.source, TTSService):
            return
        _remember(self._contexts, context, self._request_for(getattr(frame, "text", None)))

    def _words(self, data: FramePushed, at_ns: int) -> None:
        """Read a TTSTextFrame where the output transport releases it."""
        if not isinstance(data.source, BaseOutputTransport):
            return
        frame: Any = data.frame
        self._released = True
        self._writer.add(
            BotText,
            at_ns,
            text=self._writer.transcript(frame.text),
            spaced=bool(frame.includes_inter_frame_spaces),
            source="transport",
            origin=self._contexts.get(frame.context_id),
        )

    def _assistant_turn(self, data: FramePushed, at_ns: int) -> None:
        """Read an LLMContextAssistantTurnFrame: all there is of an answer that no transport released."""
        frame: Any = data.frame
        if not self._released and frame.text:
            self._writer.add(BotText, at_ns, text=self._writer.transcript(frame.text), source="context")
        self._released = False

    def _started(self, data: FramePushed, at_ns: int) -> None:
        """Read a BotStartedSpeakingFrame."""
        self._speaking = True
        self._writer.add(BotStarted, at_ns)

    def _stopped(self, data: FramePushed, at_ns: int) -> None:
        """Read a BotStoppedSpeakingFrame."""
        self._speaking = False
        self._writer.add(BotStopped, at_ns)

    def _interruption(self, data: FramePushed, at_ns: int) -> None:
        """Read an InterruptionFrame. One comes at every turn of the caller; it cuts only speech under way."""
        if self._speaking:
            self._writer.add(Interrupted, at_ns)

    def _request_for(self, text: str | None) -> int | None:
        if text is not None:
            for spoken, seq in reversed(self._speaks):
                if spoken == text.strip():
                    self._speaks.remove((spoken, seq))
                    return seq
        return self._response_in_speech


def _remember(memory: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    memory[key] = value
    if len(memory) > _KEPT:
        memory.popitem(last=False)
