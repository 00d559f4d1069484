"""Reading function calls from their frames."""

from __future__ import annotations

from typing import Any

from flows_analytics.calls.events import FunctionCalled, FunctionCancelled, FunctionReturned
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.flow_manager_hook import asks_for_transition, tells_of_failure


class FunctionFrames:
    """Turns the frames of function calls into moments, one life per call id.

    Args:
        writer: Where moments go.
    """

    def __init__(self, writer: CallWriter) -> None:
        self._writer = writer
        # What each call was made with; as many as the call has moments of this kind.
        self._arguments: dict[str, tuple[str, Any]] = {}
        self._settled: set[str] = set()

    def id_of(self, function: str, arguments: Any) -> str | None:
        """Find the call that a transition comes from by what it was made with.

        Args:
            function: The function.
            arguments: Its arguments.

        Returns:
            The latest such call's id; None if there is none.
        """
        calls = reversed(self._arguments.items())
        return next((call for call, made_with in calls if made_with == (function, arguments)), None)

    def in_progress(self, frame: Any, at_ns: int) -> None:
        """Read a FunctionCallInProgressFrame."""
        tool_call_id = str(frame.tool_call_id)
        if tool_call_id in self._arguments or tool_call_id in self._settled:
            return
        self._arguments[tool_call_id] = (frame.function_name, frame.arguments)
        self._writer.add(
            FunctionCalled,
            at_ns,
            tool_call_id=tool_call_id,
            function=frame.function_name,
            arguments=self._writer.arguments(frame.arguments),
            group=getattr(frame, "group_id", None),
        )

    def result(self, frame: Any, at_ns: int) -> None:
        """Read a FunctionCallResultFrame. Only a call's first final result settles it."""
        properties = frame.properties
        if properties is not None and not getattr(properties, "is_final", True):
            return
        tool_call_id = str(frame.tool_call_id)
        if tool_call_id in self._settled:
            return
        self._settled.add(tool_call_id)
        error = getattr(frame, "error", None) or tells_of_failure(frame.result, properties)
        self._writer.add(
            FunctionReturned,
            at_ns,
            tool_call_id=tool_call_id,
            function=frame.function_name,
            result=self._writer.result(frame.result),
            failed=error is not None,
            error=self._writer.result(error),
            next="move" if asks_for_transition(properties) else "stay",
        )

    def cancelled(self, frame: Any, at_ns: int) -> None:
        """Read a FunctionCallCancelFrame."""
        tool_call_id = str(frame.tool_call_id)
        if tool_call_id in self._settled:
            return
        self._settled.add(tool_call_id)
        self._writer.add(
            FunctionCancelled,
            at_ns,
            tool_call_id=tool_call_id,
            function=frame.function_name,
            # Since Pipecat 1.8 only a call's own deadline asks for an inference; before, nothing told.
            timed_out=getattr(frame, "run_llm", None),
        )
