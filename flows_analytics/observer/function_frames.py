"""Reading function calls from their frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import (
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
)
from pipecat.observers.base_observer import FramePushed

from flows_analytics.calls.events import FunctionCalled, FunctionCancelled, FunctionReturned
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.flow_manager_hook import manager_to_move, tells_of_failure
from flows_analytics.observer.frame_table import Entries, Entry


class FunctionFrames:
    """Turns the frames of function calls into moments: each call begins once and settles once.

    Args:
        writer: Where moments go.
        watched: Tells whether a FlowManager is attached.
    """

    def __init__(self, writer: CallWriter, watched: Callable[[Any], bool]) -> None:
        self._writer = writer
        self._watched = watched
        # Ids of the calls that began, and of those that have settled; one for each call that the record holds.
        self._begun: set[str] = set()
        self._settled: set[str] = set()

    def entries(self) -> Entries:
        """The frames it reads."""
        return {
            FunctionCallInProgressFrame: Entry(self._in_progress),
            FunctionCallResultFrame: Entry(self._result),
            FunctionCallCancelFrame: Entry(self._cancelled),
        }

    def _in_progress(self, data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
        tool_call_id = str(frame.tool_call_id)
        if tool_call_id in self._begun and tool_call_id not in self._settled:
            return
        # Some servers use one id again and again: once a call has settled, its id begins another.
        self._settled.discard(tool_call_id)
        self._begun.add(tool_call_id)
        self._writer.add(
            FunctionCalled,
            at_ns,
            tool_call_id=tool_call_id,
            function=frame.function_name,
            arguments=self._writer.arguments(frame.arguments),
            group=getattr(frame, "group_id", None),
        )

    def _result(self, data: FramePushed, at_ns: int) -> None:
        # Only a call's first final result settles it.
        frame: Any = data.frame
        properties = frame.properties
        if properties is not None and not getattr(properties, "is_final", True):
            return
        tool_call_id = str(frame.tool_call_id)
        if tool_call_id in self._settled:
            return
        self._settled.add(tool_call_id)
        manager = manager_to_move(properties)
        if manager is not None and not self._watched(manager) and not self._writer.recorder.closed:
            why = "a FlowManager of this bot was never attached: call observer.attach_flow_manager(flow_manager)"
            self._writer.recorder.lose("not_attached", why)
            self._writer.guard.say(why)
        error = getattr(frame, "error", None) or tells_of_failure(frame.result, properties)
        self._writer.add(
            FunctionReturned,
            at_ns,
            tool_call_id=tool_call_id,
            function=frame.function_name,
            result=self._writer.result(frame.result),
            failed=error is not None,
            error=self._writer.result(error),
            next="stay" if manager is None else "move",
        )

    def _cancelled(self, data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
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
