"""The call to scale: what happened when, lane by lane, with the waits between."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.event_items import ErrorItem, EventItem
from flows_analytics.report.finding_rows import FindingRow
from flows_analytics.report.ticks import Tick, ticks
from flows_analytics.report.times import Duration, duration, stamp
from flows_analytics.report.tool_items import ToolItem
from flows_analytics.report.transcript import Group
from flows_analytics.report.turn_items import TurnItem
from flows_analytics.report.visible import page_name, shorten
from flows_analytics.report.waits import Stretch
from flows_analytics.report.waveform import Waveform, waveform
from flows_analytics.report.words import counted

_SLOT = 0.025
"""Percent of the whole that is the finest detail drawn: what lies closer together is drawn as one."""

_SHORT_NAME, _ROOM_FOR_NAME, _ROOM_FOR_NUMBER = 28, 6.0, 1.6
_ROOM_FOR_WAIT = 1.0


@dataclass(frozen=True)
class Bar:
    """A stretch of time in a lane.

    Attributes:
        anchor: Id of the moment on the page that it stands for.
        kind: What it is, as a code: it decides the colour.
        start: Left edge in percent of the timeline.
        width: Width in percent of the timeline, to scale.
        tip: What it is, in words.
        label: What is written on it; empty for nothing.
    """

    anchor: str
    kind: str
    start: float
    width: float
    tip: str
    label: str = ""


@dataclass(frozen=True)
class Gap:
    """What the caller waited for an answer, drawn before it.

    Attributes:
        anchor: Id of the turn that ended the wait.
        tip: The wait in words.
        label: How long it was; empty where there is no room to write it.
        start: Left edge in percent of the timeline.
        width: Width in percent of the timeline, to scale.
        bar: What kinds of things it consisted of, to scale; one stretch with the code ``unnamed`` if that is not
            known. Empty where the transcript draws the same bar, to be shown from there.
    """

    anchor: str
    tip: str
    label: str
    start: float
    width: float
    bar: tuple[Stretch, ...]


@dataclass(frozen=True)
class Mark:
    """Something that took no time.

    Attributes:
        anchor: Id of the moment on the page that it stands for.
        kind: ``event``, ``error``, ``finding``, ``cut`` (the bot was interrupted) or ``missed`` (a move that
            failed or was lost).
        at: Where, in percent of the timeline.
        tip: What it is, in words.
    """

    anchor: str
    kind: str
    at: float
    tip: str


@dataclass(frozen=True)
class Timeline:
    """The call to scale.

    Attributes:
        total: What the whole width stands for.
        total_ms: The same in milliseconds.
        nodes: One bar per visit.
        caller: One bar per turn of the caller.
        bot: One bar per turn of the bot.
        gaps: What the caller waited for each answer.
        tools: One bar per tool call.
        marks: What took no time.
        ticks: The scale.
        wave: The sound; None without a waveform in the record.
        summary: The timeline in sentences, for those who do not see it.
    """

    total: Duration
    total_ms: float
    nodes: tuple[Bar, ...]
    caller: tuple[Bar, ...]
    bot: tuple[Bar, ...]
    gaps: tuple[Gap, ...]
    tools: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    wave: Waveform | None
    summary: str


def timeline(
    record: CallRecord, groups: Sequence[Group], findings: Sequence[FindingRow], shown: Collection[str] = ()
) -> Timeline | None:
    """Lay out a call to scale.

    Args:
        record: The call.
        groups: Its transcript.
        findings: What looks wrong in it.
        shown: Ids of the turns that stand in the page, with the bars of their waits.

    Returns:
        The timeline; None if the record holds no time to scale it by.
    """
    scale = _Scale(_end_ms(record))
    total = duration(scale.end_ms)
    if total is None or scale.end_ms <= 0:
        return None
    items = [item for group in groups for item in group.items]
    turns = [item for item in items if isinstance(item, TurnItem) and item.at]
    caller = _merged((scale.turn(item) for item in turns if item.speaker == "caller"), "turns")
    bot = _merged((scale.turn(item) for item in turns if item.speaker == "bot"), "turns")
    tools = [item for item in items if isinstance(item, ToolItem) and item.at]
    gaps = _apart([scale.gap(item) for item in turns if item.wait and item.wait.lasted.ms > 0])
    drawn = {item.anchor for item in turns if item.anchor in shown and item.wait and item.wait.bar}
    return Timeline(
        total=total,
        total_ms=round(scale.end_ms, 3),
        nodes=_merged(_nodes(record, scale), "visits"),
        caller=caller,
        bot=bot,
        gaps=tuple(replace(gap, bar=()) if gap.anchor in drawn else gap for gap in gaps),
        tools=_merged((scale.tool(item) for item in tools), "functions"),
        marks=_marks(record, turns, items, findings, scale),
        ticks=ticks(scale.end_ms),
        wave=waveform(record.recording, scale.end_ms),
        summary=(
            f"{total.text} from left to right: {counted(len(record.visits), 'visit')}, "
            f"{counted(len(turns), 'turn')}, {counted(len(tools), 'tool call')}. The transcript tells the same."
        ),
    )


@dataclass(frozen=True)
class _Scale:
    """Where times lie on the timeline."""

    end_ms: float

    def at(self, ms: float) -> float:
        return round(100 * min(max(ms / self.end_ms, 0.0), 1.0), 2) if math.isfinite(ms) else 0.0

    def span(self, start_ms: float, end_ms: float) -> tuple[float, float]:
        start = self.at(start_ms)
        return start, round(max(self.at(end_ms) - start, 0.0), 2)

    def turn(self, item: TurnItem) -> Bar:
        begun_ms = item.at.ms if item.at else 0.0
        start, width = self.span(begun_ms, begun_ms + (item.lasted.ms if item.lasted else 0.0))
        lasted = f", {item.lasted.text}" if item.lasted else ""
        kind = "aside" if item.backchannel else item.speaker
        return Bar(item.anchor, kind, start, width, f"{item.speaker} {item.at.text if item.at else ''}{lasted}")

    def tool(self, item: ToolItem) -> Bar:
        begun_ms = item.at.ms if item.at else 0.0
        start, width = self.span(begun_ms, begun_ms + (item.lasted.ms if item.lasted else 0.0))
        kind = "wrong" if item.wrong else "moved" if item.outcome == "moved" else "stayed"
        lasted = f", {item.lasted.text}" if item.lasted else ""
        return Bar(item.anchor, kind, start, width, f"{item.function.text}: {item.outcome_in_words}{lasted}")

    def gap(self, item: TurnItem) -> Gap:
        wait = item.wait
        begun_ms = item.at.ms if item.at else 0.0
        waited_ms = wait.lasted.ms if wait else 0.0
        start, width = self.span(begun_ms - waited_ms, begun_ms)
        longest = f", longest: {wait.longest}" if wait and wait.longest else ""
        return Gap(
            anchor=item.anchor,
            tip=f"waited {wait.lasted.text}{longest}" if wait else "",
            label=wait.lasted.text if wait and width >= _ROOM_FOR_WAIT else "",
            start=start,
            width=width,
            bar=(wait.bar if wait else ()) or (Stretch("unnamed", 0.0, 100.0),),
        )


def _end_ms(record: CallRecord) -> float:
    times = [event.at_ms for event in record.events if math.isfinite(event.at_ms)]
    sound = record.recording
    if sound and sound.began_ms is not None and sound.duration_ms is not None:
        times.append(sound.began_ms + sound.duration_ms)
    ended_ms = record.duration_ms
    return max([*times, ended_ms if ended_ms is not None and math.isfinite(ended_ms) else 0.0])


def _nodes(record: CallRecord, scale: _Scale) -> Iterable[Bar]:
    for number, visit in enumerate(record.visits, start=1):
        start, width = scale.span(visit.entered_ms, visit.left_ms if visit.left_ms is not None else scale.end_ms)
        name = page_name(visit.node).text
        dwell = duration(visit.dwell_ms)
        label = f"{number} {shorten(name, _SHORT_NAME)}" if width >= _ROOM_FOR_NAME else ""
        label = label or (str(number) if width >= _ROOM_FOR_NUMBER else "")
        kind = f"shade-{number % 2}{' again' if visit.visit_no > 1 else ''}"
        lasted = dwell.text if dwell else "not over"
        yield Bar(f"visit-{number}", kind, start, width, f"{number} {name}: {lasted}", label)


def _marks(
    record: CallRecord,
    turns: Sequence[TurnItem],
    items: Sequence[object],
    findings: Sequence[FindingRow],
    scale: _Scale,
) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    for number, move in enumerate(record.transitions, start=1):
        at_ms = move.began_ms if move.began_ms is not None else move.entered_ms
        if (move.error or move.lost) and at_ms is not None:
            tip = f"move to {page_name(move.to_node).text} {'lost' if move.lost else 'failed'}"
            marks.append(Mark(f"move-{number}", "missed", scale.at(at_ms), tip))
    for item in turns:
        if item.cut_by == "caller":
            cut = item.cut_at or stamp(item.at.ms if item.at else 0.0)
            marks.append(Mark(item.anchor, "cut", scale.at(cut.ms if cut else 0.0), "interrupted by the caller"))
        elif item.cut_by == "end":
            marks.append(Mark(item.anchor, "cut", 100.0, "cut off by the end of the call"))
    for item in items:
        if isinstance(item, EventItem) and item.at:
            marks.append(Mark(item.anchor, "event", scale.at(item.at.ms), item.words))
        elif isinstance(item, ErrorItem) and item.at:
            marks.append(
                Mark(item.anchor, "error", scale.at(item.at.ms), f"error: {shorten(item.message.text, 80)}")
            )
    marks += [
        Mark(finding.anchor, "finding", scale.at(finding.at.ms), shorten(finding.words, 120))
        for finding in findings
        if finding.at
    ]
    kept: dict[tuple[str, int], Mark] = {}
    for mark in marks:
        kept.setdefault((mark.kind, int(mark.at / _SLOT)), mark)
    return tuple(kept.values())


def _merged(bars: Iterable[Bar], several: str) -> tuple[Bar, ...]:
    """Draw as one what is too close to be told apart, so that no call has more bars than a screen has points."""
    merged: list[Bar] = []
    count = 1
    for bar in sorted(bars, key=lambda bar: bar.start):
        last = merged[-1] if merged else None
        if last and last.width < _SLOT and bar.start - last.start < _SLOT:
            count += 1
            end = max(last.start + last.width, bar.start + bar.width)
            merged[-1] = replace(last, width=round(end - last.start, 2), tip=f"{count} {several} close together")
        else:
            count = 1
            merged.append(bar)
    return tuple(merged)


def _apart(gaps: list[Gap]) -> tuple[Gap, ...]:
    """Keep the gaps that can be told apart."""
    gaps.sort(key=_middle)
    close = {right.anchor for left, right in pairwise(gaps) if _middle(right) - _middle(left) < _SLOT}
    return tuple(gap for gap in gaps if gap.anchor not in close)


def _middle(gap: Gap) -> float:
    return gap.start + gap.width / 2
