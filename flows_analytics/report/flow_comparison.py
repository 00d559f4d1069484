"""Two values of an attribute compared: which succeeds more often, and where the difference arises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flows_analytics.report.flow_figures import Figure, rate_figure, said
from flows_analytics.report.visible import Name, page_name
from flows_analytics.report.words import counted
from flows_analytics.stats.difference import Difference, points
from flows_analytics.stats.funnel_comparison import FunnelComparison
from flows_analytics.stats.version_comparison import START, NodePart, VersionComparison

_MOST_PARTS = 14


@dataclass(frozen=True)
class PartItem:
    """What a node contributes to the difference.

    Attributes:
        node: The node; the start for where paths begin; several together where ``key`` is empty.
        key: Which node it is, as all parts of the page know it; empty if it is none.
        part: Its part, in percentage points.
        gains: Whether it adds to success.
        left: Left edge of its bar, 0 to 1000, where 500 is no part.
        width: Width of its bar, on the same scale.
        visits: Visits per path before.
        goal_before: Probability of reaching a goal from there before.
        goal_after: The same after.
    """

    node: Name
    key: str
    part: Figure
    gains: bool
    left: float
    width: float
    visits: Figure
    goal_before: Figure
    goal_after: Figure


@dataclass(frozen=True)
class StepDifference:
    """How a step of the funnel differs.

    Attributes:
        step: The step.
        before: Its conversion before.
        after: Its conversion after.
        change: The difference in percentage points.
        interval: Its 95 % interval.
        p: How likely such a difference is by chance, corrected for the number of steps.
        clear: Whether chance is an unlikely explanation.
    """

    step: Name
    before: Figure
    after: Figure
    change: Figure
    interval: str
    p: str
    clear: bool


@dataclass(frozen=True)
class Comparison:
    """Two values compared.

    Attributes:
        before: The value compared with.
        after: The value compared.
        reading: Which succeeds more often, and where the difference arises, in words.
        funnel_reading: Which steps differ, in words.
        change: The difference in percentage points.
        interval: Its 95 % interval.
        p: How likely such a difference is by chance.
        test: The test, in words.
        clear: Whether chance is an unlikely explanation.
        parts: What each node contributes, the largest first.
        total: The sum of all parts, which is the difference.
        steps: How the steps of the funnel differ.
        renamed: Nodes that were taken for each other, as old and new name.
    """

    before: Name
    after: Name
    reading: str
    funnel_reading: str
    change: Figure
    interval: str
    p: str
    test: str
    clear: bool
    parts: tuple[PartItem, ...]
    total: str
    steps: tuple[StepDifference, ...]
    renamed: tuple[tuple[Name, Name], ...]


def comparison_view(
    compared: VersionComparison,
    funnel: FunnelComparison | None,
    keys: Mapping[str, str],
    renamed: Mapping[str, str],
) -> Comparison:
    """Show how two values differ.

    Args:
        compared: The difference of their success.
        funnel: The difference of their funnels; None without one.
        keys: The keys of nodes, by name.
        renamed: Nodes of the first by their names in the second.

    Returns:
        The view.
    """
    found = compared.conversion
    widest = max((abs(part.part) for part in compared.parts), default=0.0)
    shown, rest = compared.parts[:_MOST_PARTS], compared.parts[_MOST_PARTS:]
    parts = [_part(part, keys, widest) for part in shown]
    if rest:
        together = sum(part.part for part in rest)
        nothing = Figure("", "")
        left, width = _place(together, widest)
        name = Name(counted(len(rest), "other node"))
        figure = Figure(points(together), "percentage points, all of them together")
        parts.append(PartItem(name, "", figure, together > 0, left, width, nothing, nothing, nothing))
    return Comparison(
        before=page_name(compared.before),
        after=page_name(compared.after),
        reading=said(compared.reading()),
        funnel_reading=said(funnel.reading()) if funnel else "",
        change=_change(found),
        interval=_interval(found),
        p=_p(found),
        test={"score": "score test", "exact": "Fisher's exact test"}.get(found.test or "", "no test"),
        clear=found.clear,
        parts=tuple(parts),
        total=points(sum(part.part for part in compared.parts)) if compared.parts else "–",
        steps=tuple(_step(step, each) for step, each in zip(funnel.steps, funnel.differences, strict=True))
        if funnel
        else (),
        renamed=tuple((page_name(old), page_name(new)) for old, new in renamed.items()),
    )


def _part(part: NodePart, keys: Mapping[str, str], widest: float) -> PartItem:
    left, width = _place(part.part, widest)
    start = part.node == START and part.node not in keys
    return PartItem(
        node=Name("where paths begin") if start else page_name(part.node),
        key=keys.get(part.node, ""),
        part=Figure(points(part.part), "percentage points of the difference"),
        gains=part.part > 0,
        left=left,
        width=width,
        visits=Figure(f"{part.visits_before:.2f}", "visits per path before, up to a goal"),
        goal_before=_chance(part.p_goal_before),
        goal_after=_chance(part.p_goal_after),
    )


def _place(part: float, widest: float) -> tuple[float, float]:
    width = 480 * abs(part) / widest if widest else 0.0
    return round(500 - (width if part < 0 else 0.0), 1), round(width, 1)


def _chance(share: float | None) -> Figure:
    if share is None:
        return Figure("–", "no such node")
    return Figure(
        f"{100 * share:.0f} %", "probability of a goal from there, by the chain fitted on its finished paths"
    )


def _step(step: str, each: Difference) -> StepDifference:
    return StepDifference(
        step=page_name(step),
        before=rate_figure(each.before, "calls that reached the step before"),
        after=rate_figure(each.after, "calls that reached the step before"),
        change=_change(each),
        interval=_interval(each),
        p=_p(each),
        clear=each.clear,
    )


def _change(found: Difference) -> Figure:
    if found.value is None:
        return Figure("–", "one side has no calls")
    sides = f"{found.after.numerator:,} of {found.after.denominator:,} against "
    return Figure(points(found.value), f"{sides}{found.before.numerator:,} of {found.before.denominator:,}")


def _interval(found: Difference) -> str:
    if found.interval is None:
        return "–"
    return " to ".join(points(end) for end in found.interval)


def _p(found: Difference) -> str:
    if found.p_holm is None:
        return "–"
    return "< 0.001" if found.p_holm < 0.001 else f"{found.p_holm:.3f}"
