"""What the LLM calls, and what becomes of it."""

from __future__ import annotations

from typing import Literal

from flows_analytics.calls.moments.base import Moment
from flows_analytics.calls.values import Plain, Text


class FunctionRequested(Moment):
    """The LLM asked for a function. Its handler runs later if calls run one after another, or never.

    Attributes:
        tool_call_id: The LLM's id of the call. Some servers use the same one again and again.
        function: The function.
        processor: Name of the LLM service; None if unknown.
    """

    kind: Literal["function_requested"] = "function_requested"
    tool_call_id: Text
    function: Text
    processor: Text | None = None


class FunctionCalled(Moment):
    """A function's handler began to run.

    Attributes:
        tool_call_id: The LLM's id of the call. Some servers use the same one again and again.
        function: The function.
        arguments: What the LLM passed to it; None if switched off.
        group: Id shared by the calls of one LLM response; None if unknown.
        external: Whether the handler runs in another worker.
    """

    kind: Literal["function_called"] = "function_called"
    tool_call_id: Text
    function: Text
    arguments: Plain = None
    group: Text | None = None
    external: bool = False


class FunctionProgressed(Moment):
    """A function gave a result that is not its last.

    Attributes:
        tool_call_id: The LLM's id of the call.
        function: The function.
        result: What it gave; None if switched off.
    """

    kind: Literal["function_progressed"] = "function_progressed"
    tool_call_id: Text
    function: Text
    result: Plain = None


class FunctionReturned(Moment):
    """A function gave its final result.

    Attributes:
        tool_call_id: The LLM's id of the call.
        function: The function.
        result: What it returned; None if switched off.
        failed: Whether it failed. A Flows handler that raises says so only in its result.
        error: The failure's message; None without one, or if results are switched off.
        next: ``move`` if it returned a next node. ``stay`` says only that this result asks for no move: also of a
            function that failed, timed out or does not exist, and of one that set a node itself.
        timed_out: Whether its deadline passed and this stands in for what it would have returned: Pipecat before
            1.8 lets the handler run on, and ignores what it returns.
    """

    kind: Literal["function_returned"] = "function_returned"
    tool_call_id: Text
    function: Text
    result: Plain = None
    failed: bool = False
    error: Text | None = None
    next: Literal["move", "stay"]
    timed_out: bool = False


class FunctionCancelled(Moment):
    """A function call was cancelled before it returned.

    Attributes:
        tool_call_id: The LLM's id of the call.
        function: The function.
        timed_out: Whether its own deadline did it; None where this Pipecat does not say.
    """

    kind: Literal["function_cancelled"] = "function_cancelled"
    tool_call_id: Text
    function: Text
    timed_out: bool | None = None
