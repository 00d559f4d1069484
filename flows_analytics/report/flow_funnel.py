"""The funnel of a flow: how far calls get, and where those went that got no further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows_analytics.report.flow_figures import (
    Figure,
    counts_of,
    interval_text,
    rate_figure,
    said,
)
from flows_analytics.report.flow_steps import ChosenSteps
from flows_analytics.report.flow_words import ended_words
from flows_analytics.report.visible import Name, page_name
from flows_analytics.report.words import counted
from flows_analytics.stats.funnel_result import FunnelResult, FunnelRow
from flows_analytics.stats.rates import Rate

_MOST_WAYS = 5
_MOST_PARTS = 6


@dataclass(frozen=True)
class DropWay:
    """Where some of those went that got no further.

    Attributes:
        node: The node they went to; None if their path ended.
        key: Which node it is, as all parts of the page know it; empty if there is none.
        ended: How their path ended; empty if they went on to a node.
        many: How many, of all that were dropped there.
        width: The same for a bar, 0 to 1000.
    """

    node: Name | None
    key: str
    ended: str
    many: Figure
    width: float


@dataclass(frozen=True)
class PartBar:
    """The calls of one value of the attribute at a step.

    Attributes:
        value: The value.
        rate: Those that got here, of those that began.
        width: The same for a bar, 0 to 1000.
        low: Lower end of its interval, on the same scale.
        high: Upper end of its interval, on the same scale.
    """

    value: Name
    rate: Figure
    width: float
    low: float
    high: float


@dataclass(frozen=True)
class FunnelStep:
    """One step.

    Attributes:
        number: Its place, from 1.
        optional: Whether calls get further without it: nobody is lost there.
        name: Its nodes.
        key: Its node, as all parts of the page know it; empty if it has several.
        reached: Calls that got here.
        of_first: Those of the calls that began and did not stay open on the way.
        of_previous: Those of the calls that got to the step before; None for the first step.
        interval: The 95 % interval of ``of_first``.
        width: ``of_first`` for a bar, 0 to 1000.
        low: Lower end of the interval, on the same scale.
        high: Upper end of the interval, on the same scale.
        dropped: Calls that got here and no further; None at the last step.
        drop_share: Those of the calls that got here and are not under way; empty text at the last step.
        open: Calls that are still here.
        ways: Where the dropped went, the most frequent first.
        more_ways: How many went other ways, and how many such ways there are, in words; empty if none did.
        parts: The calls by value of the attribute; empty if they are not broken down.
    """

    number: int
    optional: bool
    name: Name
    key: str
    reached: Figure
    of_first: Figure
    of_previous: Figure | None
    interval: str
    width: float
    low: float
    high: float
    dropped: Figure | None
    drop_share: Figure
    open: int
    ways: tuple[DropWay, ...]
    more_ways: str
    parts: tuple[PartBar, ...]


@dataclass(frozen=True)
class FunnelView:
    """The funnel.

    Attributes:
        reading: What matters most, in words.
        why: How the steps were chosen, in words.
        before: Calls that never came to the first step, in words; empty if all did.
        worst: Number of the step after which most are dropped; 0 if none are.
        steps: The steps.
        parts_note: What is said of values left out; empty if none are.
    """

    reading: str
    why: str
    before: str
    worst: int
    steps: tuple[FunnelStep, ...]
    parts_note: str


def funnel_view(
    result: FunnelResult,
    chosen: ChosenSteps,
    parts: Mapping[str | None, FunnelResult],
    keys: Mapping[str, str],
) -> FunnelView:
    """Show a funnel.

    Args:
        result: How far calls got.
        chosen: Its steps, and why these.
        parts: The same by value of the attribute, those of most calls first.
        keys: The keys of nodes, by name.

    Returns:
        The view.
    """
    shown = dict(list(parts.items())[:_MOST_PARTS])
    steps = [
        _step(number, row, result.steps, [(value, part.steps[number - 1]) for value, part in shown.items()], keys)
        for number, row in enumerate(result.steps, start=1)
    ]
    worst = max(result.steps, key=lambda row: row.dropped)
    never = result.calls - next(row for row in result.steps if not row.optional).reached
    left = len(parts) - len(shown)
    return FunnelView(
        reading=said(result.reading()),
        why=chosen.why,
        before=f"{counted(never, 'call')} of {result.calls:,} never came to the first step." if never else "",
        worst=1 + result.steps.index(worst) if worst.dropped else 0,
        steps=tuple(steps),
        parts_note=(
            f"The {_MOST_PARTS} values of most calls are shown beside each step, and {left} left out."
            if left
            else ""
        ),
    )


def _step(
    number: int,
    row: FunnelRow,
    rows: Sequence[FunnelRow],
    parts: Sequence[tuple[str | None, FunnelRow]],
    keys: Mapping[str, str],
) -> FunnelStep:
    last = row.optional or all(later.optional for later in rows[number:])
    width, low, high = _bar(row.total_rate)
    ways = [(page_name(node), keys.get(node, ""), "", many) for node, many in row.went_next.items()]
    ways += [(None, "", ended_words(kind), many) for kind, many in row.ended.items()]
    ways.sort(key=lambda way: -way[3])
    rest = ways[_MOST_WAYS:]
    return FunnelStep(
        number=number,
        optional=row.optional,
        name=page_name(row.step),
        key=keys.get(row.step, ""),
        reached=Figure(f"{row.reached:,}", "calls reached this step", plain=True),
        of_first=rate_figure(row.total_rate, "calls that reached the first step and are not still on the way"),
        of_previous=(
            None
            if number == 1
            else rate_figure(row.step_rate, "calls that reached the step before and are not there")
        ),
        interval=interval_text(row.total_rate),
        width=width,
        low=low,
        high=high,
        dropped=None if last else Figure(f"{row.dropped:,}", "calls got this far and no further", plain=True),
        drop_share=rate_figure(
            Rate(0 if last else row.dropped, row.reached - row.open), "calls that got this far"
        ),
        open=row.open,
        ways=tuple(
            DropWay(
                node,
                key,
                ended,
                Figure(f"{many:,}", counts_of(Rate(many, row.dropped), "dropped here")),
                round(1000 * many / row.dropped, 1),
            )
            for node, key, ended, many in ways[:_MOST_WAYS]
        ),
        more_ways=f"{sum(way[3] for way in rest):,} in {counted(len(rest), 'other way')}" if rest else "",
        parts=tuple(_part(value, part) for value, part in parts),
    )


def _part(value: str | None, row: FunnelRow) -> PartBar:
    width, low, high = _bar(row.total_rate)
    rate = rate_figure(row.total_rate, "of its calls that began")
    return PartBar(page_name(value) if value is not None else Name("(none)"), rate, width, low, high)


def _bar(rate: Rate) -> tuple[float, float, float]:
    low, high = rate.interval or (0.0, 0.0)
    return round(1000 * (rate.value or 0.0), 1), round(1000 * low, 1), round(1000 * high, 1)
