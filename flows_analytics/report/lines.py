"""Which lines of a flow are drawn, and which are only named on the card of the node they leave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flows_analytics.report.flow_graph import FlowGraph, Line
from flows_analytics.report.ranks import affordable, point_up

_COMMON = 4
"""From this many nodes, the same function to the same node is a web of lines that says nothing."""


@dataclass(frozen=True)
class Choice:
    """The lines of a flow, sorted by how they are shown.

    Attributes:
        drawn: Lines between two nodes.
        up: For each of them, whether it points up.
        loops: For each node, by its position, the lines from it to itself.
        written: For each node, by its position, the lines named on its card.
        dropped: Number of lines named only because a drawing of all of them would be too large.
    """

    drawn: tuple[Line, ...]
    up: tuple[bool, ...]
    loops: tuple[tuple[Line, ...], ...]
    written: tuple[tuple[Line, ...], ...]
    dropped: int


def choose_lines(graph: FlowGraph, budget: int) -> Choice:
    """Choose the lines to draw.

    Args:
        graph: The flow.
        budget: Layers that all lines together may pass.

    Returns:
        The choice.
    """
    position = {node.name: index for index, node in enumerate(graph.nodes)}
    few, common = _apart(graph.lines)
    between = [line for line in few if line.tail != line.head]
    pairs = [(position[line.tail], position[line.head]) for line in between]
    strong = [line.kind != "declared" for line in between]
    kept = affordable(len(graph.nodes), pairs, keep=strong, budget=budget)
    dropped = [between[index] for index in sorted(set(range(len(between))) - set(kept))]

    loops: defaultdict[int, list[Line]] = defaultdict(list)
    for line in few:
        if line.tail == line.head:
            loops[position[line.tail]].append(line)
    written: defaultdict[int, list[Line]] = defaultdict(list)
    for line in (*dropped, *common):
        written[position[line.tail]].append(line)
    nodes = range(len(graph.nodes))
    return Choice(
        drawn=tuple(between[index] for index in kept),
        up=tuple(point_up(len(graph.nodes), [pairs[index] for index in kept])),
        loops=tuple(tuple(loops[node]) for node in nodes),
        written=tuple(tuple(written[node]) for node in nodes),
        dropped=len(dropped),
    )


def _apart(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Set apart what many nodes declare alike, such as a global function, and none of them took."""
    tails: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for line in lines:
        if line.kind == "declared":
            for step in line.steps:
                tails[step.label, line.head].add(line.tail)
    common = {key for key, nodes in tails.items() if len(nodes) >= _COMMON}
    few: list[Line] = []
    apart: list[Line] = []
    for line in lines:
        if line.kind != "declared":
            few.append(line)
            continue
        there = tuple(step for step in line.steps if (step.label, line.head) in common)
        here = tuple(step for step in line.steps if (step.label, line.head) not in common)
        few += [replace(line, steps=here)] if here else []
        apart += [replace(line, steps=there)] if there else []
    return few, apart
