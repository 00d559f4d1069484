"""The view model of a call's page: everything a template prints, computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.drawing import Drawing, drawings
from flows_analytics.report.finding_rows import FindingRow, finding_rows
from flows_analytics.report.header import Header, header
from flows_analytics.report.packed_record import PackedRecord, pack_record
from flows_analytics.report.player import Player, player
from flows_analytics.report.strip import Strip, strip
from flows_analytics.report.timeline import Timeline, timeline
from flows_analytics.report.transcript import Group, shortened, transcript
from flows_analytics.report.transition_rows import TransitionRow, transition_rows
from flows_analytics.report.turn_items import TurnItem
from flows_analytics.report.unknowns import unknowns
from flows_analytics.report.usage_rows import UsageView, usage_view
from flows_analytics.report.visit_rows import VisitRow, visit_rows
from flows_analytics.report.words import counted

Row = TypeVar("Row")

MOST_ROWS = 1_000
"""Rows of a table, and steps of a path, that a page shows: half of them the first and half the last."""


@dataclass(frozen=True)
class CallView:
    """A call as its page shows it, from top to bottom.

    Attributes:
        header: Who, when, how long, and how it ended.
        player: The sound of the call; None if there is none.
        findings: What looks wrong, in order of time.
        several_flows: Whether rows must name their flow.
        strip: The path to scale; None without visits.
        visits: The visits of the path, in order.
        drawings: One drawing per flow; empty if no flow has a node.
        timeline: The call to scale, lane by lane; None if the record holds no time.
        transcript: What was said and done, grouped by visit.
        marks: What the marks in the transcript mean, as sentences; only those that occur there.
        transitions: The table of transitions, failed and lost ones included.
        usage: What the services consumed.
        unknowns: What the recording does not know, as sentences.
        left_out: What this page leaves to the record because there is too much of it, as sentences.
        record: The record itself.
    """

    header: Header
    player: Player | None
    findings: tuple[FindingRow, ...]
    several_flows: bool
    strip: Strip | None
    visits: tuple[VisitRow, ...]
    drawings: tuple[Drawing, ...]
    timeline: Timeline | None
    transcript: tuple[Group, ...]
    marks: tuple[str, ...]
    transitions: tuple[TransitionRow, ...]
    usage: UsageView
    unknowns: tuple[str, ...]
    left_out: tuple[str, ...]
    record: PackedRecord


def call_view(record: CallRecord, record_dir: str | None = "") -> CallView:
    """Compute the view model of a call's page.

    Args:
        record: The call, finished or still running.
        record_dir: Where the folder of the record is, as seen from the page (see `render_call_report`).

    Returns:
        The view model. It depends on nothing but the arguments.
    """
    flows = {visit.flow for visit in record.visits} | {move.flow for move in record.transitions}
    groups, moves, visits = transcript(record), transition_rows(record), visit_rows(record)
    shown, some_moves = shortened(groups), _ends(moves)
    anchors = {item.anchor for group in shown for item in group.items}
    anchors |= {group.anchor for group in shown} | {move.anchor for move in some_moves}
    findings = tuple(_reachable(finding, anchors) for finding in finding_rows(record))
    head = header(record)
    if head.ended_in_anchor not in anchors:
        head = replace(head, ended_in_anchor="transcript" if head.ended_in_anchor else None)
    some_visits, some_findings = _ends(visits), _ends(findings)
    return CallView(
        header=head,
        player=player(record, record_dir),
        findings=some_findings,
        several_flows=len(flows) > 1,
        strip=strip(record),
        visits=tuple(row if row.anchor in anchors else replace(row, anchor="transcript") for row in some_visits),
        drawings=drawings(record),
        timeline=timeline(record, groups, findings, anchors),
        transcript=shown,
        marks=_marks(shown),
        transitions=tuple(
            move if move.visit is None or f"visit-{move.visit}" in anchors else replace(move, visit=None)
            for move in some_moves
        ),
        usage=usage_view(record),
        unknowns=unknowns(record),
        left_out=(
            *_left_out(sum(group.left_out for group in shown), "moment", "transcript"),
            *_left_out(len(visits) - len(some_visits), "visit", "path"),
            *_left_out(len(moves) - len(some_moves), "transition", "table of transitions"),
            *_left_out(len(findings) - len(some_findings), "finding", "list of findings"),
        ),
        record=pack_record(record),
    )


def _marks(groups: Sequence[Group]) -> tuple[str, ...]:
    turns = [item for group in groups for item in group.items if isinstance(item, TurnItem)]
    marks: list[str] = []
    if any(turn.unspoken for turn in turns):
        marks.append("Not heard: what the bot was about to say when it was cut off.")
    if any(turn.backchannel for turn in turns):
        marks.append("Only acknowledging: said while the other side was speaking; it answers nothing.")
    return tuple(marks)


def _ends(rows: Sequence[Row]) -> tuple[Row, ...]:
    if len(rows) <= MOST_ROWS:
        return tuple(rows)
    return (*rows[: MOST_ROWS // 2], *rows[-MOST_ROWS // 2 :])


def _reachable(finding: FindingRow, anchors: set[str]) -> FindingRow:
    return finding if finding.anchor in anchors else replace(finding, anchor="transcript")


def _left_out(number: int, one: str, where: str) -> tuple[str, ...]:
    if not number:
        return ()
    verb = "is" if number == 1 else "are"
    return (
        f"{counted(number, one)} in the middle of the call {verb} left out of the {where}; the record has all.",
    )
