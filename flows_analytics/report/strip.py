"""The path as a strip: one segment per visit, its width the time spent there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.times import Duration, duration
from flows_analytics.report.visible import Name, page_name, shorten
from flows_analytics.report.words import HOW_VISITS_END, counted

_ROOM_FOR_NAME, _ROOM_FOR_NUMBER = 7.0, 1.8
_MOST_LAPS = 60
_MANY, _LEAST = 1_000, 0.025


@dataclass(frozen=True)
class Segment:
    """One visit in the strip.

    Attributes:
        number: The visit's number.
        node: The node.
        label: What stands in the segment: the number and a short name, the number alone, or nothing.
        tip: The whole story in a line, for a tooltip.
        again: Whether the node had been visited before.
        open: Whether the visit had not ended.
        shade: 0 or 1, in turn, so that neighbours can be told apart.
        start: Left edge in percent of the strip.
        width: Width in percent of the strip, to scale.
    """

    number: int
    node: Name
    label: str
    tip: str
    again: bool
    open: bool
    shade: int
    start: float
    width: float


@dataclass(frozen=True)
class Lap:
    """A return to a node, drawn as an arc back to the visit before.

    Attributes:
        start: Where the earlier visit lies, in percent of the strip.
        width: How far back it lies, in percent of the strip.
        tip: The return in words.
    """

    start: float
    width: float
    tip: str


@dataclass(frozen=True)
class Strip:
    """The path to scale.

    Attributes:
        segments: The visits in order; those too short to be seen beside others are left out.
        laps: Returns to nodes; empty if there are none, or too many to be told apart.
        total: What the whole width stands for.
        summary: The strip in words, for those who do not see it.
    """

    segments: tuple[Segment, ...]
    laps: tuple[Lap, ...]
    total: Duration
    summary: str


def strip(record: CallRecord) -> Strip | None:
    """Lay out the strip.

    Args:
        record: The call.

    Returns:
        The strip; None without visits, or if the record holds no time to scale them by.
    """
    times = [event.at_ms for event in record.events if math.isfinite(event.at_ms)]
    end_ms = record.duration_ms if record.duration_ms is not None else max(times, default=0.0)
    total = duration(end_ms)
    if not record.visits or total is None or end_ms <= 0:
        return None
    segments: list[Segment] = []
    laps: list[Lap] = []
    last: dict[tuple[str, str], tuple[int, float]] = {}
    for number, visit in enumerate(record.visits, start=1):
        left_ms = visit.left_ms if visit.left_ms is not None else end_ms
        start = _percent(visit.entered_ms, end_ms)
        name = page_name(visit.node)
        width = round(max(_percent(left_ms, end_ms) - start, 0.0), 3)
        middle = start + width / 2
        if earlier := last.get((visit.flow, visit.node)):
            tip = f"{name.text}: from visit {earlier[0]} to visit {number}"
            laps.append(Lap(round(earlier[1], 2), round(max(middle - earlier[1], 0.0), 2), tip))
        last[visit.flow, visit.node] = number, middle
        dwell = duration(visit.dwell_ms)
        lasted = dwell.text if dwell else "not over"
        segments.append(
            Segment(
                number=number,
                node=name,
                label=_label(number, name.text, width),
                tip=f"{number} {name.text}: {lasted}, {HOW_VISITS_END[visit.exit_kind]}",
                again=visit.visit_no > 1,
                open=visit.left_ms is None,
                shade=number % 2,
                start=start,
                width=width,
            )
        )
    longest = max(segments, key=lambda segment: segment.width)
    summary = (
        f"{len(segments)} visits over {total.text}, left to right, each as wide as the time spent there. "
        f"The longest is number {longest.number}, {longest.node.text}."
    )
    if laps:
        summary += f" {counted(len(laps), 'return')} to a node visited before."
    seen = segments if len(segments) <= _MANY else [one for one in segments if one.width >= _LEAST]
    return Strip(tuple(seen), tuple(laps) if len(laps) <= _MOST_LAPS else (), total, summary)


def _label(number: int, name: str, width: float) -> str:
    if width >= _ROOM_FOR_NAME:
        return f"{number} {shorten(name, 28)}"
    return str(number) if width >= _ROOM_FOR_NUMBER else ""


def _percent(at_ms: float, end_ms: float) -> float:
    if not math.isfinite(at_ms):
        return 0.0
    return round(100 * min(max(at_ms / end_ms, 0.0), 1.0), 3)
