"""Which nodes and transitions of a flow are drawn, when there are more than can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows_analytics.calls.visible import one_line, shorten
from flows_analytics.report.ranks import affordable, point_up
from flows_analytics.report.words import counted
from flows_analytics.stats.edge_row import EdgeRow
from flows_analytics.stats.node_row import NodeRow

MOST_NODES = 60
MOST_LINES = 140
_LEAST_SHARE = 0.005
_BUDGET = 700
_NAME = 400


@dataclass(frozen=True)
class Traffic:
    """What is drawn.

    Attributes:
        nodes: The nodes, those in which most paths begin first.
        lines: Transitions between two of them, the most taken first.
        up: For each of these, whether it points up.
        loops: Transitions from one of them to itself, by its position.
        notes: What is left out, as sentences.
    """

    nodes: tuple[NodeRow, ...]
    lines: tuple[EdgeRow, ...]
    up: tuple[bool, ...]
    loops: dict[int, EdgeRow]
    notes: tuple[str, ...]


def choose_traffic(nodes: Sequence[NodeRow], edges: Sequence[EdgeRow]) -> Traffic:
    """Choose what to draw: the nodes of most calls, and the transitions most taken between them.

    A transition that hardly anybody takes is left out, unless it is the most taken one into or out of its node.

    Args:
        nodes: All nodes, those of most calls first.
        edges: All transitions, the most taken first.

    Returns:
        The choice.
    """
    kept = sorted(nodes[:MOST_NODES], key=lambda row: (-row.starts, -row.calls, row.node))
    place = {row.node: number for number, row in enumerate(kept)}
    inside = [edge for edge in edges if edge.source in place and edge.target in place]
    loops = {place[edge.source]: edge for edge in inside if edge.source == edge.target}
    between = [edge for edge in inside if edge.source != edge.target]
    least = _LEAST_SHARE * sum(row.starts for row in nodes)
    main = _strongest(between)
    worthy = [edge for number, edge in enumerate(between) if edge.count >= least or edge.failed or number in main]
    chosen = worthy[:MOST_LINES]
    strong = {id(between[number]) for number in main}
    pairs = [(place[edge.source], place[edge.target]) for edge in chosen]
    afforded = affordable(len(kept), pairs, keep=[id(edge) in strong for edge in chosen], budget=_BUDGET)
    lines = tuple(chosen[number] for number in afforded)
    return Traffic(
        nodes=tuple(kept),
        lines=lines,
        up=tuple(point_up(len(kept), [pairs[number] for number in afforded])),
        loops=loops,
        notes=(*_notes(nodes, kept, between, lines), *_never_entered(nodes, edges)),
    )


def _strongest(edges: Sequence[EdgeRow]) -> set[int]:
    """Find the edges that are the most taken into or out of a node."""
    found: set[int] = set()
    left: set[str] = set()
    entered: set[str] = set()
    for number, edge in enumerate(edges):
        if edge.source not in left or edge.target not in entered:
            found.add(number)
        left.add(edge.source)
        entered.add(edge.target)
    return found


def _notes(
    nodes: Sequence[NodeRow], kept: Sequence[NodeRow], between: Sequence[EdgeRow], lines: Sequence[EdgeRow]
) -> tuple[str, ...]:
    notes: list[str] = []
    if len(nodes) > len(kept):
        fewer = max((row.calls for row in nodes[len(kept) :]), default=0)
        notes.append(
            f"The {len(kept)} nodes of most calls are drawn; {counted(len(nodes) - len(kept), 'other')} "
            f"with {counted(fewer, 'call')} or fewer each, and the transitions from and to them, are left out."
        )
    hidden = set(map(id, lines))
    rest = [edge for edge in between if id(edge) not in hidden]
    if rest:
        most, total = max(edge.count for edge in rest), sum(edge.count for edge in rest)
        notes.append(
            f"{counted(len(rest), 'rare way is', 'rare ways are')} left out to keep the drawing readable: "
            f"{counted(total, 'transition')} together, {most:,} at most on one."
        )
    return tuple(notes)


def _never_entered(nodes: Sequence[NodeRow], edges: Sequence[EdgeRow]) -> list[str]:
    entered = {row.node for row in nodes}
    missed = [edge for edge in edges if edge.target not in entered]
    if not missed:
        return []
    listed = ", ".join(sorted({shorten(one_line(edge.target[:_NAME]) or "(no name)", 40) for edge in missed})[:5])
    failed = counted(sum(edge.failed for edge in missed), "node change")
    return [f"{failed} failed into nodes that were never entered, which are not drawn: {listed}."]
