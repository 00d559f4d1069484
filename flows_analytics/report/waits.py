"""What the caller waited for: a latency and the parts it consists of, as a bar and as a list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flows_analytics.calls.intervals import Contribution, ContributionName
from flows_analytics.report.times import Duration, duration
from flows_analytics.report.visible import Name, page_name
from flows_analytics.report.words import WAITED_FOR

_GROUPS: dict[ContributionName, str] = {
    "end_of_turn_wait": "listening",
    "transcription": "listening",
    "turn_decision": "listening",
    "llm_first_token": "thinking",
    "second_inference": "thinking",
    "function": "flow",
    "node_change": "flow",
    "text_aggregation": "speaking",
    "speech_synthesis": "speaking",
    "output": "speaking",
    "unnamed": "unnamed",
}


@dataclass(frozen=True)
class WaitPart:
    """A part of a wait.

    Attributes:
        group: What kind of thing was waited for, as a code: it decides the colour.
        words: What was waited for.
        by: Who did it; None if there is nobody to name.
        took: How long, in whole milliseconds: ``420 ms``.
        start: Left edge in percent of the bar.
        width: Width in percent of the bar, to scale.
    """

    group: str
    words: str
    by: Name | None
    took: str
    start: float
    width: float


@dataclass(frozen=True)
class Stretch:
    """What of a bar has one colour without a break.

    Attributes:
        group: What kind of thing was waited for, as a code: it decides the colour.
        start: Left edge in percent of the bar.
        width: Width in percent of the bar, to scale.
    """

    group: str
    start: float
    width: float


@dataclass(frozen=True)
class Wait:
    """How long the caller waited, and for what.

    Attributes:
        lasted: The whole wait.
        exact: The same in whole milliseconds, which the parts add up to as they are shown.
        longest: Which part took longest, in words; None if the wait has no parts.
        parts: What it consisted of, in order; empty if that is not known.
        bar: The same, drawn to scale; what is too short to be seen is not drawn.
    """

    lasted: Duration
    exact: str
    longest: str | None
    parts: tuple[WaitPart, ...]
    bar: tuple[Stretch, ...]


def wait(ms: float | None, contributions: Sequence[Contribution]) -> Wait | None:
    """Show a wait.

    Args:
        ms: How long it was; None if that was not measured.
        contributions: What it consisted of.

    Returns:
        The wait; None if it was not measured, or if a record edited by hand holds no finite number.
    """
    lasted = duration(ms)
    if lasted is None:
        return None
    parts = _parts(lasted.ms, contributions)
    longest = max(parts, key=lambda part: part.width, default=None)
    return Wait(
        lasted=lasted,
        exact=f"{round(lasted.ms):,} ms",
        longest=f"{longest.words} {longest.took}" if longest else None,
        parts=parts,
        bar=_bar(parts),
    )


def _bar(parts: Sequence[WaitPart]) -> tuple[Stretch, ...]:
    stretches: list[Stretch] = []
    for part in parts:
        start, end = round(part.start, 1), round(part.start + part.width, 1)
        if end <= start:
            continue
        if stretches and stretches[-1].group == part.group:
            start = stretches.pop().start
        stretches.append(Stretch(part.group, start, round(end - start, 1)))
    return tuple(stretches)


def _parts(total_ms: float, contributions: Sequence[Contribution]) -> tuple[WaitPart, ...]:
    if total_ms <= 0 or not all(math.isfinite(part.ms) for part in contributions):
        return ()
    parts: list[WaitPart] = []
    reached_ms = 0.0
    for part in contributions:
        # Rounding where each part ends, not how long it is, makes the parts add up to the rounded whole.
        shown = round(reached_ms + part.ms) - round(reached_ms)
        start = round(100 * reached_ms / total_ms, 2)
        reached_ms += part.ms
        parts.append(
            WaitPart(
                group=_GROUPS[part.name],
                words=WAITED_FOR[part.name],
                by=page_name(part.by) if part.by else None,
                took=f"{shown:,} ms" if shown else "<1 ms",
                start=start,
                width=round(100 * reached_ms / total_ms - start, 2),
            )
        )
    return tuple(parts)
