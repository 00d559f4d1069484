"""The view model of a call's page: everything a template prints, computed."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.drawing import Drawing, drawings
from flows_analytics.report.finding_rows import FindingRow, finding_rows
from flows_analytics.report.header import Header, header
from flows_analytics.report.player import Player, player
from flows_analytics.report.strip import Strip, strip
from flows_analytics.report.transcript import Group, transcript
from flows_analytics.report.transition_rows import TransitionRow, transition_rows
from flows_analytics.report.unknowns import unknowns
from flows_analytics.report.usage_rows import UsageView, usage_view
from flows_analytics.report.visit_rows import VisitRow, visit_rows


@dataclass(frozen=True)
class CallView:
    """A call as its page shows it, from top to bottom.

    Attributes:
        header: Who, when, how long, and how it ended.
        player: The sound of the call; None if there is none.
        findings: What looks wrong, in order of time.
        several_flows: Whether rows must name their flow.
        strip: The path to scale; None without visits.
        drawings: One drawing per flow; empty if no flow has a node.
        visits: The table of visits.
        transitions: The table of transitions, failed and lost ones included.
        transcript: What was said and done, grouped by visit.
        usage: What the services consumed.
        unknowns: What the recording does not know, as sentences.
    """

    header: Header
    player: Player | None
    findings: tuple[FindingRow, ...]
    several_flows: bool
    strip: Strip | None
    drawings: tuple[Drawing, ...]
    visits: tuple[VisitRow, ...]
    transitions: tuple[TransitionRow, ...]
    transcript: tuple[Group, ...]
    usage: UsageView
    unknowns: tuple[str, ...]


def call_view(record: CallRecord, record_dir: str | None = "") -> CallView:
    """Compute the view model of a call's page.

    Args:
        record: The call, finished or still running.
        record_dir: Where the folder of the record is, as seen from the page (see `render_call_report`).

    Returns:
        The view model. It depends on nothing but the arguments.
    """
    flows = {visit.flow for visit in record.visits} | {move.flow for move in record.transitions}
    return CallView(
        header=header(record),
        player=player(record, record_dir),
        findings=finding_rows(record),
        several_flows=len(flows) > 1,
        strip=strip(record),
        drawings=drawings(record),
        visits=visit_rows(record),
        transitions=transition_rows(record),
        transcript=transcript(record),
        usage=usage_view(record),
        unknowns=unknowns(record),
    )
