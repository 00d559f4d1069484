"""The view model of a call's page: everything a template prints, computed."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.drawing import Drawing, drawings
from flows_analytics.report.header import Header, header
from flows_analytics.report.strip import Strip, strip
from flows_analytics.report.transcript import Group, transcript
from flows_analytics.report.transition_rows import TransitionRow, transition_rows
from flows_analytics.report.unknowns import unknowns
from flows_analytics.report.visit_rows import VisitRow, visit_rows


@dataclass(frozen=True)
class CallView:
    """A call as its page shows it, from top to bottom.

    Attributes:
        header: Who, when, how long, and how it ended.
        several_flows: Whether rows must name their flow.
        strip: The path to scale; None without visits.
        drawings: One drawing per flow; empty if no flow has a node.
        visits: The table of visits.
        transitions: The table of transitions, failed and lost ones included.
        transcript: What was said and done, grouped by visit.
        unknowns: What the recording does not know, as sentences.
    """

    header: Header
    several_flows: bool
    strip: Strip | None
    drawings: tuple[Drawing, ...]
    visits: tuple[VisitRow, ...]
    transitions: tuple[TransitionRow, ...]
    transcript: tuple[Group, ...]
    unknowns: tuple[str, ...]


def call_view(record: CallRecord) -> CallView:
    """Compute the view model of a call's page.

    Args:
        record: The call, finished or still running.

    Returns:
        The view model. It depends on nothing but the record.
    """
    flows = {visit.flow for visit in record.visits} | {move.flow for move in record.transitions}
    return CallView(
        header=header(record),
        several_flows=len(flows) > 1,
        strip=strip(record),
        drawings=drawings(record),
        visits=visit_rows(record),
        transitions=transition_rows(record),
        transcript=transcript(record),
        unknowns=unknowns(record),
    )
