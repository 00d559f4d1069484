"""Transitions that a function asked for and the framework never made."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from flows_analytics.calls.events import (
    CallEnded,
    Events,
    FunctionCancelled,
    NodeChangeBegan,
    TransitionRequested,
)
from flows_analytics.calls.lives import Life

CALL_ENDED_FIRST = "never executed: the call ended before the framework made this transition"


def lost_requests(events: Events, lives: Sequence[Life]) -> list[tuple[Life, TransitionRequested, str]]:
    """Find the functions that returned a node to which the framework never moved.

    Pipecat Flows keeps one pending transition. A second function of the same LLM response that returns a node
    overwrites the first; when a function returns a node while another one still runs, the framework
    postpones the transition and never comes back to it; and what a function returns after its deadline is
    ignored. None of this leaves a trace in the frames or the logs.

    Args:
        events: The moments of the call.
        lives: Its function calls.

    Returns:
        Each such call, its request, and the reason in plain words. While the call runs, a request that may
        still be served is not lost.
    """
    changes: dict[str, list[NodeChangeBegan]] = defaultdict(list)
    for event in events:
        if isinstance(event, NodeChangeBegan):
            changes[event.flow].append(event)
    ended = any(isinstance(event, CallEnded) for event in events)
    lost: list[tuple[Life, TransitionRequested, str]] = []
    for life in lives:
        request = life.request
        if request is None or life.executed:
            continue
        later = changes[request.flow]
        # Requests and changes come from one source, so their order is that of recording.
        position = bisect_right(later, request.seq, key=lambda change: change.seq)
        winner = later[position] if position < len(later) else None
        reason = _reason(life, request, winner, lives, ended=ended)
        if reason is not None:
            lost.append((life, request, reason))
    return lost


def _reason(
    life: Life,
    request: TransitionRequested,
    winner: NodeChangeBegan | None,
    lives: Sequence[Life],
    *,
    ended: bool,
) -> str | None:
    settled = life.settled
    timed_out = isinstance(settled, FunctionCancelled) or (settled is not None and settled.next == "stay")
    if timed_out and life.ended_ms < request.at_ms:
        return f"never executed: {life.function} returned it after it had timed out"
    beside = [
        other
        for other in lives
        if other is not life and other.called and other.called.at_ms <= request.at_ms <= other.ended_ms
    ]
    if winner is not None and (not beside or any(winner in other.changes for other in beside)):
        mover = winner.function or "code that set the node itself"
        return f"superseded: {mover} moved the flow to {winner.node!r} instead"
    if beside and (winner is not None or ended):
        names = ", ".join(sorted({other.function for other in beside}))
        return (
            f"never executed: {names} still ran when {life.function} returned, "
            "and Pipecat Flows did not come back to this transition"
        )
    return CALL_ENDED_FIRST if ended else None
