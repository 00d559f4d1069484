"""Reading function calls from their frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from pipecat.frames.frames import (
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
)
from pipecat.observers.base_observer import FramePushed

from flows_analytics.calls.events import (
    FunctionCalled,
    FunctionCancelled,
    FunctionProgressed,
    FunctionRequested,
    FunctionReturned,
)
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.flow_manager_hook import manager_to_move, tells_of_failure
from flows_analytics.observer.frame_table import Entries, Entry, later_frames

# What an LLM service answers in the place of a function: there is none, or its handler raised (from 1.8).
_STAND_INS = {
    "MISSING_FUNCTION_CALL_MESSAGE_TEMPLATE": "The function `{function_name}` is not currently available.",
    "FUNCTION_CALL_ERROR_MESSAGE_TEMPLATE": "The function `{function_name}` failed and returned no result.",
}

_Stage = Literal["requested", "running", "settled"]


@dataclass
class _Call:
    """How far a function call has got.

    Attributes:
        stage: Where it stands.
        frame: Id of the last frame that took it there. Frames are numbered as they are made, so one with a lower
            number is another hop of one that was read, however long it waited behind the bot's speech.
        begun_ns: When its handler began; None if that was not seen.
    """

    stage: _Stage
    frame: int
    begun_ns: int | None = None


class FunctionFrames:
    """Turns the frames of function calls into moments: each call begins once and settles once.

    The frames of calls that ran in another worker, which this pipeline only hears of, are read alike.

    Args:
        writer: Where moments go.
        watched: Tells whether a FlowManager is attached.
    """

    def __init__(self, writer: CallWriter, watched: Callable[[Any], bool]) -> None:
        self._writer = writer
        self._watched = watched
        # One for each call that the record holds. The function is part of the key, because another worker's LLM
        # may number its calls like this pipeline's.
        self._calls: dict[tuple[str, str], _Call] = {}

    def entries(self) -> Entries:
        """The frames it reads."""
        return {
            FunctionCallsStartedFrame: Entry(self._requested),
            FunctionCallInProgressFrame: Entry(self._in_progress),
            FunctionCallResultFrame: Entry(self._result),
            FunctionCallCancelFrame: Entry(self._cancelled),
            **later_frames(
                {
                    "ExternalFunctionCallsStartedFrame": Entry(self._requested),
                    "ExternalFunctionCallInProgressFrame": Entry(self._in_progress_elsewhere),
                    "ExternalFunctionCallResultFrame": Entry(self._result),
                    "ExternalFunctionCallCancelFrame": Entry(self._cancelled),
                }
            ),
        }

    def _requested(self, data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
        for asked in cast("Sequence[Any]", frame.function_calls):
            key = _key(asked)
            call = self._calls.get(key)
            if call is not None and (call.stage == "running" or frame.id <= call.frame):
                continue
            # Some servers use one id again and again: a call that has settled, or that was asked for earlier and
            # never ran, is not the one asked for now.
            # Kept now: the handler is given the same object and may change it. The hook may have been earlier.
            if key not in self._writer.unread_arguments:
                self._writer.keep_asked(*key, getattr(asked, "arguments", None))
            self._calls[key] = _Call("requested", frame.id)
            self._writer.add(
                FunctionRequested,
                at_ns,
                tool_call_id=key[0],
                function=key[1],
                processor=getattr(data.source, "name", None),
            )

    def _in_progress(self, data: FramePushed, at_ns: int) -> None:
        self._begin(data, at_ns, external=False)

    def _in_progress_elsewhere(self, data: FramePushed, at_ns: int) -> None:
        self._begin(data, at_ns, external=True)

    def _begin(self, data: FramePushed, at_ns: int, *, external: bool) -> None:
        frame: Any = data.frame
        key = _key(frame)
        call = self._calls.get(key)
        if call is not None and (call.stage == "running" or frame.id <= call.frame):
            return
        arguments = self._writer.asked(*key, frame.arguments)
        # Some servers use one id again and again: what is kept for the next call is not this one's.
        self._writer.unread_arguments.discard(key)
        self._calls[key] = _Call("running", frame.id, at_ns)
        self._writer.add(
            FunctionCalled,
            at_ns,
            tool_call_id=key[0],
            function=key[1],
            arguments=arguments,
            group=getattr(frame, "group_id", None),
            external=external,
        )

    def _result(self, data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
        properties = getattr(frame, "properties", None)
        final = bool(getattr(properties, "is_final", True) and getattr(frame, "is_final", True))
        call = self._advance(frame, final=final)
        if call is None:
            return
        tool_call_id, function = _key(frame)
        result = self._writer.result(frame.result)
        if not final:
            self._writer.add(
                FunctionProgressed, at_ns, tool_call_id=tool_call_id, function=function, result=result
            )
            return
        manager = manager_to_move(properties)
        if manager is not None and not self._watched(manager) and not self._writer.recorder.closed:
            why = "a FlowManager of this bot was never attached: call observer.attach_flow_manager(flow_manager)"
            self._writer.recorder.lose("not_attached", why)
            self._writer.guard.say(why)
        error = getattr(frame, "error", None) or tells_of_failure(frame.result, properties)
        error = error or _stand_in(frame, data.source)
        self._writer.add(
            FunctionReturned,
            at_ns,
            tool_call_id=tool_call_id,
            function=function,
            result=result,
            failed=error is not None,
            error=self._writer.result(error),
            next="stay" if manager is None else "move",
            timed_out=self._timed_out(data, call, at_ns),
        )

    def _cancelled(self, data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
        if self._advance(frame, final=True) is None:
            return
        tool_call_id, function = _key(frame)
        self._writer.add(
            FunctionCancelled,
            at_ns,
            tool_call_id=tool_call_id,
            function=function,
            # Since Pipecat 1.8 only a call's own deadline asks for an inference; before, nothing told.
            timed_out=getattr(frame, "run_llm", None),
        )

    def _advance(self, frame: Any, *, final: bool) -> _Call | None:
        # Only a call's first final result or cancellation settles it, and after that it gives no other.
        key = _key(frame)
        call = self._calls.get(key)
        if call is None:
            call = _Call("running", frame.id)
        elif call.stage == "settled" or frame.id <= call.frame:
            return None
        self._calls[key] = _Call("settled" if final else call.stage, frame.id, call.begun_ns)
        return call

    def _timed_out(self, data: FramePushed, call: _Call, at_ns: int) -> bool:
        # Before 1.8 a deadline delivers a bare None, as a handler may too. No function of a flow does: Flows
        # replaces or accompanies it. Of others, the time tells: after its deadline a handler is not heard.
        frame: Any = data.frame
        if frame.result is not None or getattr(frame, "properties", None) is not None:
            return False
        if str(frame.function_name) in self._writer.flow_functions:
            return True
        deadline_secs = _deadline_secs(data.source, frame.function_name)
        if deadline_secs is None or call.begun_ns is None:
            return False
        # A timer may fire a little before its time.
        return at_ns - call.begun_ns >= deadline_secs * 1e9 - 1e6


def _key(of: Any) -> tuple[str, str]:
    return str(of.tool_call_id), str(of.function_name)


def _stand_in(frame: Any, llm: Any) -> str | None:
    if not isinstance(frame.result, str) or getattr(frame, "properties", None) is not None:
        return None
    for name, wording in _STAND_INS.items():
        template = str(getattr(llm, name, wording))
        if frame.result == template.replace("{function_name}", str(frame.function_name)):
            return frame.result
    return None


def _deadline_secs(llm: Any, function: Any) -> float | None:
    # An LLM service keeps its functions by name, and under None the one that takes all others. A processor that
    # only passes the frame on has none.
    functions: Any = getattr(llm, "_functions", None)
    if not isinstance(functions, Mapping):
        return None
    known = cast("Mapping[Any, Any]", functions)
    item = known.get(function) or known.get(None)
    secs = getattr(item, "timeout_secs", None) or getattr(llm, "_function_call_timeout_secs", None)
    return float(secs) if isinstance(secs, int | float) else None
