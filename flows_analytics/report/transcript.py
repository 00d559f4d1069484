"""The transcript of a call, grouped by visit, with tool calls and errors where they happened."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from flows_analytics.calls.events import ErrorSeen
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.tools import ToolCall
from flows_analytics.calls.turns import Turn
from flows_analytics.report.json_text import json_text
from flows_analytics.report.times import Duration, Stamp, duration, stamp
from flows_analytics.report.visible import Name, PageText, page_name, page_text
from flows_analytics.report.visit_rows import again
from flows_analytics.report.words import WHAT_BECAME


@dataclass(frozen=True)
class TurnItem:
    """One side speaking.

    Attributes:
        kind: Always ``turn``.
        anchor: Id of the turn on the page.
        at: When it began; None if the record holds no finite time.
        speaker: ``caller`` or ``bot``.
        text: What was said; None if transcripts are switched off.
        unspoken: What the bot was going to say when it was cut off; None if nothing is known to be missing.
        interrupted: Whether the caller cut it off.
        lasted: How long it took; None if its end was not seen.
        latency: How long the caller waited for it; None if that was not measured.
    """

    kind: str
    anchor: str
    at: Stamp | None
    speaker: str
    text: PageText | None
    unspoken: PageText | None
    interrupted: bool
    lasted: Duration | None
    latency: Duration | None


@dataclass(frozen=True)
class ToolItem:
    """One call of a function by the LLM.

    Attributes:
        kind: Always ``tool``.
        at: When its handler began to run, else when it settled; None if neither was seen.
        function: The function.
        outcome: What became of it, as a code.
        outcome_in_words: The same in words.
        arguments: What the LLM passed, as JSON; None if not recorded.
        result: What came back, as JSON; None if there was none, or not recorded.
        error: The failure's message; None without a failure.
        lasted: How long it ran; None if its start or end was not seen.
    """

    kind: str
    at: Stamp | None
    function: Name
    outcome: str
    outcome_in_words: str
    arguments: PageText | None
    result: PageText | None
    error: PageText | None
    lasted: Duration | None


@dataclass(frozen=True)
class ErrorItem:
    """An error that a processor reported.

    Attributes:
        kind: Always ``error``.
        at: When; None if the record holds no finite time.
        message: What it said.
        fatal: Whether it ended the call.
        processor: The processor; None if unknown.
    """

    kind: str
    at: Stamp | None
    message: PageText
    fatal: bool
    processor: Name | None


Item = TurnItem | ToolItem | ErrorItem
"""Anything that stands in a transcript."""


@dataclass(frozen=True)
class Group:
    """What was said and done in one visit, or before the first.

    Attributes:
        anchor: Id of the group on the page.
        number: The visit's number; None for what happened outside any visit.
        node: The node; None outside any visit.
        again: Such as ``2nd visit``; None at the first visit of the node, or outside any.
        entered: When the visit began; None outside any.
        items: What was said and done, in the order of time.
    """

    anchor: str
    number: int | None
    node: Name | None
    again: str | None
    entered: Stamp | None
    items: tuple[Item, ...]


def transcript(record: CallRecord) -> tuple[Group, ...]:
    """Compute the transcript.

    A turn stands under the visit it belongs to (docs/metrics.md), even if the bot spoke it after the node changed.

    Args:
        record: The call.

    Returns:
        One group per visit, silent ones included, and first one for what lies outside any visit, if there is
        anything.
    """
    items: defaultdict[int | None, list[tuple[float, Item]]] = defaultdict(list)
    for turn in record.turns:
        items[turn.visit].append((turn.start_ms, _turn(record, turn)))
    for call in record.tool_calls:
        seen = (call.started_ms, call.requested_ms, call.ended_ms)
        at_ms = next((at_ms for at_ms in seen if at_ms is not None), None)
        items[call.visit].append((at_ms or 0.0, _tool(record, call, at_ms)))
    for event in record.events:
        if isinstance(event, ErrorSeen):
            items[record.visit_at(event.at_ms)].append((event.at_ms, _error(record, event)))

    groups = [Group("before", None, None, None, None, _in_time(items[None]))] if items[None] else []
    groups += [
        Group(
            anchor=f"said-{position + 1}",
            number=position + 1,
            node=page_name(visit.node),
            again=again(visit),
            entered=stamp(visit.entered_ms, record.started_at),
            items=_in_time(items[position]),
        )
        for position, visit in enumerate(record.visits)
    ]
    return tuple(groups)


def _in_time(items: list[tuple[float, Item]]) -> tuple[Item, ...]:
    return tuple(item for _, item in sorted(items, key=lambda pair: pair[0]))


def _turn(record: CallRecord, turn: Turn) -> TurnItem:
    return TurnItem(
        kind="turn",
        anchor=f"turn-{turn.seq + 1}",
        at=stamp(turn.start_ms, record.started_at),
        speaker=turn.speaker,
        text=page_text(turn.text) if turn.text else None,
        unspoken=page_text(turn.unspoken) if turn.unspoken else None,
        interrupted=turn.interrupted,
        lasted=duration(turn.end_ms - turn.start_ms) if turn.end_ms is not None else None,
        latency=duration(turn.latency_ms),
    )


def _tool(record: CallRecord, call: ToolCall, at_ms: float | None) -> ToolItem:
    return ToolItem(
        kind="tool",
        at=stamp(at_ms, record.started_at),
        function=page_name(call.function),
        outcome=call.outcome,
        outcome_in_words=WHAT_BECAME[call.outcome],
        arguments=json_text(call.arguments),
        result=json_text(call.result),
        error=page_text(call.error) if call.error else None,
        lasted=duration(call.duration_ms),
    )


def _error(record: CallRecord, event: ErrorSeen) -> ErrorItem:
    return ErrorItem(
        kind="error",
        at=stamp(event.at_ms, record.started_at),
        message=page_text(event.message),
        fatal=event.fatal,
        processor=page_name(event.processor) if event.processor else None,
    )
