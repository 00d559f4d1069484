"""Reading what services report of themselves from their frames."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import ErrorFrame, ManuallySwitchServiceFrame, MetricsFrame
from pipecat.metrics import metrics as pipecat_metrics
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameDirection

from flows_analytics.calls.events import (
    AudioTranscribed,
    CharactersSpoken,
    ErrorSeen,
    Measure,
    Measured,
    MetricsOff,
    ServiceSwitchRequested,
    TokensUsed,
)
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.frame_table import Entries, Entry

_Reader = Callable[[FramePushed, Any, int], None]

_MEASURES: dict[str, tuple[Measure, str, float]] = {
    "TTFBMetricsData": ("ttfb", "value", 1000),
    "TTFAMetricsData": ("ttfa", "ttfa", 1000),
    "TTFATMetricsData": ("ttfat", "ttfat", 1000),
    "ProcessingMetricsData": ("processing", "value", 1000),
    "TextAggregationMetricsData": ("text_aggregation", "value", 1000),
    "TurnMetricsData": ("turn_prediction", "e2e_processing_time_ms", 1),
}
"""What each class of measurement measures, the field that says how long it took, and its milliseconds per unit."""

_NET_REPORTERS = {"AnthropicLLMService", "AWSBedrockLLMService"}
"""The services whose count of the prompt leaves out the cache. Importing them takes their own dependencies."""


class ServiceFrames:
    """Turns errors, metrics and switches of services into moments.

    What a report says is told by its class alone: names of processors are anyone's choice, and
    "DeepgramSTTService" contains "tts".

    Args:
        writer: Where moments go.
    """

    def __init__(self, writer: CallWriter) -> None:
        self._writer = writer
        # Not every Pipecat line has all the classes.
        self._reports: dict[type[Any], _Reader] = {
            kind: read for name, read in self._readers().items() if (kind := getattr(pipecat_metrics, name, None))
        }

    def entries(self) -> Entries:
        """The frames it reads."""
        return {
            # An error travels upstream from the processor that has it.
            ErrorFrame: Entry(self._error, upstream=True),
            MetricsFrame: Entry(self._metrics),
            ManuallySwitchServiceFrame: Entry(self._switch_requested, upstream=True),
        }

    def begin(self, source: Any, at_ns: int) -> None:
        """Take note of metrics that are switched off.

        Args:
            source: The processor that pushed the first frame read. All of a pipeline are set up alike; the
                StartFrame would say it too, but reading it there is deprecated since Pipecat 1.8.
            at_ns: When it did.
        """
        measures = getattr(source, "metrics_enabled", True)
        usage = getattr(source, "usage_metrics_enabled", True)
        if not (measures and usage):
            self._writer.add(MetricsOff, at_ns, measures=not measures, usage=not usage)

    def _error(self, data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
        self._writer.add(
            ErrorSeen,
            at_ns,
            message=self._writer.result("" if frame.error is None else frame.error),
            fatal=bool(frame.fatal),
            processor=getattr(frame.processor, "name", None),
            category=getattr(frame, "category", None),
        )

    def _switch_requested(self, data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
        if data.direction == FrameDirection.UPSTREAM and frame.broadcast_sibling_id is not None:
            return
        self._writer.add(ServiceSwitchRequested, at_ns, service=frame.service.name)

    def _metrics(self, data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
        for report in frame.data:
            read = next((self._reports[kind] for kind in type(report).__mro__ if kind in self._reports), None)
            if read is not None:
                try:
                    read(data, report, at_ns)
                except Exception as error:
                    # The others of the frame are reports of their own.
                    self._writer.guard.caught(f"a {type(report).__name__}", error)

    def _readers(self) -> dict[str, _Reader]:
        return {
            **{name: self._measure(*measure) for name, measure in _MEASURES.items()},
            "LLMUsageMetricsData": self._tokens,
            "TTSUsageMetricsData": self._characters,
            "STTUsageMetricsData": self._audio,
        }

    def _measure(self, measure: Measure, field: str, to_ms: float) -> _Reader:
        def read(data: FramePushed, report: Any, at_ns: int) -> None:
            ms = float(getattr(report, field)) * to_ms
            if ms < 0:
                # Services measure by the wall clock. What they tell when it was set forward cannot be told apart.
                self._writer.recorder.lose("clock_set_back", "a service measured a time that is less than nothing")
                return
            if math.isfinite(ms) and not _is_placeholder(data, report, ms):
                self._writer.add(
                    Measured,
                    at_ns,
                    measure=measure,
                    processor=report.processor,
                    model=report.model,
                    ms=round(ms, 3),
                )

        return read

    def _tokens(self, data: FramePushed, report: Any, at_ns: int) -> None:
        tokens = report.value
        self._writer.add(
            TokensUsed,
            at_ns,
            processor=report.processor,
            model=report.model,
            prompt_tokens=tokens.prompt_tokens,
            completion_tokens=tokens.completion_tokens,
            total_tokens=tokens.total_tokens,
            cached_tokens=tokens.cache_read_input_tokens,
            cache_creation_tokens=tokens.cache_creation_input_tokens,
            reasoning_tokens=tokens.reasoning_tokens,
            audio_input_tokens=getattr(tokens, "input_audio_tokens", None),
            audio_output_tokens=getattr(tokens, "output_audio_tokens", None),
            cached_audio_tokens=getattr(tokens, "cache_read_input_audio_tokens", None),
            prompt_is_net=_prompt_is_net(data.source, tokens),
        )

    def _characters(self, data: FramePushed, report: Any, at_ns: int) -> None:
        self._writer.add(
            CharactersSpoken,
            at_ns,
            processor=report.processor,
            model=report.model,
            characters=report.value,
        )

    def _audio(self, data: FramePushed, report: Any, at_ns: int) -> None:
        secs = float(report.value.audio_seconds)
        if math.isfinite(secs):
            self._writer.add(
                AudioTranscribed,
                at_ns,
                processor=report.processor,
                model=report.model,
                audio_secs=secs,
            )


def _is_placeholder(data: FramePushed, report: Any, ms: float) -> bool:
    """Whether this is one of the zeros that the worker itself reports for each of its services at the start."""
    return ms == 0 and report.model is None and getattr(data.source, "name", None) != report.processor


def _prompt_is_net(source: Any, tokens: Any) -> bool:
    """Whether the prompt was counted without what the cache gave and took.

    Known of the services that count so, and of those derived from them. A report made on behalf of one, such as a
    classifier's, gives itself away by its total, which since Pipecat 1.8 includes the cache whoever counts.
    """
    if any(kind.__name__ in _NET_REPORTERS for kind in type(source).__mro__):
        return True
    cache = (tokens.cache_read_input_tokens or 0) + (tokens.cache_creation_input_tokens or 0)
    return cache > 0 and tokens.total_tokens == tokens.prompt_tokens + cache + tokens.completion_tokens
