"""Two versions of a flow compared: which succeeds more often, and which nodes made the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.calls.visible import one_line
from flows_analytics.errors import CountsError
from flows_analytics.stats.chain import FlowChain, SolvedChain
from flows_analytics.stats.difference import Difference, differences, points
from flows_analytics.stats.funnel_comparison import difference_cells
from flows_analytics.stats.matrices import zeros
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.text_table import Column, text_table
from flows_analytics.store.counts import FlowCounts, VariantCounts

START = "(start)"
"""Where paths come from: its part of a difference is that of paths beginning elsewhere."""


@dataclass(frozen=True)
class NodePart:
    """What a node contributes to the difference.

    Attributes:
        node: The node; ``(start)`` for where paths begin.
        part: Share of all paths that are won (or lost, if negative) because callers leave this node by other ways.
        visits_before: Visits per path in the version compared with, up to a goal.
        p_goal_before: P(goal) from the node in the version compared with; None if it has no such node.
        p_goal_after: P(goal) from the node in the version compared; None likewise.
    """

    node: str
    part: float
    visits_before: float
    p_goal_before: float | None
    p_goal_after: float | None

    def to_dict(self) -> dict[str, Any]:
        """Give the part as plain values.

        Returns:
            The attributes by name.
        """
        return {
            "node": self.node,
            "part": self.part,
            "visits_before": self.visits_before,
            "p_goal_before": self.p_goal_before,
            "p_goal_after": self.p_goal_after,
        }


@dataclass(frozen=True)
class VersionComparison:
    """How two versions of a flow differ in success.

    Attributes:
        before: Name of the version compared with.
        after: Name of the version compared.
        conversion: The difference of finished paths that reached a goal.
        parts: The nodes' parts of that difference, the largest first. They sum to it.
    """

    before: str
    after: str
    conversion: Difference
    parts: tuple[NodePart, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the comparison as plain values.

        Returns:
            ``before``, ``after``, ``conversion``, ``parts`` and ``reading``.
        """
        return {
            "before": self.before,
            "after": self.after,
            "conversion": self.conversion.to_dict(),
            "parts": [part.to_dict() for part in self.parts],
            "reading": self.reading(),
        }

    def table(self) -> RenderableType:
        """Show the nodes' parts as a table in a terminal.

        Returns:
            Something for rich's ``Console.print``.
        """
        change, interval, p = difference_cells(self.conversion)
        names = ("part, points", f"P(goal) {self.before}", f"P(goal) {self.after}")
        return Group(
            Text(self.reading()),
            Text(f"Difference {change} points (95 %: {interval}), p {p}"),
            Text(),
            text_table(
                "Which nodes made the difference",
                [Column("node", number=False), *map(Column, names)],
                [
                    (
                        part.node,
                        points(part.part),
                        _percent(part.p_goal_before),
                        _percent(part.p_goal_after),
                    )
                    for part in self.parts
                ],
            ),
        )

    def reading(self) -> str:
        """Say in plain words which version succeeds more often, and why.

        Returns:
            A sentence or two.
        """
        found = self.conversion
        if found.value is None:
            return "One of the versions has no finished paths: there is nothing to compare."
        said = (
            f"{one_line(self.after)} reaches a goal on {found.after.text} of {found.after.denominator:,} paths, "
            f"{one_line(self.before)} on {found.before.text} of {found.before.denominator:,}."
        )
        if not found.clear:
            return said + " That can be chance."
        most = max(self.parts, key=lambda part: part.part * found.value if found.value else 0.0)
        return f"{said} Most of the difference arises at {one_line(most.node)} ({points(most.part)} points)."


def compare_versions(
    before: FlowCounts,
    after: FlowCounts,
    names: tuple[str, str],
    rename: Mapping[str, str] | None = None,
) -> VersionComparison:
    """Compare the success of two versions and split the difference by node, exactly.

    With N1 the expected visits in the first version, P the probabilities of going from node to node, and b the
    probabilities of reaching a goal, ``C2 − C1 = Σ_i N1[s,i] Σ_j (P2 − P1)[i,j] b2[j]``. A node that the second
    version does not have keeps the first one's ways: its end is laid to the nodes that no longer lead there.

    Args:
        before: Counts of the version compared with.
        after: Counts of the version compared.
        names: What both are called.
        rename: Nodes of the first version by their names in the second, old to new.

    Returns:
        The comparison.

    Raises:
        CountsError: Counts contradict each other.
    """
    first, second = FlowChain(renamed(before, rename or {})), FlowChain(after)
    (conversion,) = differences([(_conversion(first), _conversion(second))])
    if conversion.value is None:
        return VersionComparison(names[0], names[1], conversion, ())
    nodes = tuple(sorted({*first.nodes, *second.nodes}))
    one, two = _over(nodes, first, None), _over(nodes, second, first)
    changed = (two.moves - one.moves) @ two.p_goal + (two.to_goal - one.to_goal)
    parts = [
        NodePart(
            node,
            float(one.expected[row] * changed[row]),
            float(one.expected[row]),
            float(one.p_goal[row]) if node in first.nodes else None,
            float(two.p_goal[row]) if node in second.nodes else None,
        )
        for node, row in one.place.items()
    ]
    begun = float((two.start - one.start) @ two.p_goal) + two.straight - one.straight
    parts.append(NodePart(START, begun, 1.0, one.conversion, two.conversion))
    if abs(sum(part.part for part in parts) - conversion.value) > 1e-9:
        raise CountsError("split_inexact", "the nodes' parts do not sum to the difference")
    ranked = sorted(parts, key=lambda part: (-abs(part.part), part.node))
    return VersionComparison(names[0], names[1], conversion, tuple(ranked))


def renamed(counts: FlowCounts, names: Mapping[str, str]) -> FlowCounts:
    """Give nodes other names.

    Args:
        counts: What was counted of calls.
        names: New names by old.

    Returns:
        New counts. A name given to two nodes makes them one; calls that visited both then count twice in
        ``calls`` of that node.
    """
    if not names:
        return counts

    def name(node: str) -> str:
        return names.get(node, node)

    result = replace(counts, goals=frozenset(map(name, counts.goals)), nodes={}, edges={}, variants={})
    for node, each in counts.nodes.items():
        result.nodes[name(node)] = result.nodes[name(node)] + each if name(node) in result.nodes else each
    for (a, b), each in counts.edges.items():
        edge = name(a), name(b)
        result.edges[edge] = result.edges[edge] + each if edge in result.edges else each
    merged: dict[Any, list[VariantCounts]] = {}
    for way, each in counts.variants.items():
        merged.setdefault(replace(way, nodes=tuple(map(name, way.nodes))), []).append(each)
    result.variants = {way: reduce(add, parts) for way, parts in merged.items()}
    return result


def _conversion(chain: FlowChain) -> Rate:
    return Rate(chain.paths - chain.losses.total(), chain.paths)


def _over(nodes: tuple[str, ...], chain: FlowChain, stand_in: FlowChain | None) -> SolvedChain:
    """Write a chain over the nodes of both versions; the rows of those it lacks are another chain's."""
    place = {node: row for row, node in enumerate(nodes)}
    moves, to_goal, start = zeros(len(nodes), len(nodes)), zeros(len(nodes)), zeros(len(nodes))
    for node, row in place.items():
        source = chain if node in chain.left else stand_in
        if source is None:
            continue
        own, at = source.solved, source.solved.place[node]
        for other, column in own.place.items():
            moves[row, place[other]] = own.moves[at, column]
        to_goal[row] = own.to_goal[at]
    for node, row in chain.solved.place.items():
        start[place[node]] = chain.solved.start[row]
    return SolvedChain(place, moves, to_goal, start, chain.solved.straight)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"
