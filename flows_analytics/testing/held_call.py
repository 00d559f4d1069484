"""What a test learns of the call it held."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.tools import ToolCall
from flows_analytics.calls.transitions import Transition
from flows_analytics.calls.turns import Turn
from flows_analytics.calls.visits import Visit
from flows_analytics.testing.prompts import Prompt


@dataclass(frozen=True, eq=False)
class HeldCall:
    """A call that a script held: compare it with ``flow_snapshot``, or ask it what happened.

    Attributes:
        record: The call as it is recorded in production.
        state: ``flow_manager.state`` at the end.
        messages: The messages of the LLM's context at the end.
        prompts: What the LLM was given, request by request.
    """

    record: CallRecord
    state: Mapping[str, Any]
    messages: tuple[Any, ...]
    prompts: tuple[Prompt, ...]

    @property
    def path(self) -> tuple[str, ...]:
        """Names of the nodes visited, in order."""
        return self.record.path

    @property
    def visits(self) -> tuple[Visit, ...]:
        """The stays in nodes, in order."""
        return self.record.visits

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """The moves between them, failed and lost ones included."""
        return self.record.transitions

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """What the LLM called."""
        return self.record.tool_calls

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What both sides said."""
        return self.record.turns

    @property
    def duration_ms(self) -> float | None:
        """How long the call took, in virtual milliseconds; None if it never ended."""
        return self.record.duration_ms


def said_kind(value: object) -> str:
    """Say what stands in the place of a call.

    Args:
        value: It.

    Returns:
        Its type; of a call that was not awaited, what to do.
    """
    return type(value).__name__ + (": await flow_call(...)" if inspect.iscoroutine(value) else "")
