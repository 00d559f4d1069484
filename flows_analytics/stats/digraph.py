"""Graphs: the one file that knows networkx's untyped functions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from flows_analytics.errors import ExtraMissingError
from flows_analytics.stats.edge_row import EdgeRow
from flows_analytics.stats.node_row import NodeRow
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.spread import Spread

try:
    import networkx as _networkx  # pyright: ignore[reportMissingTypeStubs]
except ImportError as missing:
    raise ExtraMissingError("graphs need networkx", "stats") from missing

_nx = cast(Any, _networkx)

if TYPE_CHECKING:
    DiGraph: TypeAlias = _networkx.DiGraph[Any]  # pyright: ignore
else:
    DiGraph = _networkx.DiGraph

_Node = TypeVar("_Node", bound=Hashable)


def flow_graph(nodes: Iterable[NodeRow], edges: Iterable[EdgeRow]) -> DiGraph:
    """Make a graph whose nodes and edges hold what is known of them.

    Args:
        nodes: The nodes.
        edges: The ways between them; one that was never completed becomes no edge.

    Returns:
        A networkx ``DiGraph``.
    """
    graph = _nx.DiGraph()
    for row in nodes:
        graph.add_node(row.node, **_node_data(row))
    for row in edges:
        if row.count:
            graph.add_edge(
                row.source,
                row.target,
                count=row.count,
                calls=row.calls,
                via=row.via,
                **_rate_data("p_out", row.p_out),
                **_rate_data("p_in", row.p_in),
                latency_n=row.latency.count,
                latency_p50_ms=row.latency.p50_ms,
                latency_p95_ms=row.latency.p95_ms,
                failed=row.failed,
            )
    return graph


def graphml_of(nodes: Mapping[str, Mapping[str, Any]], edges: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """Write a graph as GraphML.

    Args:
        nodes: What is known of each node: texts, numbers and truth values.
        edges: What is known of each edge.

    Returns:
        The document.
    """
    graph = _nx.DiGraph()
    graph.add_nodes_from(nodes.items())
    graph.add_edges_from((a, b, data) for (a, b), data in edges.items())
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', *_nx.generate_graphml(graph), ""])


def graph_of(edges: Iterable[tuple[_Node, _Node]], nodes: Iterable[_Node] = ()) -> DiGraph:
    """Make a bare graph.

    Args:
        edges: The edges.
        nodes: Nodes that may have none.

    Returns:
        A networkx ``DiGraph``.
    """
    graph = _nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    return graph


def strong_components(graph: DiGraph) -> Iterator[frozenset[str]]:
    """Find the groups of nodes each of which can be reached from each other.

    Args:
        graph: A graph of nodes' names.

    Returns:
        The groups, single nodes included.
    """
    return (frozenset(group) for group in _nx.strongly_connected_components(graph))


def dominators(graph: DiGraph, start: _Node, end: _Node) -> tuple[_Node, ...]:
    """Find the nodes that every way from one node to another passes.

    Args:
        graph: A graph.
        start: Where ways begin.
        end: Where they end.

    Returns:
        The nodes in the order passed, without start and end; empty if no way leads there.
    """
    above: Mapping[_Node, _Node] = _nx.immediate_dominators(graph, start)
    if end not in above:
        return ()
    passed: list[_Node] = []
    # Some releases of networkx give the start as its own dominator, others give None.
    at = above[end]
    while at != start:
        passed.append(at)
        at = above[at]
    return tuple(reversed(passed))


def shortest_way(edges: Iterable[tuple[_Node, _Node, int]], start: _Node, end: _Node) -> list[_Node]:
    """Find the cheapest way from one node to another.

    Args:
        edges: Edges with what each costs, at least 0.
        start: Where the way begins.
        end: Where it ends.

    Returns:
        The nodes passed, both ends included.

    Raises:
        LookupError: No way leads there.
    """
    graph = _nx.DiGraph()
    graph.add_weighted_edges_from(edges)
    try:
        return list(_nx.dijkstra_path(graph, start, end))
    except (_nx.NetworkXNoPath, _nx.NodeNotFound) as nowhere:
        raise LookupError(f"no way leads from {start} to {end}") from nowhere


def _node_data(row: NodeRow) -> dict[str, Any]:
    return {
        "visits": row.visits,
        "calls": row.calls,
        **_rate_data("share", row.share),
        "starts": row.starts,
        "exits": row.exits,
        "open": row.open,
        "goal": row.goal,
        **_spread_data("dwell", row.dwell),
        "dwell_mean_ms": row.dwell.mean_ms,
        "dwell_total_ms": row.dwell.total_ms,
        "setup_ms": row.setup_ms,
        **_rate_data("exit_rate", row.exit_rate),
        **_rate_data("loss_rate", row.loss_rate),
        **_rate_data("revisit_rate", row.revisit_rate),
        "caller_turns": row.caller_turns,
        "bot_turns": row.bot_turns,
        **_spread_data("latency", row.latency),
        "interruptions": row.interruptions,
        **_rate_data("tool_error_rate", row.tool_error_rate),
        "tool_calls": row.tool_error_rate.denominator,
        "stays": row.stays,
        "offered": row.offered,
        "taken": row.taken,
    }


def _rate_data(name: str, rate: Rate) -> dict[str, float | int | None]:
    return {
        name: rate.value,
        f"{name}_count": rate.numerator,
        f"{name}_n": rate.denominator,
        f"{name}_small": rate.small,
    }


def _spread_data(name: str, spread: Spread) -> dict[str, float | int | None]:
    return {
        f"{name}_n": spread.count,
        f"{name}_p50_ms": spread.p50_ms,
        f"{name}_p90_ms": spread.p90_ms,
        f"{name}_p95_ms": spread.p95_ms,
    }
