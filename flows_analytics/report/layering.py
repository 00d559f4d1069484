"""Boxes and lines in, places and routes out: a layered layout of a graph without loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from flows_analytics.report.columns import Pull, columns
from flows_analytics.report.ordering import order_layers

LAYER_GAP = 27.0
"""Height between layers, in which lines bend."""

_BOX_GAP = 24.0
_LANE = 6.0
_PART_GAP = 44.0
_SHELF = 1080.0
# A line on its way is kept straight before one between two boxes is.
_ON_ITS_WAY, _TO_A_BOX, _STRONG = 8.0, 2.0, 3.0


@dataclass(frozen=True)
class Place:
    """Where a box stands, or where a line passes through a layer.

    Attributes:
        x: Centre.
        y: Centre.
        top: Upper edge of the layer.
        bottom: Lower edge of the layer.
    """

    x: float
    y: float
    top: float
    bottom: float

    def moved(self, dx: float, dy: float) -> Place:
        """The same place, somewhere else."""
        return Place(self.x + dx, self.y + dy, self.top + dy, self.bottom + dy)


@dataclass(frozen=True)
class Layering:
    """The places of a layered drawing.

    Attributes:
        boxes: The place of each box.
        routes: For each line, where it passes through the layers between its ends, from top to bottom.
        width: Width of the whole.
        height: Height of the whole.
    """

    boxes: tuple[Place, ...]
    routes: tuple[tuple[Place, ...], ...]
    width: float
    height: float


def layering(
    sizes: Sequence[tuple[float, float]], lines: Sequence[tuple[int, int]], strong: Sequence[bool]
) -> Layering:
    """Place boxes in layers, and find ways for lines between them.

    Parts of the graph that no line connects stand beside and below each other.

    Args:
        sizes: Width and height of each box.
        lines: Pairs of boxes, upper and lower. They must form no loop, and no pair may occur twice.
        strong: For each line, whether it should be upright before others are.

    Returns:
        The places, from (0, 0); the same for the same input.
    """
    boxes: dict[int, Place] = {}
    routes: dict[int, tuple[Place, ...]] = {}
    shelf_x = shelf_y = shelf_height = width = 0.0
    for members, inner in _parts(len(sizes), lines):
        part = _part(
            [sizes[box] for box in members], _within(members, inner, lines), [strong[line] for line in inner]
        )
        if shelf_x and shelf_x + part.width > _SHELF:
            shelf_x, shelf_y, shelf_height = 0.0, shelf_y + shelf_height + _PART_GAP, 0.0
        for box, place in zip(members, part.boxes, strict=True):
            boxes[box] = place.moved(shelf_x, shelf_y)
        for line, route in zip(inner, part.routes, strict=True):
            routes[line] = tuple(place.moved(shelf_x, shelf_y) for place in route)
        width = max(width, shelf_x + part.width)
        shelf_x += part.width + _PART_GAP
        shelf_height = max(shelf_height, part.height)
    return Layering(
        boxes=tuple(boxes[box] for box in range(len(sizes))),
        routes=tuple(routes[line] for line in range(len(lines))),
        width=width,
        height=shelf_y + shelf_height,
    )


def _parts(count: int, lines: Sequence[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """Split a graph into its connected parts: boxes and lines of each, in the order given."""
    part = list(range(count))

    def root(box: int) -> int:
        while part[box] != box:
            part[box] = part[part[box]]
            box = part[box]
        return box

    for upper, lower in lines:
        first, second = sorted((root(upper), root(lower)))
        part[second] = first
    members: dict[int, tuple[list[int], list[int]]] = {}
    for box in range(count):
        members.setdefault(root(box), ([], []))[0].append(box)
    for line, (upper, _) in enumerate(lines):
        members[root(upper)][1].append(line)
    return list(members.values())


def _within(members: list[int], inner: list[int], lines: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    position = {box: index for index, box in enumerate(members)}
    return [(position[lines[line][0]], position[lines[line][1]]) for line in inner]


def _part(sizes: list[tuple[float, float]], lines: list[tuple[int, int]], strong: list[bool]) -> Layering:
    """Lay out a connected part. Where a line passes a layer, a lane stands in it like a narrow box."""
    ordered = order_layers(len(sizes), lines)
    lanes = sum(len(way) for way in ordered.lanes)
    widths = [width for width, _ in sizes] + [_LANE] * lanes
    above: list[list[Pull]] = [[] for _ in widths]
    below: list[list[Pull]] = [[] for _ in widths]
    for (upper, lower), way, important in zip(lines, ordered.lanes, strong, strict=True):
        chain = [upper, *way, lower]
        for first, second in pairwise(chain):
            ends = (first < len(sizes)) + (second < len(sizes))
            pull = (_ON_ITS_WAY, _TO_A_BOX, 1.0)[ends] * (_STRONG if important else 1.0)
            below[first].append((second, pull))
            above[second].append((first, pull))
    xs = columns(ordered.layers, widths, above, below, _BOX_GAP)

    left = min(x - width / 2 for x, width in zip(xs, widths, strict=True))
    right = max(x + width / 2 for x, width in zip(xs, widths, strict=True))
    places: dict[int, Place] = {}
    top = 0.0
    for layer in ordered.layers:
        bottom = top + max(sizes[box][1] if box < len(sizes) else 0.0 for box in layer)
        for box in layer:
            places[box] = Place(xs[box] - left, (top + bottom) / 2, top, bottom)
        top = bottom + LAYER_GAP
    return Layering(
        boxes=tuple(places[box] for box in range(len(sizes))),
        routes=tuple(tuple(places[lane] for lane in way) for way in ordered.lanes),
        width=right - left,
        height=top - LAYER_GAP,
    )
