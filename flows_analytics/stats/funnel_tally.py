"""What a funnel counts. Tallies of disjoint sets of calls add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from flows_analytics.stats.attempt import Attempt
from flows_analytics.store.counts import Buckets


@dataclass
class FunnelTally:
    """Calls by how far they got.

    Attributes:
        calls: Calls with a flow.
        over: Calls that can get no further, by their level; at the last level, all.
        open: Calls below the last level that are under way, by their level.
        goal: Calls that reached a goal, by their level.
        went: Calls that are over below the last level, by their level and the node visited next.
        ended: Likewise, by their level and how they ended where they had got to.
        optional: Calls that passed an optional step, by its number.
        from_previous: Times from the required step before, by level.
        from_start: Times from the first required step, by level.
    """

    calls: int = 0
    over: Counter[int] = field(default_factory=Counter[int])
    open: Counter[int] = field(default_factory=Counter[int])
    goal: Counter[int] = field(default_factory=Counter[int])
    went: Counter[tuple[int, str]] = field(default_factory=Counter[tuple[int, str]])
    ended: Counter[tuple[int, str]] = field(default_factory=Counter[tuple[int, str]])
    optional: Counter[int] = field(default_factory=Counter[int])
    from_previous: dict[int, Buckets] = field(default_factory=dict[int, Buckets])
    from_start: dict[int, Buckets] = field(default_factory=dict[int, Buckets])

    def add(
        self,
        best: Attempt,
        nodes: Sequence[str],
        end_kind: str,
        *,
        last: int,
        running: bool,
        goal: bool,
        many: int,
    ) -> None:
        """Count calls, without times.

        Args:
            best: The best that any of a call's paths did.
            nodes: The nodes of that path.
            end_kind: How its last visit was left.
            last: The last level.
            running: Whether the calls are under way.
            goal: Whether they came to a goal.
            many: How many calls these are.
        """
        level = best.level
        self.calls += many
        is_open = running and level < last
        (self.open if is_open else self.over)[level] += many
        if goal:
            self.goal[level] += many
        for number, _ in best.optional:
            self.optional[number] += many
        if 0 < level < last and not is_open:
            after = best.chain[-1] + 1
            if after < len(nodes):
                self.went[level, nodes[after]] += many
            else:
                self.ended[level, end_kind] += many

    def reached(self, level: int) -> int:
        """Count the calls that got to a level.

        Args:
            level: The level, from 1.

        Returns:
            How many did.
        """
        return sum(many for each in (self.over, self.open) for at, many in each.items() if at >= level)

    def __add__(self, other: Self) -> Self:
        """Add the tally of other calls."""
        return type(self)(
            calls=self.calls + other.calls,
            over=self.over + other.over,
            open=self.open + other.open,
            goal=self.goal + other.goal,
            went=self.went + other.went,
            ended=self.ended + other.ended,
            optional=self.optional + other.optional,
            from_previous=_merged(self.from_previous, other.from_previous),
            from_start=_merged(self.from_start, other.from_start),
        )


def _merged(one: dict[int, Buckets], other: dict[int, Buckets]) -> dict[int, Buckets]:
    return {level: one.get(level, Counter()) + other.get(level, Counter()) for level in sorted({*one, *other})}
