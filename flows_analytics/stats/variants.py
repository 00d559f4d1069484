"""Variants: the distinct ways that calls take, the most frequent first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.calls.visible import one_line
from flows_analytics.errors import CountsError
from flows_analytics.stats.conservation import check_conservation
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.spread import Spread
from flows_analytics.stats.text_table import Column, seconds, text_table
from flows_analytics.store.counts import Buckets, FlowCounts, VariantCounts, first_and_last

_WIDEST = 400
"""Most characters of a way: names of nodes that lie in it are never cut, unless it goes round and round."""


@dataclass(frozen=True)
class VariantRow:
    """One way.

    Attributes:
        nodes: The nodes visited, in order.
        paths: Paths that took it.
        share: Those of all paths.
        coverage: Paths that took it or a more frequent way, of all paths.
        ends: How they ended, by exit kind; ``running`` for those under way.
        conversion: Those that reached a goal, of those that did or can no longer.
        durations: Of its calls.
        examples: Ids of its first and last call in order of id.
    """

    nodes: tuple[str, ...]
    paths: int
    share: Rate
    coverage: Rate
    ends: dict[str, int]
    conversion: Rate
    durations: Buckets
    examples: tuple[str, ...]

    @cached_property
    def duration(self) -> Spread:
        """How long its calls took. Of thousands of ways, few are ever looked at."""
        return Spread.of(self.durations)

    def to_dict(self) -> dict[str, Any]:
        """Give the way as plain values.

        Returns:
            The attributes by name, `duration` for ``durations``; rates and spreads as their own dictionaries.
        """
        return {
            "nodes": list(self.nodes),
            "paths": self.paths,
            "share": self.share.to_dict(),
            "coverage": self.coverage.to_dict(),
            "ends": self.ends,
            "conversion": self.conversion.to_dict(),
            "duration": self.duration.to_dict(),
            "examples": list(self.examples),
        }


@dataclass(frozen=True)
class Variants:
    """All ways that were taken.

    Attributes:
        paths: Paths, of all ways.
        rows: The ways, the most frequent first.
    """

    paths: int
    rows: tuple[VariantRow, ...]

    @classmethod
    def of(cls, counts: FlowCounts) -> Variants:
        """Read the ways from counts. How a way ended makes it no other way.

        Args:
            counts: What was counted of calls.

        Returns:
            The ways.

        Raises:
            CountsError: The counts contradict each other.
        """
        check_conservation(counts)
        taken: dict[tuple[str, ...], list[tuple[str, bool, VariantCounts]]] = {}
        for way, each in counts.variants.items():
            taken.setdefault(way.nodes, []).append((way.end_kind, way.goal, each))
        totals = {nodes: sum(each.paths for _, _, each in parts) for nodes, parts in taken.items()}
        rows: list[VariantRow] = []
        so_far = 0
        in_order = sorted(taken)
        in_order.sort(key=totals.__getitem__, reverse=True)
        for nodes in in_order:
            so_far += totals[nodes]
            rows.append(_row(nodes, taken[nodes], so_far, counts.paths))
        if so_far != counts.paths:
            raise CountsError("counts_contradictory", "the ways do not sum to all paths")
        return cls(counts.paths, tuple(rows))

    def to_dict(self) -> dict[str, Any]:
        """Give the ways as plain values.

        Returns:
            ``paths``, ``variants`` and ``reading``.
        """
        return {"paths": self.paths, "variants": [row.to_dict() for row in self.rows], "reading": self.reading()}

    def table(self, most: int = 20) -> RenderableType:
        """Show the most frequent ways as a table in a terminal.

        Args:
            most: How many to show at most.

        Returns:
            Something for rich's ``Console.print``.
        """
        names = ("paths", "share", "coverage", "to goal", "p50")
        return Group(
            Text(self.reading()),
            Text(),
            text_table(
                f"Ways, the {min(most, len(self.rows)):,} most frequent of {len(self.rows):,}",
                [*map(Column, names), Column("way", number=False, widest=_WIDEST)],
                [
                    (
                        row.paths,
                        row.share,
                        row.coverage,
                        row.conversion,
                        seconds(row.duration.p50_ms),
                        " → ".join(row.nodes),
                    )
                    for row in self.rows[:most]
                ],
            ),
        )

    def reading(self) -> str:
        """Say in plain words how varied the ways are.

        Returns:
            A sentence or two.
        """
        if not self.rows:
            return "No way was taken."
        first = self.rows[0]
        most = next(number for number, row in enumerate(self.rows, 1) if (row.coverage.value or 0) >= 0.8)
        cover = "covers" if most == 1 else "cover"
        return (
            f"{self.paths:,} paths took {len(self.rows):,} different ways; "
            f"the {most:,} most frequent {cover} {self.rows[most - 1].coverage.text}. "
            f"The first is {one_line(' → '.join(first.nodes))} ({first.share.text})."
        )


def _row(
    nodes: tuple[str, ...], parts: list[tuple[str, bool, VariantCounts]], so_far: int, paths: int
) -> VariantRow:
    ends = Counter[str]()
    reached = undecided = 0
    durations = parts[0][2].duration
    for kind, goal, each in parts:
        ends[kind] += each.paths
        reached += each.paths if goal else 0
        undecided += each.paths if kind == "running" and not goal else 0
    for _, _, each in parts[1:]:
        durations = durations + each.duration  # in place, it would change the counts
    total = ends.total()
    return VariantRow(
        nodes=nodes,
        paths=total,
        share=Rate(total, paths),
        coverage=Rate(so_far, paths),
        ends=dict(sorted(ends.items())),
        conversion=Rate(reached, total - undecided),
        durations=durations,
        examples=first_and_last([call_id for _, _, each in parts for call_id in each.examples]),
    )
