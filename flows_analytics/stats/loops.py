"""Loops: nodes that callers come back to, and the time it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.calls.visible import one_line
from flows_analytics.stats.conservation import check_conservation
from flows_analytics.stats.digraph import graph_of, strong_components
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.text_table import Column, seconds, text_table
from flows_analytics.store.counts import FlowCounts


@dataclass(frozen=True)
class Loop:
    """A way round that was taken.

    Attributes:
        nodes: Its nodes in order, each once; one node for a node that leads to itself.
        laps: How often it was gone round.
        paths: Paths with at least one lap, of all.
        lap_ms: What a lap takes: the mean times in its nodes, summed. None if no visit to one of them is over.
    """

    nodes: tuple[str, ...]
    laps: int
    paths: Rate
    lap_ms: float | None

    @property
    def lost_ms(self) -> float | None:
        """The time that all laps took; None if a lap's is unknown."""
        return None if self.lap_ms is None else self.lap_ms * self.laps

    def to_dict(self) -> dict[str, Any]:
        """Give the loop as plain values.

        Returns:
            The attributes by name, and ``lost_ms``.
        """
        return {
            "nodes": list(self.nodes),
            "laps": self.laps,
            "paths": self.paths.to_dict(),
            "lap_ms": self.lap_ms,
            "lost_ms": self.lost_ms,
        }


@dataclass(frozen=True)
class Loops:
    """All loops.

    Attributes:
        loops: The loops, those that cost most time first.
        knots: Groups of several nodes in which callers can go round, the largest first: in each, every node leads
            to every other, directly or not.
    """

    loops: tuple[Loop, ...]
    knots: tuple[frozenset[str], ...]

    @classmethod
    def of(cls, counts: FlowCounts) -> Loops:
        """Find the loops in counted variants.

        Args:
            counts: What was counted of calls.

        Returns:
            The loops.

        Raises:
            CountsError: The counts contradict each other.
        """
        check_conservation(counts)
        laps, paths = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
        for way, taken in counts.variants.items():
            rounds = laps_of(way.nodes)
            for nodes, many in rounds.items():
                laps[nodes] += many * taken.paths
                paths[nodes] += taken.paths
        loops = (
            Loop(nodes, many, Rate(paths[nodes], counts.paths), _lap(nodes, counts))
            for nodes, many in laps.items()
        )
        walked = graph_of(edge for edge, each in counts.edges.items() if each.count)
        knots = (group for group in strong_components(walked) if len(group) > 1)
        return cls(
            tuple(sorted(loops, key=lambda loop: (-(loop.lost_ms or 0), -loop.laps, loop.nodes))),
            tuple(sorted(knots, key=lambda group: (-len(group), sorted(group)))),
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the loops as plain values.

        Returns:
            ``loops``, ``knots`` and ``reading``.
        """
        return {
            "loops": [loop.to_dict() for loop in self.loops],
            "knots": [sorted(group) for group in self.knots],
            "reading": self.reading(),
        }

    def table(self, most: int = 20) -> RenderableType:
        """Show the costliest loops as a table in a terminal.

        Args:
            most: How many to show at most.

        Returns:
            Something for rich's ``Console.print``.
        """
        return Group(
            Text(self.reading()),
            Text(),
            text_table(
                f"Loops, the {min(most, len(self.loops)):,} costliest of {len(self.loops):,}",
                [*map(Column, ("laps", "paths", "a lap", "in all")), Column("loop", number=False, widest=400)],
                [
                    (
                        loop.laps,
                        loop.paths,
                        seconds(loop.lap_ms),
                        seconds(loop.lost_ms),
                        " → ".join((*loop.nodes, loop.nodes[0])),
                    )
                    for loop in self.loops[:most]
                ],
            ),
        )

    def reading(self) -> str:
        """Say in plain words which loop costs most.

        Returns:
            A sentence.
        """
        if not self.loops:
            return "Nobody went round in a loop."
        worst = self.loops[0]
        way = one_line(" → ".join((*worst.nodes, worst.nodes[0])))
        laps = "1 lap" if worst.laps == 1 else f"{worst.laps:,} laps"
        return f"The costliest loop is {way}: {laps}, {seconds(worst.lost_ms)} in all."


def laps_of(nodes: Sequence[str]) -> Counter[tuple[str, ...]]:
    """Take a path apart into loops: each time it comes back to a node, what lies between is a lap, and is cut out.

    Args:
        nodes: The nodes visited, in order.

    Returns:
        Laps by loop; a loop begins with the first of its nodes in order of name, wherever it was entered.
    """
    laps = Counter[tuple[str, ...]]()
    way: list[str] = []
    place: dict[str, int] = {}
    for node in nodes:
        if node in place:
            start = place[node]
            lap = way[start:]
            first = lap.index(min(lap))
            laps[(*lap[first:], *lap[:first])] += 1
            for cut in lap[1:]:
                del place[cut]
            del way[start + 1 :]
        else:
            place[node] = len(way)
            way.append(node)
    return laps


def _lap(nodes: Sequence[str], counts: FlowCounts) -> float | None:
    total = 0.0
    for name in nodes:
        node = counts.nodes[name]
        over = node.dwell.total()
        if not over:
            return None
        total += node.dwell_us / over / 1000
    return total
