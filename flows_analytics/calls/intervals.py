"""Named intervals of a wait, and dividing a stretch of time among them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import Literal

ContributionName = Literal[
    "end_of_turn_wait",
    "transcription",
    "turn_decision",
    "llm_first_token",
    "function",
    "node_change",
    "second_inference",
    "text_aggregation",
    "speech_synthesis",
    "output",
    "unnamed",
]
"""What a wait consists of. docs/metrics.md says where each begins and ends."""

_RANK: dict[ContributionName, int] = {
    # Where two overlap, what happens later on the way to the answer is what the caller waits for; a function or a
    # node change may go on beside the conversation, so they count only where nothing else does.
    "output": 9,
    "speech_synthesis": 8,
    "text_aggregation": 7,
    "second_inference": 6,
    "llm_first_token": 6,
    "turn_decision": 5,
    "transcription": 4,
    "end_of_turn_wait": 3,
    "node_change": 2,
    "function": 1,
    "unnamed": 0,
}


@dataclass(frozen=True)
class Interval:
    """A stretch of time in which something was under way.

    Attributes:
        name: What.
        start_ms: When it began.
        end_ms: When it ended.
        by: Who did it: a function, a service, a turn strategy, a node; None if there is nobody to name.
    """

    name: ContributionName
    start_ms: float
    end_ms: float
    by: str | None = None


@dataclass(frozen=True)
class Contribution:
    """A part of a wait.

    Attributes:
        name: What was waited for; ``unnamed`` where nothing is known to have been under way.
        ms: How long.
        start_ms: When that part began, in the call.
        by: Who did it: a function, a service, a turn strategy, a node; None if there is nobody to name.
    """

    name: ContributionName
    ms: float
    start_ms: float
    by: str | None = None


def divide(start_ms: float, end_ms: float, intervals: Iterable[Interval]) -> tuple[Contribution, ...]:
    """Divide a stretch of time among what was under way in it.

    Computed in whole microseconds, the resolution of ``at_ms``, so that the parts add up exactly.

    Args:
        start_ms: Its beginning.
        end_ms: Its end.
        intervals: What was under way; it may overlap, leave gaps and reach beyond.

    Returns:
        The parts in order of time, without gaps: each instant belongs to one. Empty if there is no time to divide.
    """
    begin, finish = _us(start_ms), _us(end_ms)
    clipped: list[tuple[int, int, Interval]] = []
    for interval in intervals:
        start, end = _us(max(interval.start_ms, start_ms)), _us(min(interval.end_ms, end_ms))
        if start < end:
            clipped.append((start, end, interval))
    if finish <= begin:
        return ()
    clipped.sort(key=lambda piece: piece[0])
    edges = sorted({begin, finish, *(edge for start, end, _ in clipped for edge in (start, end))})
    parts: list[tuple[int, int, ContributionName, str | None]] = []
    # What is under way, the highest rank on top; of two with the same rank, the one that began later. What has
    # ended is taken off once it is on top, so that no edge has to look through thousands of intervals.
    under_way: list[tuple[int, float, int, int]] = []
    begun = 0
    for start, end in pairwise(edges):
        while begun < len(clipped) and clipped[begun][0] <= start:
            _, until, interval = clipped[begun]
            heappush(under_way, (-_RANK[interval.name], -interval.start_ms, begun, until))
            begun += 1
        while under_way and under_way[0][3] <= start:
            heappop(under_way)
        top = clipped[under_way[0][2]][2] if under_way else None
        name, by = (top.name, top.by) if top else ("unnamed", None)
        since = parts.pop()[0] if parts and parts[-1][2:] == (name, by) else start
        parts.append((since, end, name, by))
    return tuple(
        Contribution(name=name, ms=(end - start) / 1000, start_ms=start / 1000, by=by)
        for start, end, name, by in parts
    )


def _us(at_ms: float) -> int:
    return round(at_ms * 1000)
