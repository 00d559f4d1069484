"""What there is to draw of a flow: its nodes, the moves between them, and what was offered and not taken."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flows_analytics.calls.declared import DeclaredGraph
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.visits import Visit
from flows_analytics.report.moves import Move, moves
from flows_analytics.report.words import HOW_VISITS_END

LineKind = Literal["taken", "failed", "lost", "declared"]
"""``declared``: the flow allows this move, and this call did not make it."""

MAX_NODES = 300
"""Nodes drawn of one flow; visited ones first."""

_DROPS = frozenset({"hangup", "error", "timeout", "cancelled", "lost"})

_CAUSES = {"initial": "start", "function": "a function", "code": "set by code", "inferred": "not seen"}


@dataclass(frozen=True)
class Step:
    """One reason for a line.

    Attributes:
        label: The function, or what else led there.
        visits: Numbers of the visits it led to; empty if it led to none.
    """

    label: str
    visits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Line:
    """All moves of one kind from one node to another.

    Attributes:
        tail: The node it leaves.
        head: The node it leads to.
        kind: Its kind.
        steps: The functions, or other reasons, in the order first seen.
    """

    tail: str
    head: str
    kind: LineKind
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Node:
    """A node of a flow.

    Attributes:
        name: Its name.
        visits: Numbers of its visits in the call; empty if it was never entered.
        dwell_ms: Time spent in it in all; None if it was never entered, or only in a visit still open.
        goal: Whether it is a goal of the bot.
        attempted: Whether a move to it failed or was lost.
        offered: Functions offered in it and never called, whose target no declaration tells.
        called: Functions called in it that led nowhere, with the number of calls.
    """

    name: str
    visits: tuple[int, ...]
    dwell_ms: float | None
    goal: bool
    attempted: bool
    offered: tuple[str, ...]
    called: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class FlowGraph:
    """One flow of a call.

    Attributes:
        flow: The flow.
        nodes: Its nodes: visited ones in the order of their first visit, then the others.
        lines: The moves between them: taken ones first, declared ones last.
        start: The node it starts in; None if unknown.
        ended_in: The node last visited; None if none was.
        ending: How that visit was left, as a label; empty if there was none.
        dropped: Whether the call broke off there: outside a goal, or without goals in a node that cannot end it.
        left_out: Number of nodes beyond `MAX_NODES`.
    """

    flow: str
    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]
    start: str | None
    ended_in: str | None
    ending: str
    dropped: bool
    left_out: int


def flow_graphs(record: CallRecord) -> tuple[FlowGraph, ...]:
    """Collect what there is to draw, flow by flow.

    Args:
        record: The call.

    Returns:
        One graph for each flow that was entered, attempted or declared, in that order.
    """
    all_moves = moves(record)
    flows = [*record.flow_ids, *(move.transition.flow for move in all_moves), *record.declared]
    graphs = (_flow_graph(record, flow, all_moves) for flow in dict.fromkeys(flows))
    return tuple(graph for graph in graphs if graph.nodes)


def _flow_graph(record: CallRecord, flow: str, all_moves: tuple[Move, ...]) -> FlowGraph:
    declared = record.declared.get(flow)
    in_flow = [(number, visit) for number, visit in enumerate(record.visits, 1) if visit.flow == flow]
    missed = [move for move in all_moves if move.transition.flow == flow and not move.transition.succeeded]
    lines = [*_taken(record, flow, all_moves), *_missed(missed)]
    lines += _declared(declared, lines)

    names = list(
        dict.fromkeys(
            [
                *(visit.node for _, visit in in_flow),
                *(node for line in lines if line.kind != "declared" for node in (line.tail, line.head)),
                *(move.transition.to_node for move in missed),
                *(declared.nodes if declared else ()),
                *(node for line in lines for node in (line.tail, line.head)),
            ]
        )
    )
    drawn = names[:MAX_NODES]
    kept = set(drawn)
    last = in_flow[-1][1] if in_flow else None
    return FlowGraph(
        flow=flow,
        nodes=tuple(_nodes(record, flow, drawn, lines, {move.transition.to_node for move in missed})),
        lines=tuple(line for line in lines if line.tail in kept and line.head in kept),
        start=in_flow[0][1].node if in_flow else (declared.initial_node if declared else None),
        ended_in=last.node if last else None,
        ending=HOW_VISITS_END[last.exit_kind] if last else "",
        dropped=last is not None and _dropped(last, record.goals),
        left_out=len(names) - len(drawn),
    )


def _dropped(last: Visit, goals: Sequence[str]) -> bool:
    return last.exit_kind in _DROPS and (last.node not in goals if goals else not last.can_end)


def _taken(record: CallRecord, flow: str, all_moves: tuple[Move, ...]) -> list[Line]:
    by_visit = {move.visit: move for move in all_moves if move.visit is not None}
    steps: defaultdict[tuple[str, str], defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    previous: str | None = None
    for number, visit in enumerate(record.visits, start=1):
        if visit.flow != flow:
            continue
        if previous is not None:
            move = by_visit.get(number)
            function = (move.transition.function or move.transition.during) if move else visit.via
            label = function or _CAUSES[visit.cause]
            if move and move.fate == "troubled":
                label += ", then failed"
            steps[previous, visit.node][label].append(number)
        previous = visit.node
    return [
        Line(tail, head, "taken", tuple(Step(label, tuple(visits)) for label, visits in reasons.items()))
        for (tail, head), reasons in steps.items()
    ]


def _missed(missed: list[Move]) -> list[Line]:
    steps: defaultdict[tuple[str, str, LineKind], Counter[str]] = defaultdict(Counter)
    for move in missed:
        transition = move.transition
        if transition.from_node is not None:
            kind: LineKind = "lost" if move.fate == "lost" else "failed"
            label = transition.function or transition.during or _CAUSES[transition.cause]
            steps[transition.from_node, transition.to_node, kind][label] += 1
    return [
        Line(
            tail,
            head,
            kind,
            tuple(Step(f"{label}: {kind}{f' {count} times' if count > 1 else ''}") for label, count in of.items()),
        )
        for (tail, head, kind), of in steps.items()
    ]


def _declared(declared: DeclaredGraph | None, seen: list[Line]) -> list[Line]:
    if declared is None:
        return []
    made = {(line.tail, line.head, step.label) for line in seen for step in line.steps if line.kind == "taken"}
    steps: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for edge in declared.edges:
        if (edge.from_node, edge.to_node, edge.function) not in made:
            steps[edge.from_node, edge.to_node][edge.function] = None
    return [
        Line(tail, head, "declared", tuple(Step(function) for function in functions))
        for (tail, head), functions in steps.items()
    ]


def _nodes(record: CallRecord, flow: str, names: list[str], lines: list[Line], attempted: set[str]) -> list[Node]:
    visits: defaultdict[str, list[int]] = defaultdict(list)
    dwells: defaultdict[str, list[float]] = defaultdict(list)
    offered: defaultdict[str, dict[str, None]] = defaultdict(dict)
    node_of_position: dict[int, str] = {}
    for position, visit in enumerate(record.visits):
        if visit.flow != flow:
            continue
        node_of_position[position] = visit.node
        visits[visit.node].append(position + 1)
        offered[visit.node].update(dict.fromkeys(visit.functions_offered))
        if visit.dwell_ms is not None:
            dwells[visit.node].append(visit.dwell_ms)

    called: defaultdict[str, Counter[str]] = defaultdict(Counter)
    moved: defaultdict[str, set[str]] = defaultdict(set)
    for call in record.tool_calls:
        node = node_of_position.get(call.visit) if call.visit is not None else None
        if node is None:
            continue
        if call.moved or call.outcome == "lost":
            moved[node].add(call.function)
        else:
            called[node][call.function] += 1
    for line in lines:
        moved[line.tail].update(step.label for step in line.steps)

    return [
        Node(
            name=name,
            visits=tuple(visits[name]),
            dwell_ms=sum(dwells[name]) if dwells[name] else None,
            goal=name in record.goals,
            attempted=name in attempted,
            offered=tuple(f for f in offered[name] if f not in moved[name] and f not in called[name]),
            called=tuple(called[name].items()),
        )
        for name in names
    ]
