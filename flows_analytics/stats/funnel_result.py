"""What a funnel finds: how many calls reached each step, and what became of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.calls.visible import name_in_words, one_line
from flows_analytics.errors import CountsError
from flows_analytics.stats.funnel_tally import FunnelTally
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.spread import Spread
from flows_analytics.stats.step import Step
from flows_analytics.stats.text_table import Column, seconds, text_table


@dataclass(frozen=True)
class FunnelRow:
    """One step.

    Attributes:
        step: Its nodes; ``any 2 of 3`` in the mode ``any``.
        optional: Whether calls get further without it. Such a step has no level: nobody is lost there.
        reached: Calls that got to it.
        dropped: Calls that got no further, and no longer can.
        open: Calls that got no further yet, and are under way.
        step_rate: Those that reached it, of those that reached the required step before and are not open there;
            before the first, of calls with a flow. For an optional step, of all that reached the step before, or
            in the mode ``any`` any step.
        total_rate: Those that reached it, of those that reached the first step and did not stay open on the way.
        goal_rate: Those of them that reached a goal, sooner or later, by whatever way; None if nobody asked.
        from_previous: Time from the required step before.
        from_start: Time from the first required step.
        went_next: Of the dropped, the nodes they visited next, the most frequent first.
        ended: Of the dropped, how those ended that went nowhere.
    """

    step: str
    optional: bool
    reached: int
    dropped: int
    open: int
    step_rate: Rate
    total_rate: Rate
    goal_rate: Rate | None
    from_previous: Spread
    from_start: Spread
    went_next: dict[str, int]
    ended: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Give the step as plain values.

        Returns:
            The attributes by name; rates and spreads as their own dictionaries.
        """
        return {
            "step": self.step,
            "optional": self.optional,
            "reached": self.reached,
            "dropped": self.dropped,
            "open": self.open,
            "step_rate": self.step_rate.to_dict(),
            "total_rate": self.total_rate.to_dict(),
            "goal_rate": self.goal_rate.to_dict() if self.goal_rate else None,
            "from_previous": self.from_previous.to_dict(),
            "from_start": self.from_start.to_dict(),
            "went_next": self.went_next,
            "ended": self.ended,
        }


@dataclass(frozen=True)
class FunnelResult:
    """How far calls got.

    Attributes:
        calls: Calls with a flow.
        steps: The steps in order.
        by: What the result is broken down by; None for nothing.
        parts: The same of the calls of each value; calls without one stand under None. Their counts sum to these.
    """

    calls: int
    steps: tuple[FunnelRow, ...]
    by: str | None
    parts: dict[str | None, FunnelResult]

    @classmethod
    def of(
        cls,
        required: Sequence[Step],
        steps: Sequence[Step],
        mode: str,
        tallies: Mapping[str | None, FunnelTally],
        *,
        by: str | None,
        goal: bool,
    ) -> FunnelResult:
        """Make the result of what was counted.

        Args:
            required: The funnel's required steps.
            steps: All its steps.
            mode: In which order they count.
            tallies: What was counted, by value of ``by``.
            by: What the result is broken down by.
            goal: Whether goals were asked for.

        Returns:
            The result.

        Raises:
            CountsError: Steps do not add up.
        """

        def made(tally: FunnelTally, parts: dict[str | None, FunnelResult]) -> FunnelResult:
            rows = _rows(required, steps, mode, tally, goal=goal)
            return cls(tally.calls, rows, by, parts)

        total = reduce(add, tallies.values(), FunnelTally())
        ordered = sorted(tallies, key=lambda value: (value is None, value or ""))
        result = made(total, {value: made(tallies[value], {}) for value in ordered} if by is not None else {})
        _check(result)
        return result

    @property
    def conversion(self) -> Rate:
        """Calls that reached the last required step, of those that reached the first and can get no further."""
        return [row for row in self.steps if not row.optional][-1].total_rate

    def to_dict(self) -> dict[str, Any]:
        """Give the result as plain values.

        Returns:
            ``calls``, ``conversion``, ``steps``, ``reading``, ``by`` and ``parts``, a list of the same with their
            ``value``.
        """
        return {
            "calls": self.calls,
            "conversion": self.conversion.to_dict(),
            "steps": [row.to_dict() for row in self.steps],
            "reading": self.reading(),
            "by": self.by,
            "parts": [{"value": value, **part.to_dict()} for value, part in self.parts.items()],
        }

    def table(self) -> RenderableType:
        """Show the steps as a table in a terminal.

        Returns:
            Something for rich's ``Console.print``.
        """
        shown: list[RenderableType] = [Text(self.reading()), Text(), self._steps("Funnel")]
        for value, part in self.parts.items():
            label = "(none)" if value is None else one_line(value)
            shown += [Text(), part._steps(f"{one_line(self.by or '')}: {label}")]
        return Group(*shown)

    def reading(self) -> str:
        """Say in plain words what matters most.

        Returns:
            A few sentences.
        """
        levels = [row for row in self.steps if not row.optional]
        first, last = levels[0], levels[-1]
        if not self.calls:
            return "There are no calls."
        if not first.reached:
            return f"None of {self.calls:,} calls reached {name_in_words(first.step)}."
        rate = last.total_rate
        few = " (few calls: take it with care)" if rate.small else ""
        said = [
            f"Of {rate.denominator:,} calls that reached {name_in_words(first.step)}, {rate.text} "
            f"reached {name_in_words(last.step)}{few}."
        ]
        worst = max(levels, key=lambda row: row.dropped)
        if worst.dropped:
            ways = [(many, f"went to {name_in_words(node)}") for node, many in worst.went_next.items()]
            ways += [(many, f"ended by {kind}") for kind, many in worst.ended.items()]
            many, way = max(ways, key=lambda each: each[0])
            said.append(
                f"Most are lost after {name_in_words(worst.step)}: {worst.dropped:,}, of whom {many:,} {way}."
            )
        still = sum(row.open for row in levels)
        if still:
            said.append(f"{still:,} {'is' if still == 1 else 'are'} still on the way.")
        return " ".join(said)

    def _steps(self, title: str) -> RenderableType:
        goals = any(row.goal_rate is not None for row in self.steps)
        to_goal = ("to goal",) if goals else ()
        names = ("reached", "dropped", "open", "step%", "total%", "95 %", *to_goal, "p50", "p95")
        return text_table(
            title,
            [Column("step", number=False), *map(Column, names)],
            [
                (
                    f"({row.step})" if row.optional else row.step,
                    row.reached,
                    row.dropped,
                    row.open,
                    row.step_rate,
                    row.total_rate,
                    _ends(row.total_rate),
                    *([row.goal_rate] if goals else []),
                    seconds(row.from_start.p50_ms),
                    seconds(row.from_start.p95_ms),
                )
                for row in self.steps
            ],
        )


def _ends(rate: Rate) -> str:
    return f"{100 * rate.interval[0]:.0f}–{100 * rate.interval[1]:.0f} %" if rate.interval else "–"


def _rows(
    required: Sequence[Step], steps: Sequence[Step], mode: str, tally: FunnelTally, *, goal: bool
) -> tuple[FunnelRow, ...]:
    rows: list[FunnelRow] = []
    level = 0
    for number, step in enumerate(steps):
        level += not step.optional
        if step.optional:
            # In any order no step stands before another.
            rows.append(_optional_row(step, number, 1 if mode == "any" else level, tally))
            continue
        before = (tally.reached(level - 1) if level > 1 else tally.calls) - tally.open[level - 1]
        reached = tally.reached(level)
        open_on_the_way = sum(tally.open[earlier] for earlier in range(1, level))
        to_goal = sum(many for at, many in tally.goal.items() if at >= level)
        rows.append(
            FunnelRow(
                step=f"any {level} of {len(required)}" if mode == "any" else step.name,
                optional=False,
                reached=reached,
                dropped=tally.over[level] if level < len(required) else 0,
                open=tally.open[level],
                step_rate=Rate(reached, before),
                total_rate=Rate(reached, tally.reached(1) - open_on_the_way),
                goal_rate=Rate(to_goal, reached) if goal else None,
                from_previous=Spread.of(tally.from_previous.get(level, Counter())),
                from_start=Spread.of(tally.from_start.get(level, Counter())),
                went_next=_at(tally.went, level),
                ended=_at(tally.ended, level),
            )
        )
    return tuple(rows)


def _optional_row(step: Step, number: int, level: int, tally: FunnelTally) -> FunnelRow:
    reached = tally.optional[number]
    nothing = Spread.of(Counter())
    return FunnelRow(
        step=step.name,
        optional=True,
        reached=reached,
        dropped=0,
        open=0,
        step_rate=Rate(reached, tally.reached(max(level, 1))),
        total_rate=Rate(reached, tally.reached(1)),
        goal_rate=None,
        from_previous=nothing,
        from_start=nothing,
        went_next={},
        ended={},
    )


def _at(counted: Counter[tuple[int, str]], level: int) -> dict[str, int]:
    found = [(name, many) for (at, name), many in counted.items() if at == level]
    return dict(sorted(found, key=lambda each: (-each[1], each[0])))


def _check(result: FunnelResult) -> None:
    """Assert that no call gets lost between steps, nor between the parts and the whole."""
    levels = [row for row in result.steps if not row.optional]
    for row, following in zip(levels, [*levels[1:], None], strict=True):
        went_on = following.reached if following else row.reached
        if row.reached != went_on + row.dropped + row.open:
            raise CountsError("funnel_contradictory", f"calls get lost after {one_line(row.step)}")
        if sum(row.went_next.values()) + sum(row.ended.values()) != row.dropped:
            raise CountsError(
                "funnel_contradictory", f"not every call dropped at {one_line(row.step)} went somewhere"
            )
    if result.parts:
        for number, row in enumerate(result.steps):
            if row.reached != sum(part.steps[number].reached for part in result.parts.values()):
                raise CountsError("funnel_contradictory", f"the parts of {one_line(row.step)} do not sum to it")
    for part in result.parts.values():
        _check(part)
