"""Transitions that a function asked for and the framework never made."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence

from flows_analytics.calls.events import (
    CallEnded,
    Events,
    FunctionCancelled,
    NodeChangeBegan,
    TransitionRequested,
)
from flows_analytics.calls.kinds import of_kind
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
    for event in of_kind(events, NodeChangeBegan):
        changes[event.flow].append(event)
    ended = bool(of_kind(events, CallEnded))
    asked = sorted(
        ((life, life.request) for life in lives if life.request is not None and not life.executed),
        key=lambda pair: pair[1].at_ms,
    )
    running = _Running(lives)
    reasons: dict[int, str | None] = {}
    for life, request in asked:
        later = changes[request.flow]
        # Requests and changes come from one source, so their order is that of recording.
        position = bisect_right(later, request.seq, key=lambda change: change.seq)
        winner = later[position] if position < len(later) else None
        running.go_to(request.at_ms)
        reasons[id(life)] = _reason(life, request, winner, running, ended=ended)
    return [
        (life, life.request, reason)
        for life in lives
        if life.request is not None and (reason := reasons.get(id(life))) is not None
    ]


class _Running:
    """Knows which functions run at a time, going through the call once.

    Args:
        lives: The function calls of the call.
    """

    def __init__(self, lives: Sequence[Life]) -> None:
        self._at_ms = -math.inf
        ran = [(life.called.at_ms, life) for life in lives if life.called and life.called.at_ms <= life.ended_ms]
        self._begin = sorted(ran, key=lambda pair: pair[0])
        self._end = sorted((life for _, life in ran), key=lambda life: life.ended_ms)
        self._begun = self._ended = 0
        # How many calls of each function run.
        self._functions: Counter[str] = Counter()
        self._movers: dict[int, list[tuple[Life, NodeChangeBegan]]] = defaultdict(list)
        for life in lives:
            for change in life.changes:
                self._movers[change.seq].append((life, change))

    def go_to(self, at_ms: float) -> None:
        """Go on to a time, not earlier than the one before."""
        self._at_ms = at_ms
        while self._begun < len(self._begin) and self._begin[self._begun][0] <= at_ms:
            self._functions[self._begin[self._begun][1].function] += 1
            self._begun += 1
        while self._ended < len(self._end) and self._end[self._ended].ended_ms < at_ms:
            function = self._end[self._ended].function
            self._functions[function] -= 1
            if not self._functions[function]:
                del self._functions[function]
            self._ended += 1

    def anything_beside(self, life: Life) -> bool:
        """Whether another call runs."""
        return self._begun - self._ended > self._runs(life)

    def functions_beside(self, life: Life) -> list[str]:
        """The functions of the other calls that run, by name."""
        alone = self._runs(life) and self._functions[life.function] == 1
        return sorted(name for name in self._functions if not (alone and name == life.function))

    def moves_beside(self, life: Life, change: NodeChangeBegan) -> bool:
        """Whether another call that runs caused a node change, or made it itself."""
        movers = self._movers.get(change.seq, ())
        return any(other is not life and self._runs(other) and its == change for other, its in movers)

    def _runs(self, life: Life) -> bool:
        return life.called is not None and life.called.at_ms <= self._at_ms <= life.ended_ms


def _reason(
    life: Life,
    request: TransitionRequested,
    winner: NodeChangeBegan | None,
    running: _Running,
    *,
    ended: bool,
) -> str | None:
    settled = life.settled
    timed_out = isinstance(settled, FunctionCancelled) or (settled is not None and settled.next == "stay")
    if timed_out and life.ended_ms < request.at_ms:
        return f"never executed: {life.function} returned it after it had timed out"
    beside = running.anything_beside(life)
    if winner is not None and (not beside or running.moves_beside(life, winner)):
        mover = winner.function or "code that set the node itself"
        return f"superseded: {mover} moved the flow to {winner.node!r} instead"
    if beside and (winner is not None or ended):
        names = ", ".join(running.functions_beside(life))
        return (
            f"never executed: {names} still ran when {life.function} returned, "
            "and Pipecat Flows did not come back to this transition"
        )
    return CALL_ENDED_FIRST if ended else None
