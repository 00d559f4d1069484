"""The calls of a flow by an attribute, such as the bot's version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows_analytics.report.flow_comparison import Comparison
from flows_analytics.report.flow_facts import FlowGroup
from flows_analytics.report.flow_figures import (
    Figure,
    counts_of,
    interval_text,
    rate_figure,
)
from flows_analytics.report.visible import Name, page_name
from flows_analytics.report.words import counted
from flows_analytics.stats.flow_stats import FlowStats


@dataclass(frozen=True)
class GroupItem:
    """The calls of one value.

    Attributes:
        value: The value.
        calls: Calls that have it.
        goal: Those that reached a goal; None if they were not counted apart, or no goal is known.
        interval: The 95 % interval of ``goal``.
        width: ``goal`` for a bar, 0 to 1000.
        low: Lower end of the interval, on the same scale.
        high: Upper end of the interval, on the same scale.
        worst: The node at which most are lost; None if nobody is.
        worst_lost: How many are lost there.
        side: ``before`` or ``after`` if the value is compared, else empty.
    """

    value: Name
    calls: Figure
    goal: Figure | None
    interval: str
    width: float
    low: float
    high: float
    worst: Name | None
    worst_lost: Figure
    side: str


@dataclass(frozen=True)
class VersionsView:
    """The calls by an attribute.

    Attributes:
        by: The attribute.
        groups: Its values, those of most calls first.
        rest: What is said of values left out; empty if there are none.
        comparison: Two of them compared; None if nothing is.
        hint: What to do to compare; empty if something is compared.
    """

    by: Name
    groups: tuple[GroupItem, ...]
    rest: str
    comparison: Comparison | None
    hint: str


def group_items(groups: Sequence[FlowGroup], compared: tuple[str, str] | None) -> tuple[GroupItem, ...]:
    """Show the calls of each value that was counted apart.

    Args:
        groups: The values, those of most calls first.
        compared: The two that are compared; None if nothing is.

    Returns:
        One item each.
    """
    return tuple(_group(group, compared) for group in groups if group.counts is not None)


def versions_view(
    by: str,
    groups: Sequence[FlowGroup],
    compared: tuple[str, str] | None,
    comparison: Comparison | None,
) -> VersionsView:
    """Show the calls by an attribute.

    Args:
        by: The attribute.
        groups: Its values, those of most calls first.
        compared: The two that are compared; None if nothing is.
        comparison: The comparison of these.

    Returns:
        The view.
    """
    items = group_items(groups, compared)
    left = [group for group in groups if group.counts is None]
    rest = ""
    if left:
        total = sum(group.calls for group in left)
        rest = (
            f"The {len(items)} values of most calls are shown; {counted(len(left), 'other')} "
            f"had {counted(total, 'call')} together."
        )
    hint = ""
    if comparison is None:
        values = [each.value for each in groups if each.value is not None]
        hint = (
            "To compare two of them, add `--compare BEFORE AFTER`."
            if len(values) > 1
            else "There are no two values to compare."
        )
    return VersionsView(page_name(by), items, rest, comparison, hint)


def _group(group: FlowGroup, compared: tuple[str, str] | None) -> GroupItem:
    assert group.counts is not None  # noqa: S101  # `group_items` asks for no other
    stats = FlowStats(group.counts)
    rate = stats.conversion
    worst = max(stats.nodes, key=lambda row: row.loss_rate.numerator, default=None)
    lost = worst is not None and worst.loss_rate.numerator > 0
    low, high = (rate.interval if rate else None) or (0.0, 0.0)
    side = ""
    if compared is not None and group.value in compared:
        side = "before" if group.value == compared[0] else "after"
    return GroupItem(
        value=page_name(group.value) if group.value is not None else Name("(none)"),
        calls=Figure(f"{group.calls:,}", f"calls, {group.counts.open:,} of them under way"),
        goal=rate_figure(rate, "calls that did or can no longer") if rate else None,
        interval=interval_text(rate) if rate else "–",
        width=round(1000 * (rate.value or 0.0), 1) if rate else 0.0,
        low=round(1000 * low, 1),
        high=round(1000 * high, 1),
        worst=page_name(worst.node) if worst is not None and lost else None,
        worst_lost=Figure(f"{worst.loss_rate.numerator:,}", counts_of(worst.loss_rate, "visits that are over"))
        if worst is not None and lost
        else Figure("0", "nobody was lost"),
        side=side,
    )
