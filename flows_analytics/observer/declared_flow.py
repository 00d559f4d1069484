"""Reading the declared graph from a Flow or a FlowConfig."""

from __future__ import annotations

from typing import Any

from flows_analytics.calls.declared import DeclaredEdge, DeclaredGraph
from flows_analytics.errors import ObserverError


def read_declared(declared: Any) -> DeclaredGraph:
    """Read the nodes and transitions that a flow declares.

    Args:
        declared: A ``pipecat.flows.Flow`` or its ``FlowConfig``. Duck-typed, because Pipecat 1.4 has neither.

    Returns:
        The graph. A global function gives an edge from every node.

    Raises:
        ObserverError: ``not_a_flow`` if it is neither.
    """
    config = getattr(declared, "config", declared)
    try:
        nodes: dict[str, Any] = dict(config.nodes)
        edges = [
            DeclaredEdge(from_node=name, function=function.name, to_node=target)
            for name, node in nodes.items()
            for function in (*node.functions, *config.global_functions)
            for target in dict.fromkeys(function.targets())
        ]
        return DeclaredGraph(initial_node=config.initial_node, nodes=tuple(nodes), edges=tuple(edges))
    except (AttributeError, TypeError, ValueError):
        raise ObserverError(
            "not_a_flow",
            f"declared= takes a pipecat.flows Flow or FlowConfig, not a {type(declared).__name__}",
        ) from None
