"""Usage: what the services of a call report that they consumed, and how fast the LLMs wrote."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import computed_field

from flows_analytics.calls.events import (
    AudioTranscribed,
    CharactersSpoken,
    Events,
    TokensUsed,
)
from flows_analytics.calls.inferences import Inference, service_of
from flows_analytics.calls.visits import VisitTimes

_Report = TokensUsed | CharactersSpoken | AudioTranscribed


@dataclass(frozen=True, kw_only=True)
class Consumption:
    """Sums of what was reported. None means that nobody reported the quantity, which is not the same as 0.

    Attributes:
        inferences: Inferences whose tokens were reported; one cut off may have reported none.
        prompt_tokens: Tokens read, as reported: some services leave out what the cache gave and took.
        gross_prompt_tokens: Tokens read, the cache's included: comparable across services.
        completion_tokens: Tokens written, reasoning included.
        total_tokens: As reported; before Pipecat 1.8, Anthropic and Bedrock leave out the cache's here too.
        cached_tokens: Tokens read from the cache.
        cache_creation_tokens: Tokens written to the cache.
        cacheable_tokens: Gross tokens read by those inferences that say how many the cache gave.
        reasoning_tokens: Tokens written while reasoning.
        audio_input_tokens: Tokens read that were audio.
        audio_output_tokens: Tokens written that were audio.
        cached_audio_tokens: Tokens read from the cache that were audio.
        timed_tokens: Tokens written by those inferences whose generation was seen to begin and end; None if there
            is none.
        generation_ms: How long those inferences wrote, in milliseconds: from the first token, or from the start
            of an answer without text, to its end.
        characters: Characters given to speech services.
        audio_secs: Seconds of audio given to transcription services, silence included.
    """

    inferences: int = 0
    prompt_tokens: int | None = None
    gross_prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    cache_creation_tokens: int | None = None
    cacheable_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_input_tokens: int | None = None
    audio_output_tokens: int | None = None
    cached_audio_tokens: int | None = None
    timed_tokens: int | None = None
    generation_ms: float | None = None
    characters: int | None = None
    audio_secs: float | None = None

    @computed_field
    @property
    def cache_hit_ratio(self) -> float | None:
        """``cached_tokens`` / ``cacheable_tokens``: the share of the prompts that the cache gave.

        None if nobody reported on a cache, or nothing was read.
        """
        if self.cached_tokens is None or not self.cacheable_tokens:
            return None
        return self.cached_tokens / self.cacheable_tokens

    @computed_field
    @property
    def tokens_per_second(self) -> float | None:
        """``timed_tokens`` per second of ``generation_ms``; None if no inference was timed."""
        if self.timed_tokens is None or not self.generation_ms:
            return None
        return self.timed_tokens / (self.generation_ms / 1000)


@dataclass(frozen=True, kw_only=True)
class ServiceUsage(Consumption):
    """What one service of a call consumed with one model.

    Attributes:
        service: The processor's name without the number that Pipecat gives each instance, so that it is the same
            in every call.
        processor: Its name, which tells apart two services of one class, such as the LLM that talks and the one
            that classifies.
        model: The model; None if it names none.
    """

    service: str
    processor: str
    model: str | None


@dataclass(frozen=True, kw_only=True)
class Usage(Consumption):
    """What all services of a call, or of a part of it, consumed together.

    Everything that a service reports counts, also what it consumed beside the conversation, such as classifying
    whether a voicemail answered.

    Attributes:
        services: The parts, by service and model, in the order in which they first reported. They add up to
            the whole.
    """

    services: tuple[ServiceUsage, ...] = ()


def read_usage(
    events: Events,
    inferences: Sequence[Inference],
    since_ms: float | None = None,
    until_ms: float | None = None,
) -> Usage:
    """Read what the services consumed.

    A report counts when it was made, which for an LLM is at the end of its answer. It tells of what came before,
    so one made at the very moment that parts two spans is of the earlier.

    Args:
        events: The moments of the call.
        inferences: Its inferences.
        since_ms: Leave out what was reported at or before this time in the call; None for the start.
        until_ms: Leave out what was reported after this time; None for the end.

    Returns:
        The sums.
    """
    return _sum_up(
        [
            report
            for report in _timed_reports(events, inferences)
            if (since_ms is None or report[0].at_ms > since_ms)
            and (until_ms is None or report[0].at_ms <= until_ms)
        ]
    )


def read_usage_by_visit(
    events: Events, inferences: Sequence[Inference], times: VisitTimes
) -> dict[int | None, Usage]:
    """Read what the services consumed in each visit.

    A report at the very moment of a node change is of the visit that ends: the tokens of the inference whose
    function call made the change.

    Args:
        events: The moments of the call.
        inferences: Its inferences.
        times: When its visits were.

    Returns:
        The sums by position of the visit in ``record.visits``, None for what was reported outside any. A visit
        in which nothing was reported has no entry.
    """
    by_visit: dict[int | None, list[_TimedReport]] = {}
    for report in _timed_reports(events, inferences):
        by_visit.setdefault(times.at(report[0].at_ms, before_change=True), []).append(report)
    return {visit: _sum_up(reports) for visit, reports in by_visit.items()}


_TimedReport = tuple[_Report, float | None]
"""A report, and how long the inference that it is about generated, in milliseconds; None if not known."""


def _timed_reports(events: Events, inferences: Sequence[Inference]) -> list[_TimedReport]:
    lasted = {one.tokens.seq: one.generation_ms for one in inferences if one.tokens is not None}
    return [(event, lasted.get(event.seq)) for event in events if isinstance(event, _Report)]


def _sum_up(reports: Sequence[_TimedReport]) -> Usage:
    parts: dict[tuple[str, str | None], list[_TimedReport]] = {}
    for report in reports:
        parts.setdefault((report[0].processor, report[0].model), []).append(report)
    services = tuple(
        ServiceUsage(
            service=service_of(processor),
            processor=processor,
            model=model,
            **_sums(part),
        )
        for (processor, model), part in parts.items()
    )
    return Usage(services=services, **_sums(reports))


def _sums(reports: Sequence[_TimedReport]) -> dict[str, Any]:
    inferences = [report for report, _ in reports if isinstance(report, TokensUsed)]
    timed = [
        (report, lasted) for report, lasted in reports if isinstance(report, TokensUsed) and lasted is not None
    ]
    generated = _total_secs([lasted for _, lasted in timed])
    return {
        "inferences": len(inferences),
        "prompt_tokens": _total(used.prompt_tokens for used in inferences),
        "gross_prompt_tokens": _total(_gross(used) for used in inferences),
        "completion_tokens": _total(used.completion_tokens for used in inferences),
        "total_tokens": _total(used.total_tokens for used in inferences),
        "cached_tokens": _total(used.cached_tokens for used in inferences),
        "cache_creation_tokens": _total(used.cache_creation_tokens for used in inferences),
        "cacheable_tokens": _total(_gross(used) for used in inferences if used.cached_tokens is not None),
        "reasoning_tokens": _total(used.reasoning_tokens for used in inferences),
        "audio_input_tokens": _total(used.audio_input_tokens for used in inferences),
        "audio_output_tokens": _total(used.audio_output_tokens for used in inferences),
        "cached_audio_tokens": _total(used.cached_audio_tokens for used in inferences),
        "timed_tokens": _total(report.completion_tokens for report, _ in timed),
        "generation_ms": None if generated is None else round(generated, 3),
        "characters": _total(report.characters for report, _ in reports if isinstance(report, CharactersSpoken)),
        "audio_secs": _total_secs(
            [report.audio_secs for report, _ in reports if isinstance(report, AudioTranscribed)]
        ),
    }


def _gross(used: TokensUsed) -> int:
    if not used.prompt_is_net:
        return used.prompt_tokens
    return used.prompt_tokens + (used.cached_tokens or 0) + (used.cache_creation_tokens or 0)


def _total(values: Iterable[int | None]) -> int | None:
    reported = [value for value in values if value is not None]
    return sum(reported) if reported else None


def _total_secs(values: Sequence[float]) -> float | None:
    # Summed without the rounding of each addition, so that a long call drifts as little as a short one.
    return math.fsum(values) if values else None
