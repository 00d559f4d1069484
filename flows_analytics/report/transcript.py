"""The transcript of a call, grouped by visit, with tool calls, events and errors where they happened."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.event_items import ErrorItem, EventItem, event_items
from flows_analytics.report.times import Stamp, stamp
from flows_analytics.report.tool_items import ToolItem, tool_item
from flows_analytics.report.turn_items import TurnItem, turn_items
from flows_analytics.report.visible import Name, page_name
from flows_analytics.report.visit_rows import again

Item = TurnItem | ToolItem | EventItem | ErrorItem
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
    for turn, shown in zip(record.turns, turn_items(record), strict=True):
        items[turn.visit].append((turn.start_ms, shown))
    for position, call in enumerate(record.tool_calls):
        items[call.visit].append(tool_item(record, position))
    for visit, at_ms, item in event_items(record):
        items[visit].append((at_ms, item))

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
