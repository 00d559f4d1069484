"""One call as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.finding_rows import FindingRow, finding_rows
from flows_analytics.report.header import Header, header
from flows_analytics.report.text_items import items_as_text, line_of, stamp_text
from flows_analytics.report.times import Duration
from flows_analytics.report.transcript import Group, transcript
from flows_analytics.report.transition_rows import TransitionRow, transition_rows
from flows_analytics.report.unknowns import unknowns
from flows_analytics.report.usage_rows import UsageView, usage_view
from flows_analytics.report.visible import one_line, visible
from flows_analytics.report.visit_rows import VisitRow, visit_rows

_ARROW = " → "


def call_as_text(record: CallRecord) -> RenderableType:
    """Show a call in a terminal: head, path, findings, what happened in each visit, usage, what is not known.

    Nothing in the call is read as markup, and its control characters are shown instead of sent, so that no
    transcript can colour, move or drive the terminal.

    Args:
        record: The call, finished or still running.

    Returns:
        Something for rich's ``Console.print``.
    """
    head, visits, moves = header(record), visit_rows(record), transition_rows(record)
    parts: list[RenderableType] = [*_head(head), Text(), _path(visits)]
    found = finding_rows(record)
    if found:
        parts += [Text(), Text("Findings", style="bold"), *map(_found, found)]
    for group in transcript(record):
        parts += [Text(), _heading(group, visits), Padding(items_as_text(group.items), (0, 0, 0, 2))]
    missed = [move for move in moves if move.fate != "entered"]
    if missed:
        parts += [Text(), Text("Transitions that went wrong", style="bold"), *map(_missed, missed)]
    parts += _usage(usage_view(record))
    notes = unknowns(record)
    if notes:
        parts += [Text(), Text("What this recording does not know", style="bold")]
        parts += [Text.assemble("  · ", visible(note), style="dim") for note in notes]
    return Stack(*parts)


def _head(head: Header) -> Iterator[Text]:
    yield Text.assemble((head.heading.text, "bold"), "  ", (one_line(head.call_id.text), "dim"))
    ended = Text(head.ending)
    if head.ended_in:
        ended.append(", in ").append(head.ended_in.text, style="bold")
    if head.reason:
        ended.append(f" (reason given: {one_line(head.reason.text)})", style="dim")
    if head.disconnection:
        ended.append(f" (disconnection: {one_line(head.disconnection.text)}, {head.told_by})", style="dim")
    yield ended
    lasted = head.lasted.text if head.lasted else "still running"
    yield Text(" · ".join([head.began, lasted, *head.counts]), style="dim")
    if head.troubles:
        yield Text(f"Went wrong: {' · '.join(head.troubles)}", style="red")
    facts = [
        f"{fact.label.text} {one_line(fact.value.text)}" for fact in head.facts if fact.label.text != "Call id"
    ]
    if head.goals:
        facts.append(f"Goal {head.goals}")
    yield Text(" · ".join(facts), style="dim")


def _path(visits: tuple[VisitRow, ...]) -> Text:
    if not visits:
        return Text("No node was ever entered.")
    path = Text("Path  ", style="bold")
    for visit in visits:
        if visit.number > 1:
            path.append(_ARROW, style="dim")
        path.append(visit.node.text, style="not bold")
        path.append(f" {_lasted(visit.dwell, visit.left)}", style="not bold dim")
    return path


def _heading(group: Group, visits: tuple[VisitRow, ...]) -> Text:
    if group.number is None or group.node is None:
        return Text("Before any node", style="bold")
    visit = visits[group.number - 1]
    line = Text.assemble((f"{group.number} {group.node.text}", "bold cyan"))
    if group.again:
        line.append(f" ({group.again})", style="yellow")
    cause = f"via {visit.via.text}" if visit.via else visit.cause
    line.append(f"  {cause}, {_lasted(visit.dwell, visit.left)}", style="dim")
    if visit.state:
        line.append(f"\nstate {visit.state.text}", style="dim")
    return line


def _found(finding: FindingRow) -> Text:
    line = Text.assemble("  ", (stamp_text(finding.at), "dim"), "  ", visible(finding.words))
    line.append(f" ({finding.code})", style="dim")
    if finding.quote:
        line.append(f": {line_of(finding.quote)}", style="dim")
    return line


def _usage(usage: UsageView) -> Iterator[Text]:
    if not usage.rows and usage.cost is None:
        return
    yield Text()
    yield Text("Usage", style="bold")
    for row in usage.rows:
        service = (row.processor or row.service).text
        model = f" {row.model.text}" if row.model else ""
        cost = (f"cost {row.cost}",) if row.cost is not None else ()
        yield Text.assemble("  ", f"{service}{model}", (f"  {', '.join((*row.amounts, *cost))}", "dim"))
    if usage.cost is not None:
        yield Text(f"  cost {usage.cost}, in the unit of the bot's cost calculator")


def _missed(move: TransitionRow) -> Text:
    start = move.from_node.text if move.from_node else "start"
    line = Text.assemble("  ", (stamp_text(move.began), "dim"), f"  {start}{_ARROW}{move.to_node.text} ")
    line.append(move.fate_in_words, style="bold red")
    if move.error:
        line.append(f": {line_of(move.error)}", style="red")
    return line


def _lasted(lasted: Duration | None, otherwise: str) -> str:
    return lasted.text if lasted else otherwise
