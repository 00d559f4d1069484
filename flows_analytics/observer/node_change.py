"""A node change, and who is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from flows_analytics.calls.events import Cause


@dataclass(eq=False)
class NodeChange:
    """A node change under way. Compared by identity.

    Attributes:
        from_node: The node current when it began; None before the first.
        node_id: What Pipecat calls the node to be entered.
        node: What we call it.
        cause: Why.
        function: The function that returned the node; None unless the cause is ``function``.
        arguments: Its arguments.
        result: Its result.
        tool_call_id: The LLM's id of the call; None if unknown.
        during: The function whose handler set the node itself; None if there was none.
        speaks: Number of ``tts_say`` pre-actions.
        can_end: Whether the node's actions can end the conversation.
        respond_immediately: Whether the LLM is run at once.
        context_strategy: ``append``, ``reset`` or ``reset_with_summary``; None if unknown.
        functions: Names of the functions offered in the node, known once it is entered.
        entered: Whether the node was entered.
        heard_by: Who was told that it began, and is told how it goes on, even after leaving.
    """

    from_node: str | None
    node_id: Any
    node: str
    cause: Cause
    function: str | None = None
    arguments: Any = None
    result: Any = None
    tool_call_id: str | None = None
    during: str | None = None
    speaks: int = 0
    can_end: bool = False
    respond_immediately: bool = True
    context_strategy: str | None = None
    functions: tuple[str, ...] = ()
    entered: bool = False
    heard_by: tuple[FlowListener, ...] = ()


class FlowListener(Protocol):
    """What a hook tells. Methods must return at once and must not raise."""

    def change_began(self, change: NodeChange) -> None:
        """A node change began."""

    def node_entered(self, change: NodeChange) -> None:
        """The node became current."""

    def change_failed(self, change: NodeChange, error: BaseException) -> None:
        """The node change raised, before or after entry."""

    def function_began(self, function: str, tool_call_id: str, arguments: Any) -> None:
        """A function's handler is about to run, and may change its arguments."""

    def transition_requested(self, from_node: str | None, node: str, function: str, tool_call_id: str) -> None:
        """A function returned a next node."""

    def node_entered_unseen(self, functions: tuple[str, ...]) -> None:
        """A node became current whose change began before anybody listened."""

    def hook_failed(self, error: Exception) -> None:
        """The hook itself could not understand what it saw."""
