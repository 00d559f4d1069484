"""Transitions: the moves between visits, those that failed and those that were lost included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flows_analytics.calls.events import (
    CallEnded,
    Cause,
    Events,
    FunctionReturned,
    NodeChangeBegan,
    NodeChangeFailed,
    NodeEntered,
    TransitionRequested,
)
from flows_analytics.calls.intervals import Contribution
from flows_analytics.calls.kinds import of_kind, of_kinds
from flows_analytics.calls.lives import Life
from flows_analytics.calls.lost import lost_requests

CUT_OFF = "cut off: the call ended during the node change"
"""The error of a transition that was under way when the call ended."""


@dataclass(frozen=True)
class Transition:
    """The move from one node to another, with its cause.

    Attributes:
        flow: The flow.
        from_node: The node moved from; None if the flow was not in any node yet.
        to_node: The node moved to, or the node that was not reached.
        cause: ``initial`` (only if it failed), ``function``, ``code`` or ``inferred``.
        function: The function that returned the node; None unless the cause is ``function``.
        arguments: The arguments of that function; None if there is none or they were switched off.
        result: Its result; None if there is none or it was switched off.
        tool_call_id: The LLM's id of that call, or of the one named in ``during``; None if unknown.
        began_ms: When the node change began; for a lost one when the function returned.
        entered_ms: When the new node was current; None if it never was, or is not yet.
        error: Why it failed, or was lost; for an entered node, why an action after entry failed. The class of the
            exception where results are switched off. None if all went well.
        during: The function whose handler set the node itself; None if there was none.
        lost: Whether a function asked for it and the framework never began it.
        change: Number of the node change, as the moments have it; None for one that was lost or inferred.
        latency_ms: How long it took until the caller heard the new node: from the start of the function that
            caused it, or of the node change if there was none, to the first audio of the node's own inference
            (docs/metrics.md). None if that was not heard.
        contributions: What that time consisted of, in order, adding up to it exactly; empty without it.
    """

    flow: str
    from_node: str | None
    to_node: str
    cause: Cause
    function: str | None
    arguments: Any
    result: Any
    tool_call_id: str | None
    began_ms: float | None
    entered_ms: float | None
    error: str | None
    during: str | None = None
    lost: bool = False
    change: int | None = None
    latency_ms: float | None = None
    contributions: tuple[Contribution, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether the node was entered."""
        return self.entered_ms is not None


def read_transitions(events: Events, lives: Sequence[Life]) -> tuple[Transition, ...]:
    """Read the transitions of a call.

    The first entry of a flow is no transition: nothing was left. If it failed, it is listed, because nothing
    else shows it. A function that returned a node to which the framework never moved is listed with the
    reason: Pipecat Flows drops such a transition without a word.

    Args:
        events: The moments of the call.
        lives: Its function calls.

    Returns:
        The transitions in the order in which they began.
    """
    ids = {change.change: life.tool_call_id for life in lives for change in life.changes}
    entered = {e.change: e for e in of_kind(events, NodeEntered) if e.change is not None}
    failed = {event.change: event for event in of_kind(events, NodeChangeFailed)}
    ended = bool(of_kind(events, CallEnded))
    found: list[tuple[int, Transition]] = []
    node_of_flow: dict[str, str] = {}

    for event in of_kinds(events, NodeChangeBegan, NodeEntered):
        if isinstance(event, NodeChangeBegan):
            arrival, failure = entered.get(event.change), failed.get(event.change)
            if event.from_node is not None or arrival is None:
                found.append(
                    (event.seq, _from_change(event, arrival, failure, ids.get(event.change), ended=ended))
                )
        else:
            previous = node_of_flow.get(event.flow)
            if event.change is None and previous is not None:
                found.append((event.seq, _inferred(event, previous)))
            node_of_flow[event.flow] = event.node

    for life, request, error in lost_requests(events, lives):
        found.append((request.seq, _from_lost(life, request, error)))
    return tuple(transition for _, transition in sorted(found, key=lambda pair: pair[0]))


def _from_change(
    began: NodeChangeBegan,
    arrival: NodeEntered | None,
    failure: NodeChangeFailed | None,
    tool_call_id: str | None,
    *,
    ended: bool,
) -> Transition:
    # Where results are switched off no message was kept, and the class says what is known.
    error = (failure.error or failure.error_type) if failure else None
    if arrival is None and ended and (failure is None or failure.error_type == "CancelledError"):
        error = CUT_OFF
    return Transition(
        flow=began.flow,
        from_node=began.from_node,
        to_node=began.node,
        cause=began.cause,
        function=began.function,
        arguments=began.arguments,
        result=began.result,
        tool_call_id=began.tool_call_id or tool_call_id,
        began_ms=began.at_ms,
        entered_ms=arrival.at_ms if arrival else None,
        error=error,
        during=began.during,
        change=began.change,
    )


def _inferred(entered: NodeEntered, previous: str) -> Transition:
    return Transition(
        flow=entered.flow,
        from_node=previous,
        to_node=entered.node,
        cause=entered.cause,
        function=None,
        arguments=None,
        result=None,
        tool_call_id=None,
        began_ms=None,
        entered_ms=entered.at_ms,
        error=None,
    )


def _from_lost(life: Life, request: TransitionRequested, error: str) -> Transition:
    return Transition(
        flow=request.flow,
        from_node=request.from_node,
        to_node=request.node,
        cause="function",
        function=request.function,
        arguments=life.called.arguments if life.called else None,
        result=life.settled.result if isinstance(life.settled, FunctionReturned) else None,
        tool_call_id=request.tool_call_id,
        began_ms=request.at_ms,
        entered_ms=None,
        error=error,
        lost=True,
    )
