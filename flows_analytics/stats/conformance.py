"""Whether calls do what the flow declares, and how much of it they use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.calls.visible import one_line
from flows_analytics.errors import CountsError
from flows_analytics.stats.alignment import Alignment, align, conforms
from flows_analytics.stats.conservation import check_conservation
from flows_analytics.stats.flow_model import FlowModel
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.text_table import Column, text_table
from flows_analytics.store.counts import FlowCounts

_SHOWN = 20


@dataclass(frozen=True)
class Deviation:
    """A way that the flow does not allow.

    Attributes:
        nodes: The nodes visited, in order.
        ended: Whether it ended of its own accord; it may deviate by its end alone.
        paths: Paths that took it.
        alignment: How it would have to change.
    """

    nodes: tuple[str, ...]
    ended: bool
    paths: int
    alignment: Alignment

    def to_dict(self) -> dict[str, Any]:
        """Give the way as plain values.

        Returns:
            ``nodes``, ``ended``, ``paths``, ``cost``, ``fitness`` and ``moves`` with their ``kind`` and ``node``.
        """
        return {
            "nodes": list(self.nodes),
            "ended": self.ended,
            "paths": self.paths,
            "cost": self.alignment.cost,
            "fitness": self.alignment.fitness,
            "moves": [{"kind": move.kind, "node": move.node} for move in self.alignment.moves],
        }


@dataclass(frozen=True)
class Conformance:
    """How calls and flow agree.

    Attributes:
        conforming: Paths that the flow allows as they are, of all.
        fitness: Mean fitness of paths, 0 to 1; None without paths.
        undeclared_nodes: Nodes that the flow does not have, with their visits.
        undeclared_starts: Nodes in which no path may begin, with the paths that did.
        undeclared_edges: Transitions that the flow does not have, with how many there were.
        nodes_visited: Nodes of the flow that were visited, of all.
        edges_taken: Transitions of the flow that were taken, of all.
        unvisited_nodes: Nodes of the flow that were not visited.
        unvisited_edges: Transitions of the flow that were not taken.
        deviations: Ways that the flow does not allow, the most frequent first.
    """

    conforming: Rate
    fitness: float | None
    undeclared_nodes: dict[str, int]
    undeclared_starts: dict[str, int]
    undeclared_edges: dict[tuple[str, str], int]
    nodes_visited: Rate
    edges_taken: Rate
    unvisited_nodes: tuple[str, ...]
    unvisited_edges: tuple[tuple[str, str], ...]
    deviations: tuple[Deviation, ...]

    @classmethod
    def of(cls, counts: FlowCounts, model: FlowModel) -> Conformance:
        """Hold calls against a flow.

        Args:
            counts: What was counted of calls.
            model: What the flow declares, or what an earlier version did.

        Returns:
            How they agree.

        Raises:
            CountsError: The counts contradict each other, or the model allows no path at all.
        """
        check_conservation(counts)
        ways = Counter[tuple[tuple[str, ...], bool]]()
        for way, taken in counts.variants.items():
            ways[way.nodes, way.end_kind == "end"] += taken.paths
        good = Counter({way: many for way, many in ways.items() if conforms(way[0], model, ended=way[1])})
        try:
            deviations = [
                Deviation(nodes, ended, many, align(nodes, model, ended=ended))
                for (nodes, ended), many in ways.items()
                if (nodes, ended) not in good
            ]
        except LookupError as nowhere:
            raise CountsError(
                "model_empty", f"the flow that calls are held against allows no path: {nowhere}"
            ) from None
        fit = good.total() + sum(each.paths * each.alignment.fitness for each in deviations)
        taken_edges = {edge: each.count for edge, each in counts.edges.items() if each.count}
        unvisited = tuple(name for name in model.nodes if name not in counts.nodes)
        untaken = tuple(sorted(edge for edge in model.edges if edge not in taken_edges))
        allowed = set(model.nodes)
        return cls(
            conforming=Rate(good.total(), counts.paths),
            fitness=fit / counts.paths if counts.paths else None,
            undeclared_nodes=_ranked(
                {name: each.visits for name, each in counts.nodes.items() if name not in allowed}
            ),
            undeclared_starts=_ranked(
                {
                    name: each.starts
                    for name, each in counts.nodes.items()
                    if each.starts and name not in model.starts
                }
            ),
            undeclared_edges=_ranked(
                {edge: many for edge, many in taken_edges.items() if edge not in model.edges}
            ),
            nodes_visited=Rate(len(model.nodes) - len(unvisited), len(model.nodes)),
            edges_taken=Rate(len(model.edges) - len(untaken), len(model.edges)),
            unvisited_nodes=unvisited,
            unvisited_edges=untaken,
            deviations=tuple(sorted(deviations, key=lambda each: (-each.paths, each.nodes, each.ended))),
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the result as plain values.

        Returns:
            The attributes by name, and ``reading``; edges as lists with ``from`` and ``to``.
        """
        return {
            "conforming": self.conforming.to_dict(),
            "fitness": self.fitness,
            "undeclared_nodes": self.undeclared_nodes,
            "undeclared_starts": self.undeclared_starts,
            "undeclared_edges": [
                {"from": a, "to": b, "count": many} for (a, b), many in self.undeclared_edges.items()
            ],
            "nodes_visited": self.nodes_visited.to_dict(),
            "edges_taken": self.edges_taken.to_dict(),
            "unvisited_nodes": list(self.unvisited_nodes),
            "unvisited_edges": [{"from": a, "to": b} for a, b in self.unvisited_edges],
            "deviations": [each.to_dict() for each in self.deviations],
            "reading": self.reading(),
        }

    def table(self) -> RenderableType:
        """Show what deviates as tables in a terminal.

        Returns:
            Something for rich's ``Console.print``.
        """
        edges = text_table(
            "Transitions that the flow does not have",
            [Column("from", number=False), Column("to", number=False), Column("count")],
            [(a, b, many) for (a, b), many in self.undeclared_edges.items()],
        )
        unused = text_table(
            "Never used",
            [Column("from", number=False), Column("to", number=False)],
            [*((name, None) for name in self.unvisited_nodes), *self.unvisited_edges],
        )
        ways = text_table(
            "Ways that the flow does not allow",
            [Column("paths"), Column("fitness"), Column("way", number=False)],
            [(w.paths, f"{w.alignment.fitness:.2f}", " → ".join(w.nodes)) for w in self.deviations[:_SHOWN]],
        )
        return Group(Text(self.reading()), Text(), edges, Text(), unused, Text(), ways)

    def reading(self) -> str:
        """Say in plain words how calls and flow agree.

        Returns:
            A few sentences.
        """
        said: list[str] = []
        if self.conforming.denominator:
            said.append(
                f"{self.conforming.text} of {self.conforming.denominator:,} paths do what the flow declares."
            )
        else:
            said.append("No path was taken.")
        for (a, b), many in self.undeclared_edges.items():
            said.append(f"The most frequent surprise is {one_line(a)} → {one_line(b)} ({many:,}).")
            break
        said.append(
            f"{self.nodes_visited.numerator} of {self.nodes_visited.denominator} nodes and "
            f"{self.edges_taken.numerator} of {self.edges_taken.denominator} transitions were used."
        )
        return " ".join(said)


def _ranked(counted: dict[Any, int]) -> dict[Any, int]:
    return dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))
