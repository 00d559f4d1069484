"""The transcript of a call, grouped by visit, with tool calls, events and errors where they happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.event_items import ErrorItem, EventItem, event_items
from flows_analytics.report.times import Stamp, stamp
from flows_analytics.report.tool_items import ToolItem, tool_item
from flows_analytics.report.turn_items import TurnItem, turn_items
from flows_analytics.report.visible import Name
from flows_analytics.report.visit_rows import VisitRow, visit_rows

MOST_ITEMS = 4_000
"""Items that a page shows of a transcript, half of them its beginning and half its end."""

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
        visit: All that is known of the visit; None outside any.
        items: What was said and done, in the order of time.
        left_out: Items that this page leaves out after those of this group, whole visits included; 0 for none.
    """

    anchor: str
    number: int | None
    node: Name | None
    again: str | None
    entered: Stamp | None
    visit: VisitRow | None
    items: tuple[Item, ...]
    left_out: int = 0


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

    groups = [Group("before", None, None, None, None, None, _in_time(items[None]))] if items[None] else []
    groups += [
        Group(
            anchor=row.anchor,
            number=row.number,
            node=row.node,
            again=row.again,
            entered=stamp(visit.entered_ms),
            visit=row,
            items=_in_time(items[position]),
        )
        for position, (visit, row) in enumerate(zip(record.visits, visit_rows(record), strict=True))
    ]
    return tuple(groups)


def shortened(groups: Sequence[Group], most: int = MOST_ITEMS) -> tuple[Group, ...]:
    """Cut a transcript in its middle to what a page can hold: how a call began and how it ended matter most.

    Args:
        groups: The transcript.
        most: Most items to keep; a visit without any counts as one.

    Returns:
        The transcript, with the number of items left out where they are missing.
    """
    total = sum(max(len(group.items), 1) for group in groups)
    if total <= most:
        return tuple(groups)
    until, since = most // 2, total - most // 2
    kept: list[Group] = []
    reached = 0
    for group in groups:
        first, reached = reached, reached + max(len(group.items), 1)
        if reached <= until or first >= since:
            kept.append(group)
            continue
        begin = group.items[: max(until - first, 0)]
        end = group.items[since - first :] if reached > since else ()
        missing = len(group.items) - len(begin) - len(end)
        if begin:
            kept.append(replace(group, items=begin, left_out=missing))
        else:
            kept[-1] = replace(kept[-1], left_out=kept[-1].left_out + missing)
        if end:
            kept.append(replace(group, anchor=f"{group.anchor}-rest" if begin else group.anchor, items=end))
    return tuple(kept)


def _in_time(items: list[tuple[float, Item]]) -> tuple[Item, ...]:
    return tuple(item for _, item in sorted(items, key=lambda pair: pair[0]))
