"""Inferences: when the LLMs of a call were at work, and what each inference gave."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from flows_analytics.calls.events import (
    Events,
    FirstToken,
    FunctionCalled,
    FunctionRequested,
    InferenceEnded,
    InferenceStarted,
    TokensUsed,
)
from flows_analytics.calls.kinds import of_kind, of_kinds
from flows_analytics.calls.visits import VisitTimes

_INSTANCE = re.compile(r"#\d+$")


@dataclass(frozen=True)
class Inference:
    """An LLM at work on one answer, of the conversation or beside it.

    Attributes:
        seq: ``seq`` of its ``inference_started``, which is the ``origin`` of what came of it.
        processor: Name of the LLM service; None if unknown.
        visit: Position in ``record.visits`` of the visit it began in; None outside any.
        start_ms: When it began.
        first_token_ms: When its first text came; None if it wrote none.
        first_call_ms: When it first asked for a function; None if it did not.
        end_ms: When the answer was complete, or cut off; None if that was not seen.
        text: What it wrote, heard or not; None if it wrote nothing, or if transcripts are switched off.
        interrupted: Whether an interruption ended it.
        tokens: What its service reported of it; None if it reported nothing.
    """

    seq: int
    processor: str | None
    visit: int | None
    start_ms: float
    first_token_ms: float | None = None
    first_call_ms: float | None = None
    end_ms: float | None = None
    text: str | None = None
    interrupted: bool = False
    tokens: TokensUsed | None = None

    @property
    def service(self) -> str | None:
        """The processor's name without the number of the instance; None if unknown."""
        return None if self.processor is None else service_of(self.processor)

    @property
    def model(self) -> str | None:
        """The model; None if its service names none, or reported nothing."""
        return None if self.tokens is None else self.tokens.model

    @property
    def output_ms(self) -> float | None:
        """When it first gave something, text or a function call, or ended without; None if neither was seen."""
        seen = (self.first_token_ms, self.first_call_ms, self.end_ms)
        return min((at_ms for at_ms in seen if at_ms is not None), default=None)

    @property
    def generation_ms(self) -> float | None:
        """How long it wrote: from the first text, or its start if there was none, to its end; None if unknown."""
        if self.end_ms is None:
            return None
        lasted = round(self.end_ms - (self.start_ms if self.first_token_ms is None else self.first_token_ms), 3)
        return lasted if lasted > 0 else None


def service_of(processor: str) -> str:
    """Name the service that a processor is.

    Args:
        processor: The processor's name.

    Returns:
        The name without the number that Pipecat gives each instance, so that it is the same in every call.
    """
    return _INSTANCE.sub("", processor) or processor


def read_inferences(events: Events, times: VisitTimes) -> tuple[Inference, ...]:
    """Read the inferences of a call.

    Args:
        events: The moments of the call.
        times: When its visits were.

    Returns:
        The inferences of all LLMs, in the order in which they began.
    """
    started = sorted((e for e in of_kind(events, InferenceStarted)), key=lambda event: event.at_ms)
    tokens_ms: dict[int, float] = {}
    ends: dict[int, InferenceEnded] = {}
    for event in of_kind(events, FirstToken):
        tokens_ms.setdefault(event.origin, event.at_ms)
    for event in of_kind(events, InferenceEnded):
        ends.setdefault(event.origin, event)
    calls_ms = _first_calls(events, started)
    reports = _reports(events)
    inferences: list[Inference] = []
    for event in started:
        end = ends.get(event.seq)
        inferences.append(
            Inference(
                seq=event.seq,
                processor=event.processor,
                visit=times.at(event.at_ms),
                start_ms=event.at_ms,
                first_token_ms=tokens_ms.get(event.seq),
                first_call_ms=calls_ms.get(event.seq),
                end_ms=end.at_ms if end else None,
                text=end.text if end else None,
                interrupted=end.cut if end else False,
                tokens=reports.get(event.seq),
            )
        )
    return tuple(inferences)


def _first_calls(events: Events, started: Sequence[InferenceStarted]) -> dict[int, float]:
    """When each inference first asked for a function: before the same LLM began its next one."""
    asked: dict[str | None, list[float]] = defaultdict(list)
    for event in of_kind(events, FunctionRequested):
        asked[event.processor].append(event.at_ms)
    if not asked:
        # A record made before requests were recorded.
        asked[None] = [event.at_ms for event in of_kind(events, FunctionCalled)]
    for calls in asked.values():
        calls.sort()
    first: dict[int, float] = {}
    next_of: dict[str | None, InferenceStarted] = {}
    for event in reversed(started):
        later = next_of.get(event.processor)
        next_of[event.processor] = event
        calls = asked[event.processor] if event.processor in asked else asked[None]
        call = bisect_right(calls, event.at_ms)
        if call < len(calls) and (later is None or calls[call] < later.at_ms):
            first[event.seq] = calls[call]
    return first


def _reports(events: Events) -> dict[int, TokensUsed]:
    """What was reported of each inference.

    A service reports at the end of its answer or shortly after, so a report is about the inference of its service
    that began last. A second report about one inference, or a report about one that was not seen (an inference
    beside the conversation), is of none.
    """
    latest: dict[str, int] = {}
    reports: dict[int, TokensUsed] = {}
    for event in of_kinds(events, InferenceStarted, TokensUsed):
        if isinstance(event, InferenceStarted):
            if event.processor is not None:
                latest[event.processor] = event.seq
        elif event.processor in latest:
            reports[latest.pop(event.processor)] = event
    return reports
