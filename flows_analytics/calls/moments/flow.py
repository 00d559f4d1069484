"""What FlowManagers do: nodes, and the changes between them."""

from __future__ import annotations

from typing import Literal

from flows_analytics.calls.moments.base import Moment
from flows_analytics.calls.values import Plain, Text

Cause = Literal["initial", "function", "code", "inferred"]
"""Why a node was entered: first of its flow, a function returned it, code set it, or only the result was seen."""


class NodeChangeBegan(Moment):
    """A FlowManager began to change its node.

    Attributes:
        change: Number of this node change in the call; ``node_entered`` and ``node_change_failed`` repeat it.
        flow: The flow: ``main``, ``flow2``, …
        from_node: The node current until then; None before the first.
        node: The node to be entered.
        cause: Why.
        function: The function that returned the node; None unless the cause is ``function``.
        arguments: The arguments the function was called with; None if there was none, or if switched off.
        result: What the function returned beside the node; None if there was none, or if switched off.
        tool_call_id: The LLM's id of that call; None if unknown.
        during: The function whose handler was running and changed the node itself; None if there was none.
        speaks: Number of ``tts_say`` pre-actions, which speak for the new node before it is entered.
    """

    kind: Literal["node_change_began"] = "node_change_began"
    change: int
    flow: Text
    from_node: Text | None = None
    node: Text
    cause: Cause
    function: Text | None = None
    arguments: Plain = None
    result: Plain = None
    tool_call_id: Text | None = None
    during: Text | None = None
    speaks: int = 0


class NodeEntered(Moment):
    """A node became the current one.

    Attributes:
        change: The node change this completes; None for a node that was current before we were attached.
        flow: The flow.
        node: The node.
        cause: Why, as in `NodeChangeBegan`.
        functions: Names of the functions offered to the LLM in it, global ones included, in the order offered.
        context_strategy: ``append``, ``reset`` or ``reset_with_summary``; None if unknown.
        respond_immediately: Whether the LLM is run at once; None if unknown.
        can_end: Whether the node's actions can end the conversation; None if unknown.
        state: The flow's state, reduced to the keys that ``include_state`` allows; None if it allows none.
    """

    kind: Literal["node_entered"] = "node_entered"
    change: int | None = None
    flow: Text
    node: Text
    cause: Cause
    functions: tuple[Text, ...] = ()
    context_strategy: Text | None = None
    respond_immediately: bool | None = None
    can_end: bool | None = None
    state: Plain = None


class NodeChangeFailed(Moment):
    """A node change raised.

    Attributes:
        change: The node change.
        flow: The flow.
        node: The node that was to be entered.
        entered: Whether it had been entered before the failure (then a post-action failed, not the change).
        error: The message of the exception; None if results are switched off.
        error_type: The class of the exception; ``CancelledError`` when the call ended meanwhile.
    """

    kind: Literal["node_change_failed"] = "node_change_failed"
    change: int
    flow: Text
    node: Text
    entered: bool
    error: Text | None = None
    error_type: str


class TransitionRequested(Moment):
    """A function returned a next node. The framework moves there later, or never.

    Attributes:
        flow: The flow.
        from_node: The node current when the function returned.
        node: The node it returned.
        function: The function.
        tool_call_id: The LLM's id of the call.
    """

    kind: Literal["transition_requested"] = "transition_requested"
    flow: Text
    from_node: Text | None = None
    node: Text
    function: Text
    tool_call_id: Text
