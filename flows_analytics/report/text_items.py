"""What stands in a transcript, as rows for a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from flows_analytics.report.event_items import ErrorItem, EventItem
from flows_analytics.report.times import Stamp
from flows_analytics.report.tool_items import ToolItem
from flows_analytics.report.transcript import Item
from flows_analytics.report.turn_items import TurnItem
from flows_analytics.report.visible import PageText, one_line
from flows_analytics.report.waits import Wait


def items_as_text(items: tuple[Item, ...]) -> Table:
    """Show what was said and done in one visit.

    Args:
        items: The items of a group of the transcript.

    Returns:
        A table of when, who and what.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim", no_wrap=True, min_width=6)
    table.add_column(no_wrap=True, min_width=len("function"))
    table.add_column(overflow="fold")
    for item in items:
        table.add_row(stamp_text(item.at), *_row(item))
    return table


def stamp_text(at: Stamp | None) -> str:
    """Say when something happened.

    Args:
        at: When; None if unknown.

    Returns:
        The time, or a question mark.
    """
    return at.text if at else "?"


def line_of(text: PageText | None) -> str:
    """Put a text on one line.

    Args:
        text: The text; None for none.

    Returns:
        The line; empty for none.
    """
    return one_line(text.text) if text else ""


def _row(item: Item) -> tuple[Text, Text]:
    match item:
        case TurnItem():
            style = "yellow" if item.speaker == "caller" else "cyan"
            return Text(item.speaker, style=style), _said(item)
        case ToolItem():
            return Text("function", style="magenta"), _called(item)
        case EventItem():
            happened = Text(item.words, style="dim")
            if item.detail:
                happened.append(f": {item.detail.text}", style="not dim")
            if item.data:
                happened.append(f" {line_of(item.data)}")
            return Text("event", style="dim"), happened
        case ErrorItem():
            return Text("error", style="bold red"), _failed(item)


def _said(item: TurnItem) -> Text:
    said = _cut(item.text) if item.text else Text("(words not recorded)", style="dim")
    if item.unspoken:
        said.append(" (not heard: ", style="dim").append(item.unspoken.text, style="strike dim")
        said.append(")", style="dim")
    marks: list[str] = []
    if item.cut_by:
        marks.append("interrupted" if item.cut_by == "caller" else "cut off by the end of the call")
    if item.typed:
        marks.append("typed")
    if item.backchannel:
        marks.append("only acknowledging")
    if item.user:
        marks.append(item.user.text)
    if item.language:
        marks.append(item.language.text)
    if item.wait:
        marks.append(_waited(item.wait))
    if marks:
        said.append(f" ({'; '.join(marks)})", style="dim")
    return said


def _waited(wait: Wait) -> str:
    longest = f", longest: {wait.longest}" if wait.longest else ""
    return f"after {wait.lasted.text}{longest}"


def _called(item: ToolItem) -> Text:
    call = Text(item.function.text)
    call.append(f"({line_of(item.arguments)})")
    call.append(f" {item.outcome_in_words}", style="bold red" if item.wrong else "dim")
    if item.lasted:
        call.append(f" in {item.lasted.text}", style="dim")
    for note in item.notes:
        call.append(f", {note}", style="dim")
    if item.result:
        call.append(f": {line_of(item.result)}", style="dim")
    if item.error:
        call.append(f" {line_of(item.error)}", style="red")
    return call


def _failed(item: ErrorItem) -> Text:
    kind = f"{item.category.text}: " if item.category else ""
    where = f" in {item.processor.text}" if item.processor else ""
    fatal = " (ended the call)" if item.fatal else ""
    return Text(f"{kind}{line_of(item.message)}{where}{fatal}", style="red")


def _cut(text: PageText) -> Text:
    shown = Text(text.text)
    if text.total:
        shown.append(f" … cut here: {text.total:,} characters in all", style="dim")
    return shown
