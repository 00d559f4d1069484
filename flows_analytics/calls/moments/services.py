"""What services and processors report of themselves."""

from __future__ import annotations

from typing import Literal

from flows_analytics.calls.moments.base import Milliseconds, Moment
from flows_analytics.calls.values import Text

Measure = Literal["ttfb", "ttfa", "ttfat", "processing", "text_aggregation", "turn_prediction"]
"""What a service measured: time to first byte, to first audible audio, to the first token of the answer; its
processing; gathering text to a sentence; predicting the end of a turn."""


class ErrorSeen(Moment):
    """A processor reported an error.

    Attributes:
        message: What it said; None if results are switched off, as it may quote what a function raised.
        fatal: Whether it ends the call.
        processor: Name of the processor; None if unknown.
        category: What kind of failure, such as ``authentication`` (Pipecat 1.8 and later); None if unknown.
    """

    kind: Literal["error"] = "error"
    message: Text | None = None
    fatal: bool = False
    processor: Text | None = None
    category: Text | None = None


class MetricsOff(Moment):
    """The pipeline runs without some of its metrics, so what they would tell is missing from the record.

    Attributes:
        measures: Whether the durations that services measure are missing (``enable_metrics``).
        usage: Whether tokens, characters and audio seconds are missing (``enable_usage_metrics``).
    """

    kind: Literal["metrics_off"] = "metrics_off"
    measures: bool
    usage: bool


class Measured(Moment):
    """A service reported how long something took, by its own clock. The readings here use frame times instead.

    Absent: Unless the pipeline has ``enable_metrics``. ``ttfa`` from Pipecat 1.5, ``ttfat`` from 1.8.

    Attributes:
        measure: What was measured.
        processor: Name of the service.
        model: Its model; None if it names none.
        ms: How long it took, in milliseconds.
    """

    kind: Literal["measured"] = "measured"
    measure: Measure
    processor: Text
    model: Text | None = None
    ms: Milliseconds


class TokensUsed(Moment):
    """An LLM reported the tokens of one inference.

    Absent: Unless the pipeline has ``enable_usage_metrics``; from an answer that was cut off, as most services
        report at the end of their stream.

    Attributes:
        processor: Name of the service.
        model: Its model; None if it names none.
        prompt_tokens: Tokens read, without those read from the cache if ``prompt_is_net``.
        completion_tokens: Tokens written, reasoning included.
        total_tokens: As reported.
        cached_tokens: Tokens read from the cache; None if not reported.
        cache_creation_tokens: Tokens written to the cache; None if not reported.
        reasoning_tokens: Tokens written while reasoning; None if not reported.
        audio_input_tokens: Tokens read that were audio (Pipecat 1.6 and later); None if not reported.
        audio_output_tokens: Tokens written that were audio (Pipecat 1.6 and later); None if not reported.
        cached_audio_tokens: Tokens read from the cache that were audio; None if not reported.
        prompt_is_net: Whether ``prompt_tokens`` leaves out what the cache gave and took, as Anthropic and Bedrock
            count.
    """

    kind: Literal["tokens_used"] = "tokens_used"
    processor: Text
    model: Text | None = None
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int | None = None
    cache_creation_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_input_tokens: int | None = None
    audio_output_tokens: int | None = None
    cached_audio_tokens: int | None = None
    prompt_is_net: bool = False


class CharactersSpoken(Moment):
    """A speech service reported the characters it was given to speak.

    Absent: Unless the pipeline has ``enable_usage_metrics``.

    Attributes:
        processor: Name of the service.
        model: Its model; None if it names none.
        characters: How many.
    """

    kind: Literal["characters_spoken"] = "characters_spoken"
    processor: Text
    model: Text | None = None
    characters: int


class AudioTranscribed(Moment):
    """A transcription service reported audio it was sent, silence included.

    Absent: Unless the pipeline has ``enable_usage_metrics``, and before Pipecat 1.7.

    Attributes:
        processor: Name of the service.
        model: Its model; None if it names none.
        audio_secs: Seconds of audio since its last report.
    """

    kind: Literal["audio_transcribed"] = "audio_transcribed"
    processor: Text
    model: Text | None = None
    audio_secs: float


class ServiceSwitchRequested(Moment):
    """The bot asked a switcher of services for another one.

    Attributes:
        service: Name of the service asked for.
    """

    kind: Literal["service_switch_requested"] = "service_switch_requested"
    service: Text


class ServiceSwitched(Moment):
    """A switcher of services uses another one from now on.

    Absent: Unless ``attach_processor`` was given the ServiceSwitcher or LLMSwitcher.

    Attributes:
        service: Name of the service in use.
    """

    kind: Literal["service_switched"] = "service_switched"
    service: Text
