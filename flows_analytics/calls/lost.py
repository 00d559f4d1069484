"""Transitions that a function asked for and the framework never made."""

from __future__ import annotations

from flows_analytics.calls.events import (
    CallEnded,
    Events,
    FunctionCalled,
    FunctionCancelled,
    FunctionReturned,
    NodeChangeBegan,
    TransitionRequested,
)

CALL_ENDED_FIRST = "never executed: the call ended before the framework made this transition"


def lost_requests(events: Events) -> list[tuple[TransitionRequested, str]]:
    """Find the functions that returned a node to which the framework never moved.

    Pipecat Flows keeps one pending transition. A second function of the same LLM response that returns a node
    overwrites the first; and when a function returns a node while another one still runs, the framework
    postpones the transition and never comes back to it. Neither leaves a trace in the frames or the logs.

    Args:
        events: The moments of the call.

    Returns:
        Each such request with the reason in plain words. While the call runs, a request that may still be
        served is not lost.
    """
    running = _Running(events)
    ended = any(isinstance(event, CallEnded) for event in events)
    requests = [event for event in events if isinstance(event, TransitionRequested)]
    all_changes = [event for event in events if isinstance(event, NodeChangeBegan)]
    lost: list[tuple[TransitionRequested, str]] = []
    for request in requests:
        changes = [e for e in all_changes if e.flow == request.flow and e.seq > request.seq]
        if any(change.tool_call_id == request.tool_call_id for change in changes):
            continue
        winner = changes[0] if changes else None
        others = running.beside(request)
        if winner is not None and (winner.tool_call_id in others or not others):
            lost.append((request, f"superseded: {_mover(winner)} moved the flow to {winner.node!r} instead"))
        elif others and (winner is not None or ended):
            names = ", ".join(sorted(set(others.values())))
            lost.append(
                (
                    request,
                    f"never executed: {names} still ran when {request.function} returned, "
                    "and Pipecat Flows did not come back to this transition",
                )
            )
        elif ended:
            lost.append((request, CALL_ENDED_FIRST))
    return lost


class _Running:
    """Which tool calls were running at a time."""

    def __init__(self, events: Events) -> None:
        self._started: dict[str, FunctionCalled] = {}
        self._ended: dict[str, float] = {}
        for event in events:
            if isinstance(event, FunctionCalled):
                self._started.setdefault(event.tool_call_id, event)
            elif isinstance(event, FunctionReturned | FunctionCancelled):
                self._ended.setdefault(event.tool_call_id, event.at_ms)

    def beside(self, request: TransitionRequested) -> dict[str, str]:
        """The other calls running when the request was made: tool call id to function."""
        return {
            tool_call_id: call.function
            for tool_call_id, call in self._started.items()
            if tool_call_id != request.tool_call_id
            and call.at_ms <= request.at_ms <= self._ended.get(tool_call_id, float("inf"))
        }


def _mover(change: NodeChangeBegan) -> str:
    return change.function or "code that set the node itself"
