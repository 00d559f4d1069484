"""Transitions joined with what became of them and the visits they led to."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Literal

from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.transitions import Transition

Fate = Literal["entered", "troubled", "failed", "lost"]
"""What became of a transition. ``troubled``: the node was entered, then an action of it failed. ``failed``: the
node change raised or was cut off. ``lost``: a function asked for it and the framework never made it."""


@dataclass(frozen=True)
class Move:
    """A transition and what came of it.

    Attributes:
        transition: The transition.
        fate: What became of it.
        visit: Number of the visit it led to, from 1 over all flows; None if it led nowhere.
    """

    transition: Transition
    fate: Fate
    visit: int | None


def moves(record: CallRecord) -> tuple[Move, ...]:
    """Join the transitions of a call with the visits they led to.

    Args:
        record: The call.

    Returns:
        One move per transition, in the order in which they began.
    """
    arrivals: defaultdict[tuple[str, str, float], deque[int]] = defaultdict(deque)
    for number, visit in enumerate(record.visits, start=1):
        arrivals[visit.flow, visit.node, visit.entered_ms].append(number)

    found: list[Move] = []
    for transition in record.transitions:
        number = None
        if transition.entered_ms is not None:
            waiting = arrivals[transition.flow, transition.to_node, transition.entered_ms]
            number = waiting.popleft() if waiting else None
        found.append(Move(transition, _fate(transition), number))
    return tuple(found)


def _fate(transition: Transition) -> Fate:
    if transition.succeeded:
        return "troubled" if transition.error else "entered"
    return "lost" if transition.lost else "failed"
