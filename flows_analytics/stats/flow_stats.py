"""The statistics of a set of calls: its nodes and edges as tables, as a graph, and in words."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.calls.visible import name_in_words
from flows_analytics.stats.conservation import check_conservation
from flows_analytics.stats.edge_row import EdgeRow
from flows_analytics.stats.node_row import NodeRow
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.text_table import Column, seconds, text_table
from flows_analytics.store.counts import FlowCounts, NodeCounts

if TYPE_CHECKING:
    from flows_analytics.stats.digraph import DiGraph


class FlowStats:
    """Where callers go, how long they stay, and where they are lost.

    The statistics of several sets of calls are those of their summed counts: ``FlowStats(monday + tuesday)``.

    Args:
        counts: What was counted of the calls.

    Attributes:
        counts: The same.
        nodes: The nodes, those of most calls first.
        edges: The ways between them, the most taken first; one that always failed has a count of 0.

    Raises:
        CountsError: The counts contradict each other.
    """

    def __init__(self, counts: FlowCounts) -> None:
        check_conservation(counts)
        self.counts = counts
        lost = Counter[str]()
        for variant, taken in counts.variants.items():
            if not variant.goal and variant.end_kind != "running":
                lost[variant.nodes[-1]] += taken.paths
        rows = (
            NodeRow.of(
                name, node, with_flow=counts.calls - counts.no_flow, goal=name in counts.goals, lost=lost[name]
            )
            for name, node in counts.nodes.items()
        )
        self.nodes: tuple[NodeRow, ...] = tuple(sorted(rows, key=lambda row: (-row.calls, -row.visits, row.node)))
        nowhere = NodeCounts()
        ways = (
            EdgeRow.of(edge, each, counts.nodes.get(edge[0], nowhere), counts.nodes.get(edge[1], nowhere))
            for edge, each in counts.edges.items()
        )
        self.edges: tuple[EdgeRow, ...] = tuple(sorted(ways, key=lambda row: (-row.count, row.source, row.target)))

    @property
    def conversion(self) -> Rate | None:
        """Calls that reached a goal, of those that did or can no longer; None if nothing is known to be one."""
        counts = self.counts
        if not counts.goals and not any(variant.goal for variant in counts.variants):
            return None
        undecided = counts.open - counts.open_goal_calls
        return Rate(counts.goal_calls, counts.calls - undecided)

    @cached_property
    def graph(self) -> DiGraph:
        """The flow as a networkx ``DiGraph``, with what is known of nodes and edges as their data.

        Each node and edge holds its row's values flat. A rate ``x`` comes with ``x_count`` of ``x_n`` and
        ``x_small``, whether those are fewer than 30. Times are in milliseconds, ``…_n`` is of how many. A way on
        which every node change failed is no edge.
        """
        from flows_analytics.stats.digraph import flow_graph  # noqa: PLC0415  # networkx loads only if asked for

        return flow_graph(self.nodes, self.edges)

    def to_dict(self) -> dict[str, Any]:
        """Give the statistics as plain values.

        Returns:
            ``calls``, ``no_flow``, ``open``, ``paths``, ``goals``, ``conversion``, ``nodes``, ``edges`` and
            ``reading``.
        """
        return {
            "calls": self.counts.calls,
            "no_flow": self.counts.no_flow,
            "open": self.counts.open,
            "paths": self.counts.paths,
            "goals": sorted(self.counts.goals),
            "conversion": self.conversion.to_dict() if self.conversion else None,
            "nodes": [row.to_dict() for row in self.nodes],
            "edges": [row.to_dict() for row in self.edges],
            "reading": self.reading(),
        }

    def table(self) -> RenderableType:
        """Show nodes and edges as tables in a terminal.

        Returns:
            Something for rich's ``Console.print``.
        """
        nodes = text_table(
            "Nodes",
            [
                Column("node", number=False),
                *map(Column, ("calls", "share", "visits", "lost", "loss", "open", "time p50", "p95")),
                *map(Column, ("answers", "answer p50", "p95")),
            ],
            [
                (
                    row.node,
                    row.calls,
                    row.share,
                    row.visits,
                    row.loss_rate.numerator,
                    row.loss_rate,
                    row.open,
                    seconds(row.dwell.p50_ms),
                    seconds(row.dwell.p95_ms),
                    row.latency.count,
                    seconds(row.latency.p50_ms),
                    seconds(row.latency.p95_ms),
                )
                for row in self.nodes
            ],
        )
        edges = text_table(
            "Transitions",
            [
                Column("from", number=False),
                Column("to", number=False),
                *map(Column, ("count", "calls", "of visits", "failed", "timed", "latency p50", "p95")),
            ],
            [
                (
                    row.source,
                    row.target,
                    row.count,
                    row.calls,
                    row.p_out,
                    row.failed,
                    row.latency.count,
                    seconds(row.latency.p50_ms),
                    seconds(row.latency.p95_ms),
                )
                for row in self.edges
            ],
        )
        return Group(Text(self.reading()), Text(), nodes, Text(), edges)

    def reading(self) -> str:
        """Say in plain words what matters most.

        Returns:
            A few sentences.
        """
        counts = self.counts
        if not counts.calls:
            return "There are no calls."
        said = [self._outcome()]
        # Of two nodes that lose as many, the one with fewer visits.
        worst = max(
            self.nodes, key=lambda row: (row.loss_rate.numerator, row.loss_rate.value or 0.0), default=None
        )
        if worst is not None and worst.loss_rate.numerator:
            ended = "end without a goal" if self.conversion is not None else "end"
            said.append(
                f"Most {ended} at {name_in_words(worst.node)}: {worst.loss_rate.numerator:,} of "
                f"{worst.loss_rate.denominator:,} visits ({worst.loss_rate.text})."
            )
        if counts.no_flow:
            said.append(f"{_calls(counts.no_flow)} never entered a node.")
        if counts.open:
            said.append(f"{_calls(counts.open)} still running.")
        return " ".join(said)

    def _outcome(self) -> str:
        reached = self.conversion
        if reached is None:
            return f"{_calls(self.counts.calls)}; no node is known to mean success."
        few = " (few calls: take it with care)" if reached.small else ""
        goals = " or ".join(name_in_words(goal) for goal in sorted(self.counts.goals)) or "a goal"
        return f"Of {_calls(reached.denominator)}, {reached.text} reached {goals}{few}."


def _calls(many: int) -> str:
    return f"{many:,} call{'' if many == 1 else 's'}"
