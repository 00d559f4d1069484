"""Tool calls as they stand in a transcript."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.tools import ToolCall
from flows_analytics.report.json_text import json_text
from flows_analytics.report.times import Duration, Stamp, duration, stamp
from flows_analytics.report.visible import Name, PageText, page_name, page_text
from flows_analytics.report.words import WHAT_BECAME, counted

WENT_WRONG = frozenset({"failed", "timed_out", "cancelled", "lost", "never_ran"})
"""Outcomes of a tool call that are not what the LLM asked for."""

_DELAY_MS = 100.0
# A handler begins some milliseconds after it was asked for, whatever happens; what takes longer waited its turn.


@dataclass(frozen=True)
class ToolItem:
    """One call of a function by the LLM.

    Attributes:
        kind: Always ``tool``.
        anchor: Id of the call on the page.
        at: When its handler began to run, else when it was asked for, else when it settled; None if none of these
            was seen.
        function: The function.
        outcome: What became of it, as a code.
        outcome_in_words: The same in words.
        wrong: Whether that is not what the LLM asked for.
        arguments: What the LLM passed, as JSON; None if not recorded.
        result: What came back, as JSON; None if there was none, or not recorded.
        error: The failure's message; None without a failure.
        lasted: How long it ran; None if its start or end was not seen.
        notes: What else is to be said of it, in words.
    """

    kind: str
    anchor: str
    at: Stamp | None
    function: Name
    outcome: str
    outcome_in_words: str
    wrong: bool
    arguments: PageText | None
    result: PageText | None
    error: PageText | None
    lasted: Duration | None
    notes: tuple[str, ...]


def tool_anchor(position: int) -> str:
    """Name a tool call on the page.

    Args:
        position: Its position in `CallRecord.tool_calls`.

    Returns:
        The id of its element.
    """
    return f"tool-{position + 1}"


def tool_item(record: CallRecord, position: int) -> tuple[float, ToolItem]:
    """Show a tool call.

    Args:
        record: The call.
        position: Position of the tool call in `CallRecord.tool_calls`.

    Returns:
        When it happened, in milliseconds, to order it by; and the item.
    """
    call = record.tool_calls[position]
    seen = (call.started_ms, call.requested_ms, call.ended_ms)
    at_ms = next((at_ms for at_ms in seen if at_ms is not None), None)
    item = ToolItem(
        kind="tool",
        anchor=tool_anchor(position),
        at=stamp(at_ms),
        function=page_name(call.function),
        outcome=call.outcome,
        outcome_in_words=WHAT_BECAME[call.outcome],
        wrong=call.outcome in WENT_WRONG,
        arguments=json_text(call.arguments),
        result=json_text(call.result),
        error=page_text(call.error) if call.error else None,
        lasted=duration(call.duration_ms),
        notes=tuple(_notes(call)),
    )
    return at_ms or 0.0, item


def _notes(call: ToolCall) -> list[str]:
    notes: list[str] = []
    if call.requested_ms is not None and call.started_ms is not None:
        delay = duration(call.started_ms - call.requested_ms)
        if delay is not None and delay.ms >= _DELAY_MS:
            notes.append(f"began {delay.text} after it was asked for")
    if call.progress:
        notes.append(f"{counted(call.progress, 'result')} before the last")
    if call.external:
        notes.append("ran in another worker")
    if call.moved and call.outcome != "moved":
        notes.append("moved the flow")
    return notes
