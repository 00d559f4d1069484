"""Visits: the path of a call, read from its moments."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import computed_field

from flows_analytics.calls.ending import ExitKind
from flows_analytics.calls.events import (
    Cause,
    Events,
    NodeChangeBegan,
    NodeEntered,
)
from flows_analytics.calls.kinds import of_kind

MAIN_FLOW = "main"
"""The flow of the manager that was initialised first."""


@dataclass(frozen=True)
class Visit:
    """One stay in a node.

    Attributes:
        seq: Number of the visit in its flow, from 0.
        flow: The flow: ``main``, ``flow2``, …
        node: The node.
        visit_no: 1 at the first visit of this node in this flow, 2 at the second, …
        cause: ``initial``, ``function``, ``code`` or ``inferred``.
        via: The function that led into the visit; None when code set the node, or the cause is unknown.
        entered_ms: When the node became current.
        left_ms: When the next visit began or the call ended; None while the visit is open.
        exit_kind: How it was left; ``running`` while it is open.
        next_node: The node visited next in this flow; None if there is none.
        setup_ms: How long the node change took, from its start to ``entered_ms``; it lies inside the previous
            visit. None if the start was not seen.
        functions_offered: Names of the functions the LLM could call, global ones included.
        can_end: Whether the node's actions can end the conversation; None if unknown.
        state: What was kept of the flow's state at the entry; None if nothing was.
        responds_at_once: Whether the LLM is run at the entry; None if unknown.
    """

    seq: int
    flow: str
    node: str
    visit_no: int
    cause: Cause
    via: str | None
    entered_ms: float
    left_ms: float | None
    exit_kind: ExitKind
    next_node: str | None
    setup_ms: float | None
    functions_offered: tuple[str, ...]
    can_end: bool | None = None
    state: Any = None
    responds_at_once: bool | None = None

    @computed_field
    @property
    def dwell_ms(self) -> float | None:
        """Time spent in the node, in milliseconds; None while the visit is open."""
        return None if self.left_ms is None else round(self.left_ms - self.entered_ms, 3)


def read_visits(events: Events, *, ended_ms: float | None, exit_kind: ExitKind) -> tuple[Visit, ...]:
    """Read the visits of a call.

    A path belongs to a flow (docs/metrics.md) and its order is that of recording. One call has one ending:
    when another flow's visit starts, the open visit is left at that moment. It counts as ``handoff`` if
    its own path ends there, and as ``transition`` if that path is taken up again later.

    Args:
        events: The moments of the call.
        ended_ms: When the call ended; None while it runs.
        exit_kind: How the visit in which the call ended was left.

    Returns:
        The visits of all flows in the order in which they were entered.
    """
    began = {event.change: event for event in of_kind(events, NodeChangeBegan)}
    entered = of_kind(events, NodeEntered)
    left: list[float | None] = [event.at_ms for event in entered[1:]]
    if entered:
        # A node can be entered after the terminal frame passed; such a visit lasted no time, not less.
        left.append(None if ended_ms is None else max(ended_ms, entered[-1].at_ms))
    last_exit: ExitKind = "running" if ended_ms is None else exit_kind
    in_flow: Counter[str] = Counter()
    in_node: Counter[tuple[str, str]] = Counter()
    visits: list[Visit] = []

    for event, left_ms, next_node in zip(entered, left, _next_nodes(entered), strict=True):
        start = began.get(event.change) if event.change is not None else None
        in_node[event.flow, event.node] += 1
        ends: ExitKind = "handoff" if len(visits) < len(entered) - 1 else last_exit
        visits.append(
            Visit(
                seq=in_flow[event.flow],
                flow=event.flow,
                node=event.node,
                visit_no=in_node[event.flow, event.node],
                cause=event.cause,
                via=start.function if start else None,
                entered_ms=event.at_ms,
                left_ms=left_ms,
                exit_kind=ends if next_node is None else "transition",
                next_node=next_node,
                setup_ms=round(event.at_ms - start.at_ms, 3) if start else None,
                functions_offered=event.functions,
                can_end=event.can_end,
                state=event.state,
                responds_at_once=event.respond_immediately,
            )
        )
        in_flow[event.flow] += 1
    return tuple(visits)


def _next_nodes(entered: Sequence[NodeEntered]) -> list[str | None]:
    """Tell of each entry which node its flow entered next."""
    following: dict[str, str] = {}
    backwards: list[str | None] = []
    for event in reversed(entered):
        backwards.append(following.get(event.flow))
        following[event.flow] = event.node
    return backwards[::-1]


def speaking_for(events: Events) -> list[tuple[float, float, int]]:
    """Find the stretches in which a node not yet entered speaks through its ``tts_say`` pre-actions.

    Args:
        events: The moments of the call.

    Returns:
        For each such node change that led to a visit: its start, the time of entry, and the visit's position.
    """
    entered = of_kind(events, NodeEntered)
    position = {event.change: index for index, event in enumerate(entered) if event.change is not None}
    return [
        (event.at_ms, entered[position[event.change]].at_ms, position[event.change])
        for event in of_kind(events, NodeChangeBegan)
        if event.speaks > 0 and event.change in position
    ]


class VisitTimes:
    """Knows which visit was current at a time.

    Args:
        visits: The visits of a call, in order of entry.
    """

    def __init__(self, visits: Sequence[Visit]) -> None:
        # The earliest entry at or after each position. In a record edited by hand entries may go back in time;
        # the last visit entered by then is still the last position whose value is not later.
        self._earliest = [visit.entered_ms for visit in visits]
        for position in range(len(visits) - 2, -1, -1):
            self._earliest[position] = min(self._earliest[position], self._earliest[position + 1])

    def at(self, at_ms: float, *, before_change: bool = False) -> int | None:
        """Find the visit that was current at a time: the last one entered by then.

        Args:
            at_ms: A time in the call.
            before_change: Which visit counts at the very moment of a node change: the one that ends, not the
                one that begins. Right for what can cause the change, such as a function call.

        Returns:
            Its position; None before the first was entered. A time after the end of the call belongs to the
            last visit.
        """
        find = bisect_left if before_change else bisect_right
        position = find(self._earliest, at_ms) - 1
        return position if position >= 0 else None
