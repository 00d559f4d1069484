"""Two funnels compared, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.calls.visible import one_line
from flows_analytics.errors import FunnelError
from flows_analytics.stats.difference import Difference, differences, points
from flows_analytics.stats.funnel_result import FunnelResult
from flows_analytics.stats.text_table import Column, text_table


@dataclass(frozen=True)
class FunnelComparison:
    """How the steps of a funnel differ between two sets of calls.

    Attributes:
        before: Name of the calls compared with.
        after: Name of the calls compared.
        steps: Names of the required steps.
        differences: The differences of their step conversion, Holm-corrected over the steps.
    """

    before: str
    after: str
    steps: tuple[str, ...]
    differences: tuple[Difference, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the comparison as plain values.

        Returns:
            ``before``, ``after``, ``steps`` (a list of differences with their ``step``) and ``reading``.
        """
        pairs = zip(self.steps, self.differences, strict=True)
        return {
            "before": self.before,
            "after": self.after,
            "steps": [{"step": step, **each.to_dict()} for step, each in pairs],
            "reading": self.reading(),
        }

    def table(self) -> RenderableType:
        """Show the steps as a table in a terminal.

        Returns:
            Something for rich's ``Console.print``.
        """
        columns = [Column("step", number=False), Column(self.before), Column(self.after)]
        rows = [
            (step, each.before, each.after, *difference_cells(each))
            for step, each in zip(self.steps, self.differences, strict=True)
        ]
        names = ("difference", "95 %", "p (Holm)")
        return Group(Text(self.reading()), Text(), text_table("Steps", [*columns, *map(Column, names)], rows))

    def reading(self) -> str:
        """Say in plain words what differs.

        Returns:
            A sentence for each step that clearly differs.
        """
        clear = [
            f"{one_line(step)} is reached {'more' if (each.value or 0) > 0 else 'less'} often in "
            f"{one_line(self.after)}: {each.after.text} instead of {each.before.text}."
            for step, each in zip(self.steps, self.differences, strict=True)
            if each.clear
        ]
        return " ".join(clear) or "No step differs by more than chance explains."


def compare_funnels(before: FunnelResult, after: FunnelResult, names: tuple[str, str]) -> FunnelComparison:
    """Compare how two sets of calls go through the same funnel.

    Args:
        before: The result of the calls compared with.
        after: The result of the calls compared.
        names: What both are called.

    Returns:
        The comparison.

    Raises:
        FunnelError: The funnels have different steps.
    """
    first = [row for row in before.steps if not row.optional]
    second = [row for row in after.steps if not row.optional]
    if [row.step for row in first] != [row.step for row in second]:
        raise FunnelError("funnels_differ", "only results of the same funnel can be compared")
    pairs = [(one.step_rate, other.step_rate) for one, other in zip(first, second, strict=True)]
    return FunnelComparison(names[0], names[1], tuple(row.step for row in first), differences(pairs))


def difference_cells(each: Difference) -> tuple[str, str, str]:
    """Show a difference in cells of a table.

    Args:
        each: The difference.

    Returns:
        The difference and its interval in percentage points, and the corrected p-value.
    """
    if each.value is None or each.interval is None or each.p_holm is None:
        return "–", "–", "–"
    low, high = each.interval
    p = "< 0.001" if each.p_holm < 0.001 else f"{each.p_holm:.3f}"
    return points(each.value), f"{points(low)} … {points(high)}", p
