"""The one place that knows grandalf, which is untyped: its objects never leave this file.

grandalf ranks the boxes and orders each layer so that few lines cross. It is given simple graphs only (connected,
no loops, no second line between two boxes), because its own way with loops re-attaches edges while it runs. Its
coordinates are not used: see docs/decisions/graph-layout.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grandalf.graphs import Edge, Vertex, graph_core  # pyright: ignore[reportMissingTypeStubs]
from grandalf.layouts import SugiyamaLayout, VertexViewer  # pyright: ignore[reportMissingTypeStubs]

_ROUNDS = 4


@dataclass(frozen=True)
class Ordered:
    """Boxes in layers.

    Attributes:
        layers: What stands in each layer, from left to right: boxes by their number, and lanes, numbered on
            from the last box, where a line passes.
        lanes: For each line, the lanes it passes, from top to bottom.
    """

    layers: tuple[tuple[int, ...], ...]
    lanes: tuple[tuple[int, ...], ...]


def order_layers(count: int, lines: Sequence[tuple[int, int]]) -> Ordered:
    """Put boxes in layers, each below all that lead to it, and order every layer.

    Args:
        count: Number of boxes, at least 1.
        lines: Pairs of boxes, upper and lower, that connect all boxes. They must form no loop, and no pair may
            occur twice.

    Returns:
        The layers; the same for the same input.
    """
    if count == 1:
        return Ordered(layers=((0,),), lanes=())
    vertices: list[Any] = []
    for box in range(count):
        vertices.append(Vertex(box))
        vertices[box].view = VertexViewer()
    edges: list[Any] = [Edge(vertices[upper], vertices[lower]) for upper, lower in lines]
    # Not `Graph`, which looks for connected parts in quadratic time: what comes here is connected.
    graph: Any = graph_core(vertices, edges, directed=True)
    sugiyama: Any = SugiyamaLayout(graph)
    sugiyama.init_all(inverted_edges=[])
    for _ in range(_ROUNDS):
        for _ in sugiyama.ordering_step():
            pass

    number: dict[Any, int] = {vertex: box for box, vertex in enumerate(vertices)}
    lanes: list[tuple[int, ...]] = []
    for edge in edges:
        # For a line over several layers, grandalf keeps a vertex per layer, its two ends included.
        passed: dict[int, Any] = sugiyama.ctrls.get(edge, {})
        way = [passed[rank] for rank in sorted(passed)[1:-1]]
        for lane in way:
            number[lane] = len(number)
        lanes.append(tuple(number[lane] for lane in way))
    return Ordered(
        layers=tuple(tuple(number[vertex] for vertex in layer) for layer in sugiyama.layers),
        lanes=tuple(lanes),
    )
