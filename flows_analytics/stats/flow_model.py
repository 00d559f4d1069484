"""What a flow allows: the graph that calls are held against."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flows_analytics.calls.declared import DeclaredGraph
from flows_analytics.store.counts import FlowCounts


@dataclass(frozen=True)
class FlowModel:
    """Nodes and transitions that are allowed.

    Attributes:
        nodes: The nodes, in the order declared.
        starts: Nodes in which a path may begin.
        edges: The transitions, by the nodes they lead from and to.
        ends: Nodes in which a path may end of its own accord; None if in any.
    """

    nodes: tuple[str, ...]
    starts: frozenset[str]
    edges: frozenset[tuple[str, str]]
    ends: frozenset[str] | None = None

    @classmethod
    def declared(cls, graph: DeclaredGraph, ends: Collection[str] | None = None) -> FlowModel:
        """Make a model of what a flow declares.

        Args:
            graph: The flow's nodes and transitions.
            ends: Nodes in which it may end; None if in any.

        Returns:
            The model.
        """
        edges = frozenset((edge.from_node, edge.to_node) for edge in graph.edges)
        return cls(graph.nodes, frozenset({graph.initial_node}), edges, None if ends is None else frozenset(ends))

    @classmethod
    def observed(cls, counts: FlowCounts) -> FlowModel:
        """Make a model of what calls did, to hold later ones against an earlier version.

        Args:
            counts: What was counted of the earlier calls.

        Returns:
            The model; its paths may end where any of those did by ``end``, or anywhere if none did.
        """
        ends = frozenset(name for name, node in counts.nodes.items() if node.exits["end"])
        return cls(
            nodes=tuple(sorted(counts.nodes)),
            starts=frozenset(name for name, node in counts.nodes.items() if node.starts),
            edges=frozenset(edge for edge, each in counts.edges.items() if each.count),
            ends=ends or None,
        )
