"""What the bot says, from the inference to the loudspeaker."""

from __future__ import annotations

from typing import Literal

from flows_analytics.calls.moments.base import Moment
from flows_analytics.calls.values import Text


class InferenceStarted(Moment):
    """The LLM began to answer.

    Attributes:
        processor: Name of the LLM service; None if unknown.
    """

    kind: Literal["inference_started"] = "inference_started"
    processor: Text | None = None


class FirstToken(Moment):
    """The first text of an LLM's answer.

    Absent: From an answer that only calls functions.

    Attributes:
        origin: ``seq`` of the ``inference_started``.
    """

    kind: Literal["first_token"] = "first_token"
    origin: int


class InferenceEnded(Moment):
    """The LLM's answer is complete, or was cut off.

    Attributes:
        origin: ``seq`` of the ``inference_started``.
        text: What the LLM wrote, heard or not; None if it wrote nothing, or if transcripts are switched off.
        cut: Whether an interruption ended it.
    """

    kind: Literal["inference_ended"] = "inference_ended"
    origin: int
    text: Text | None = None
    cut: bool = False


class SpeakRequested(Moment):
    """Something other than the LLM asked for speech: a ``tts_say`` action or a TTSSpeakFrame.

    Attributes:
        text: The words asked for; None if transcripts are switched off.
        backchannel: Whether it is a short acknowledgment while the caller speaks (Pipecat 1.13 and later).
    """

    kind: Literal["speak_requested"] = "speak_requested"
    text: Text | None = None
    backchannel: bool = False


class SynthesisStarted(Moment):
    """The speech service took up the first text of something to be said.

    Attributes:
        origin: ``seq`` of the ``inference_started`` or ``speak_requested`` that asked for it; None if unknown.
    """

    kind: Literal["synthesis_started"] = "synthesis_started"
    origin: int | None = None


class FirstAudio(Moment):
    """The speech service gave its first audio of something to be said. It may still have to wait to be played.

    Attributes:
        origin: As of `SynthesisStarted`.
    """

    kind: Literal["first_audio"] = "first_audio"
    origin: int | None = None


class BotStarted(Moment):
    """The bot's first audio left the output transport."""

    kind: Literal["bot_started"] = "bot_started"


class BotStopped(Moment):
    """The bot's audio ended."""

    kind: Literal["bot_stopped"] = "bot_stopped"


class BotText(Moment):
    """Words of the bot that the caller heard, or read in a pipeline without speech.

    Attributes:
        text: The words; None if transcripts are switched off.
        spaced: Whether the text brings its own spaces (then pieces are joined without any).
        source: ``transport`` if the output transport released them, ``context`` if only the context shows them.
        origin: ``seq`` of the ``inference_started`` or ``speak_requested`` that produced them; None if unknown.
    """

    kind: Literal["bot_text"] = "bot_text"
    text: Text | None = None
    spaced: bool = False
    source: Literal["transport", "context"] = "transport"
    origin: int | None = None


class Interrupted(Moment):
    """The caller cut the bot's speech."""

    kind: Literal["interrupted"] = "interrupted"


class AnswerDropped(Moment):
    """An interruption dropped an answer that was on its way, before any of it was heard."""

    kind: Literal["answer_dropped"] = "answer_dropped"
