"""Tool calls: what the LLM called, what came back, and whether it moved the flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from flows_analytics.calls.events import (
    CallEnded,
    Events,
    FunctionCalled,
    FunctionCancelled,
    FunctionReturned,
    NodeChangeBegan,
    NodeChangeFailed,
    NodeEntered,
)
from flows_analytics.calls.lost import lost_requests
from flows_analytics.calls.visits import Visit, visit_at

Outcome = Literal["moved", "stayed", "lost", "failed", "cancelled", "timed_out", "open"]
"""What became of a tool call. ``lost``: it returned a node that was never entered. ``open``: it had
not settled yet, or the transition it asked for is still to come."""


@dataclass(frozen=True)
class ToolCall:
    """One call of a function by the LLM.

    Attributes:
        tool_call_id: The LLM's id of the call.
        function: The function.
        arguments: What the LLM passed; None if switched off.
        result: What came back; None while open, or if switched off.
        error: The failure's message; None without a failure.
        outcome: What became of it.
        started_ms: When its handler began to run; None if that was not seen.
        ended_ms: When it settled; None while open.
        visit: Position in ``record.visits`` of the visit in which it started; None outside any.
        moved: Whether it moved the flow to another visit.
    """

    tool_call_id: str
    function: str
    arguments: Any
    result: Any
    error: str | None
    outcome: Outcome
    started_ms: float | None
    ended_ms: float | None
    visit: int | None
    moved: bool


def read_tool_calls(events: Events, visits: tuple[Visit, ...]) -> tuple[ToolCall, ...]:
    """Read the tool calls of a call, in the order in which they were first seen.

    Args:
        events: The moments of the call.
        visits: Its visits.

    Returns:
        One entry per tool call id.
    """
    called: dict[str, FunctionCalled] = {}
    settled: dict[str, FunctionReturned | FunctionCancelled] = {}
    order: dict[str, str] = {}
    for event in events:
        if isinstance(event, FunctionCalled):
            called.setdefault(event.tool_call_id, event)
        elif isinstance(event, FunctionReturned | FunctionCancelled):
            # The first settlement counts: on Pipecat 1.4 a call that timed out may return a second time.
            settled.setdefault(event.tool_call_id, event)
        else:
            continue
        order.setdefault(event.tool_call_id, event.function)

    entered = {event.change for event in events if isinstance(event, NodeEntered)}
    movers = {
        event.tool_call_id
        for event in events
        if isinstance(event, NodeChangeBegan) and event.tool_call_id and event.change in entered
    }
    ended = any(isinstance(event, CallEnded) for event in events)
    lost = {request.tool_call_id for request, _ in lost_requests(events)} | _failed_movers(events)
    calls: list[ToolCall] = []
    for tool_call_id, function in order.items():
        start, end = called.get(tool_call_id), settled.get(tool_call_id)
        seen_ms = start.at_ms if start else (end.at_ms if end else 0.0)
        returned = end if isinstance(end, FunctionReturned) else None
        moved = tool_call_id in movers
        calls.append(
            ToolCall(
                tool_call_id=tool_call_id,
                function=function,
                arguments=start.arguments if start else None,
                result=returned.result if returned else None,
                error=returned.error if returned else None,
                outcome=_outcome(end, moved=moved, lost=ended or tool_call_id in lost),
                started_ms=start.at_ms if start else None,
                ended_ms=end.at_ms if end else None,
                visit=visit_at(visits, seen_ms, before_change=True),
                moved=moved,
            )
        )
    return tuple(calls)


def _failed_movers(events: Events) -> set[str]:
    failed = {e.change for e in events if isinstance(e, NodeChangeFailed) and not e.entered}
    return {
        e.tool_call_id
        for e in events
        if isinstance(e, NodeChangeBegan) and e.tool_call_id is not None and e.change in failed
    }


def _outcome(end: FunctionReturned | FunctionCancelled | None, *, moved: bool, lost: bool) -> Outcome:
    if end is None:
        return "moved" if moved else "open"
    if isinstance(end, FunctionCancelled):
        return "timed_out" if end.timed_out else "cancelled"
    if end.failed:
        return "failed"
    if moved:
        return "moved"
    if end.next == "stay":
        return "stayed"
    # Between a function's result and the transition it asked for, the bot may still be speaking.
    return "lost" if lost else "open"
