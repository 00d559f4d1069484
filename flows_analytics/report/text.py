"""One call as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.header import Header, header
from flows_analytics.report.times import Duration, Stamp
from flows_analytics.report.transcript import Group, Item, ToolItem, TurnItem, transcript
from flows_analytics.report.transition_rows import TransitionRow, transition_rows
from flows_analytics.report.unknowns import unknowns
from flows_analytics.report.visible import PageText, one_line, visible
from flows_analytics.report.visit_rows import VisitRow, visit_rows

_ARROW = " → "


def call_as_text(record: CallRecord) -> RenderableType:
    """Show a call in a terminal: its head, its path, what happened in each visit, what is not known.

    Nothing in the call is read as markup, and its control characters are shown instead of sent, so that no
    transcript can colour, move or drive the terminal.

    Args:
        record: The call, finished or still running.

    Returns:
        Something for rich's ``Console.print``.
    """
    head, visits, moves = header(record), visit_rows(record), transition_rows(record)
    parts: list[RenderableType] = [*_head(head), Text(), _path(visits)]
    for group in transcript(record):
        parts += [Text(), _heading(group, visits), Padding(_items(group.items), (0, 0, 0, 2))]
    missed = [move for move in moves if move.fate != "entered"]
    if missed:
        parts += [Text(), Text("Transitions that went wrong", style="bold"), *map(_missed, missed)]
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
    yield ended
    lasted = head.lasted.text if head.lasted else "still running"
    yield Text(" · ".join([head.began, lasted, *head.counts]), style="dim")
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


def _items(items: tuple[Item, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim", no_wrap=True, min_width=6)
    table.add_column(no_wrap=True, min_width=len("function"))
    table.add_column(overflow="fold")
    for item in items:
        table.add_row(_at(item.at), *_item(item))
    return table


def _item(item: Item) -> tuple[Text, Text]:
    if isinstance(item, TurnItem):
        who = Text("caller", style="yellow") if item.speaker == "caller" else Text("bot", style="cyan")
        said = _cut(item.text) if item.text else Text("(words not recorded)", style="dim")
        if item.unspoken:
            said.append(f" {item.unspoken.text}", style="strike dim")
        if item.interrupted:
            said.append(" (interrupted)", style="dim")
        return who, said
    if isinstance(item, ToolItem):
        call = Text(item.function.text)
        call.append(f"({_line(item.arguments)})")
        call.append(f" {item.outcome_in_words}", style="bold red" if item.outcome in ("failed", "lost") else "dim")
        if item.result:
            call.append(f": {_line(item.result)}", style="dim")
        if item.error:
            call.append(f" {_line(item.error)}", style="red")
        return Text("function", style="magenta"), call
    where = f" in {item.processor.text}" if item.processor else ""
    fatal = " (ended the call)" if item.fatal else ""
    return Text("error", style="bold red"), Text(f"{_line(item.message)}{where}{fatal}", style="red")


def _missed(move: TransitionRow) -> Text:
    start = move.from_node.text if move.from_node else "start"
    line = Text.assemble("  ", (_at(move.began), "dim"), f"  {start}{_ARROW}{move.to_node.text} ")
    line.append(move.fate_in_words, style="bold red")
    if move.error:
        line.append(f": {_line(move.error)}", style="red")
    return line


def _cut(text: PageText) -> Text:
    shown = Text(text.text)
    if text.total:
        shown.append(f" … cut here: {text.total:,} characters in all", style="dim")
    return shown


def _line(text: PageText | None) -> str:
    return one_line(text.text) if text else ""


def _lasted(lasted: Duration | None, otherwise: str) -> str:
    return lasted.text if lasted else otherwise


def _at(at: Stamp | None) -> str:
    return at.text if at else "?"
