"""How a path has to be changed to be one that the flow allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from flows_analytics.stats.digraph import shortest_way
from flows_analytics.stats.flow_model import FlowModel

_BEGIN, _END = ("begin",), ("end",)

Place = Any
"""A node of the model, or its begin."""


@dataclass(frozen=True)
class Move:
    """A step of an alignment.

    Attributes:
        kind: ``both``: the path visits what the flow allows. ``path``: a visit that the flow does not allow here.
            ``model``: a visit that the path left out.
        node: The node.
    """

    kind: Literal["both", "path", "model"]
    node: str


@dataclass(frozen=True)
class Alignment:
    """The cheapest way to read a path as one of the flow's.

    Attributes:
        moves: Its steps.
        fitness: ``1 − cost / (length of the path + length of the flow's shortest path)``.
    """

    moves: tuple[Move, ...]
    fitness: float

    @property
    def cost(self) -> int:
        """Visits that are too many or missing."""
        return sum(move.kind != "both" for move in self.moves)


def align(nodes: Sequence[str], model: FlowModel, *, ended: bool) -> Alignment:
    """Align a path with what a flow allows: a shortest way in the product of both.

    Args:
        nodes: The nodes visited, in order.
        model: What the flow allows; it allows some path.
        ended: Whether the path ended of its own accord, and so has to end where the flow may. A call that was cut
            off is held to the flow as far as it went.

    Returns:
        One of the cheapest alignments.

    Raises:
        LookupError: The flow allows no path at all.
    """
    ends = frozenset(model.nodes) | model.starts if model.ends is None or not ended else model.ends
    steps, shortest = _steps(model, ends)
    way = shortest_way(_product(nodes, steps, ends), (0, _BEGIN), _END)
    moves = tuple(_move(here, there, nodes, steps) for here, there in pairwise(way[:-1]))
    cost = sum(move.kind != "both" for move in moves)
    return Alignment(moves, 1 - cost / (len(nodes) + shortest))


@lru_cache(8)
def _steps(model: FlowModel, ends: frozenset[str]) -> tuple[dict[Place, list[str]], int]:
    """Give the steps out of each place, and the length of the shortest path."""
    steps: dict[Place, list[str]] = {_BEGIN: sorted(model.starts)}
    for source, target in sorted(model.edges):
        steps.setdefault(source, []).append(target)
    return steps, len(shortest_way(_product((), steps, ends), (0, _BEGIN), _END)) - 2


def conforms(nodes: Sequence[str], model: FlowModel, *, ended: bool) -> bool:
    """Tell whether a flow allows a path as it is.

    Args:
        nodes: The nodes visited, in order; at least one.
        model: What the flow allows.
        ended: Whether the path ended of its own accord.

    Returns:
        Whether it begins, goes on and ends as the flow may.
    """
    return (
        nodes[0] in model.starts
        and all(step in model.edges for step in pairwise(nodes))
        and (not ended or model.ends is None or nodes[-1] in model.ends)
    )


def _product(
    nodes: Sequence[str], steps: dict[Place, list[str]], ends: frozenset[str]
) -> Iterator[tuple[Place, Place, int]]:
    """Give the edges of the product: so many visits read, and the place in the flow."""
    places = {*steps, *(target for targets in steps.values() for target in targets)}
    for read in range(len(nodes) + 1):
        for place in places:
            for target in steps.get(place, ()):
                yield (read, place), (read, target), 1
                if read < len(nodes) and nodes[read] == target:
                    yield (read, place), (read + 1, target), 0
            if read < len(nodes) and not _fits_loop(nodes, read, place, steps):
                yield (read, place), (read + 1, place), 1
            elif read == len(nodes) and place in ends:
                yield (read, place), _END, 0


def _fits_loop(nodes: Sequence[str], read: int, place: Place, steps: dict[Place, list[str]]) -> bool:
    """Tell whether the next visit is a node's transition to itself, which the flow allows."""
    return nodes[read] == place and place in steps.get(place, ())


def _move(here: Place, there: Place, nodes: Sequence[str], steps: dict[Place, list[str]]) -> Move:
    read: int = here[0]
    place, (read_then, place_then) = here[1], there
    if read == read_then:
        return Move("model", place_then)
    # A visit that is too many leaves the place in the flow as it is.
    if place == place_then and not _fits_loop(nodes, read, place, steps):
        return Move("path", nodes[read])
    return Move("both", nodes[read])
