"""Reading what the bot says from its frames."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, cast

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    InterruptionFrame,
    LLMContextAssistantTurnFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport

from flows_analytics.calls.events import (
    AnswerDropped,
    BotStarted,
    BotStopped,
    BotText,
    FirstAudio,
    FirstToken,
    InferenceEnded,
    InferenceStarted,
    Interrupted,
    SpeakRequested,
    SynthesisStarted,
)
from flows_analytics.calls.values import MAX_TEXT
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.frame_table import Entries, Entry, later_frames

_KEPT = 256
"""Requests and speech contexts remembered; a bot has a handful under way."""

_WORDS_KEPT = 4096
"""Words remembered that a speech-to-speech LLM gave ahead; played or cut, they are forgotten."""


@dataclass
class _Speech:
    """A speech context: what one request was made into.

    Attributes:
        origin: ``seq`` of the request; None if unknown.
        opened: Whether the service said that it begins.
        audible: Whether any audio of it was seen.
    """

    origin: int | None
    opened: bool = False
    audible: bool = False


@dataclass
class _Inference:
    """An answer that an LLM is writing."""

    seq: int
    tokens: list[str] = field(default_factory=list[str])
    length: int = 0

    def add(self, token: str) -> None:
        """Add what it wrote; beyond what a record keeps of a text, only how much."""
        if self.length <= MAX_TEXT:
            self.tokens.append(token)
        self.length += len(token)


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
        self._contexts: OrderedDict[str, _Speech] = OrderedDict()
        self._response_in_speech: int | None = None
        # What each LLM is writing, by the service.
        self._writing: dict[Any, _Inference] = {}
        self._written: int | None = None
        # Answers that a speech service has taken up to speak.
        self._taken_up: OrderedDict[int, None] = OrderedDict()
        # Words that an LLM speaks itself and that are still to be played, and the answers they are of.
        self._own_words: OrderedDict[int, int] = OrderedDict()
        # Whether the audio of this pipeline names no speech context.
        self._nameless_audio = False
        # Word frames that stood before their context did.
        self._early: OrderedDict[int, None] = OrderedDict()
        # Who has yet to give its first audio: speech contexts, and services that speak for themselves.
        self._silent: OrderedDict[Any, int | None] = OrderedDict()
        # Answers taken up by a speech service of which nothing has been heard.
        self._unheard: set[int | None] = set()
        self._speaking = False
        self._released = False

    def entries(self) -> Entries:
        """The frames it reads."""
        return {
            LLMFullResponseStartFrame: Entry(self._response_started, every_push=True),
            LLMTextFrame: Entry(self._token, every_push=True),
            LLMFullResponseEndFrame: Entry(self._response_ended, every_push=True),
            TTSSpeakFrame: Entry(self._speak_requested),
            **later_frames({"BotBackchannelFrame": Entry(self._backchannel_requested)}),
            AggregatedTextFrame: Entry(self._segment),
            TTSStartedFrame: Entry(self._speech_started),
            TTSAudioRawFrame: Entry(self._audio, every_push=True),
            TTSTextFrame: Entry(self._words, every_push=True),
            LLMContextAssistantTurnFrame: Entry(self._assistant_turn),
            BotStartedSpeakingFrame: Entry(self._started),
            BotStoppedSpeakingFrame: Entry(self._stopped),
            InterruptionFrame: Entry(self._interruption),
        }

    # What the LLM writes

    def _response_started(self, data: FramePushed, at_ns: int) -> None:
        # An inference at its first push, taken up where a TTS passes it.
        seq = self._responses.get(data.frame.id)
        under_way = self._writing.get(data.source)
        if seq is None and under_way is not None and not under_way.tokens:
            # A speech-to-speech LLM says so when it asks for an answer, and again when the answer begins.
            seq = under_way.seq
            _remember(self._responses, data.frame.id, seq)
        if seq is None:
            self._end(data.source, at_ns, cut=False)
            seq = self._writer.add(InferenceStarted, at_ns, processor=getattr(data.source, "name", None))
            _remember(self._responses, data.frame.id, seq)
            self._writing[data.source] = _Inference(seq)
            _remember(self._silent, data.source, seq)
        if isinstance(data.source, TTSService):
            self._response_in_speech = seq
            if not getattr(data.frame, "skip_tts", False):
                _remember(self._taken_up, seq, None)

    def _token(self, data: FramePushed, at_ns: int) -> None:
        # Only the LLM itself is in the table; further on, the text is handed on or gathered by others.
        inference = self._writing.get(data.source)
        if inference is None:
            return
        if not inference.tokens:
            self._writer.add(FirstToken, at_ns, origin=inference.seq)
        text: Any = cast("LLMTextFrame", data.frame).text
        inference.add(text if isinstance(text, str) else "")

    def _response_ended(self, data: FramePushed, at_ns: int) -> None:
        self._end(data.source, at_ns, cut=False)

    def _end(self, source: Any, at_ns: int, *, cut: bool) -> None:
        inference = self._writing.pop(source, None)
        if inference is None:
            return
        self._silent.pop(source, None)
        text = "".join(inference.tokens).strip()
        if text:
            self._written = inference.seq
        text = self._writer.transcript(text) if text else None
        self._writer.add(InferenceEnded, at_ns, origin=inference.seq, text=text, cut=cut)

    # What is asked to be said

    def _speak_requested(self, data: FramePushed, at_ns: int) -> None:
        self._request_speech(data, at_ns, backchannel=False)

    def _backchannel_requested(self, data: FramePushed, at_ns: int) -> None:
        self._request_speech(data, at_ns, backchannel=True)

    def _request_speech(self, data: FramePushed, at_ns: int, *, backchannel: bool) -> None:
        text = cast("TTSSpeakFrame", data.frame).text
        said = self._writer.transcript(text)
        seq = self._writer.add(SpeakRequested, at_ns, text=said, backchannel=backchannel)
        self._speaks.append((text.strip(), seq))

    # What the speech service makes of it

    def _segment(self, data: FramePushed, at_ns: int) -> None:
        # The first frame of a speech context, which the service pushes ahead of its words.
        self._speech_of(data, at_ns)

    def _speech_started(self, data: FramePushed, at_ns: int) -> None:
        speech = self._speech_of(data, at_ns)
        if speech is not None:
            speech.opened = True

    def _speech_of(self, data: FramePushed, at_ns: int) -> _Speech | None:
        frame: Any = data.frame
        context = frame.context_id
        if context is None or not isinstance(data.source, TTSService):
            return None
        if context not in self._contexts:
            origin = self._request_for(getattr(frame, "text", None))
            _remember(self._contexts, context, _Speech(origin))
            _remember(self._silent, context, origin)
            self._unheard.add(origin)
            self._writer.add(SynthesisStarted, at_ns, origin=origin)
        return self._contexts[context]

    def _request_for(self, text: str | None) -> int | None:
        if text is not None:
            for spoken, seq in reversed(self._speaks):
                if spoken == text.strip():
                    self._speaks.remove((spoken, seq))
                    return seq
        return self._response_in_speech

    def _audio(self, data: FramePushed, at_ns: int) -> None:
        # Audio is most of what flows; nothing is done for it but at the first of each context.
        if not self._silent:
            return
        context = getattr(data.frame, "context_id", None)
        if context is None and not self._nameless_audio and isinstance(data.source, TTSService):
            self._nameless_audio = True
        key = context if context is not None else data.source
        if key not in self._silent:
            return
        self._writer.add(FirstAudio, at_ns, origin=self._silent.pop(key))
        speech = self._contexts.get(context) if context is not None else None
        if speech is not None:
            speech.audible = True

    # What is heard

    def _words(self, data: FramePushed, at_ns: int) -> None:
        # A service pushes its words ahead of time; the output transport, where they are played.
        frame: Any = data.frame
        speech = self._contexts.get(frame.context_id)
        if isinstance(data.source, TTSService):
            if speech is None or not speech.opened:
                _remember(self._early, frame.id, None)
            return
        if frame.context_id is None and data.source in self._writing:
            _remember(self._own_words, frame.id, self._writing[data.source].seq, kept=_WORDS_KEPT)
            return
        if not isinstance(data.source, BaseOutputTransport) or not self._sounds(frame.id, speech):
            return
        self._released = True
        origin = speech.origin if speech else self._own_words.pop(frame.id, None)
        self._unheard.discard(origin)
        self._writer.add(
            BotText,
            at_ns,
            text=self._writer.transcript(frame.text),
            spaced=bool(frame.includes_inter_frame_spaces),
            source="transport",
            origin=origin,
        )

    def _sounds(self, frame_id: int, speech: _Speech | None) -> bool:
        if speech is None or not speech.opened:
            return True
        if frame_id in self._early:
            # Pipecat 1.4 pushes some words twice, the first time before it opens their context.
            return False
        # A synthesis that failed gives words all the same, seconds later and without any audio.
        return speech.audible or self._nameless_audio

    def _assistant_turn(self, data: FramePushed, at_ns: int) -> None:
        # All there is of an answer that nothing speaks.
        frame: Any = data.frame
        if not self._released and frame.text and self._written not in self._taken_up:
            text = self._writer.transcript(frame.text)
            self._writer.add(BotText, at_ns, text=text, source="context", origin=self._written)
        self._released = False

    def _started(self, data: FramePushed, at_ns: int) -> None:
        self._speaking = True
        self._writer.add(BotStarted, at_ns)

    def _stopped(self, data: FramePushed, at_ns: int) -> None:
        self._speaking = False
        self._writer.add(BotStopped, at_ns)

    def _interruption(self, data: FramePushed, at_ns: int) -> None:
        # One comes at every turn of the caller; it cuts only what is under way.
        dropped = bool(self._unheard or self._writing)
        for source in tuple(self._writing):
            self._end(source, at_ns, cut=True)
        self._unheard.clear()
        self._own_words.clear()
        if self._speaking:
            self._writer.add(Interrupted, at_ns)
        elif dropped:
            self._writer.add(AnswerDropped, at_ns)


def _remember(memory: OrderedDict[Any, Any], key: Any, value: Any, *, kept: int = _KEPT) -> None:
    memory[key] = value
    if len(memory) > kept:
        memory.popitem(last=False)
