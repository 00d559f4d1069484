"""Tool calls: what the LLM called, what came back, and whether it moved the flow."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flows_analytics.calls.events import (
    CallEnded,
    Events,
    FunctionCancelled,
    FunctionReturned,
    NodeChangeFailed,
    NodeEntered,
)
from flows_analytics.calls.inferences import Inference
from flows_analytics.calls.kinds import of_kind
from flows_analytics.calls.lives import Life
from flows_analytics.calls.visits import VisitTimes

Outcome = Literal["moved", "stayed", "lost", "failed", "cancelled", "timed_out", "unfinished", "never_ran", "open"]
"""What became of a tool call. ``moved`` and ``stayed``: it returned. ``lost``: it returned a node that was never
entered. ``failed``: it raised, or there is no such function. ``unfinished``: nothing had settled it when the call
ended. ``never_ran``: the LLM asked for it, and its handler had not begun when the call ended. ``open``: it has not
settled, and the call goes on; or what became of the transition it asked for was not seen, or not yet."""


@dataclass(frozen=True)
class ToolCall:
    """One call of a function by the LLM.

    Attributes:
        tool_call_id: The LLM's id of the call. Some servers use the same one again and again.
        function: The function.
        arguments: What the LLM passed; None if switched off.
        result: What came back; None while open, or if switched off.
        error: The failure's message; None without a failure.
        outcome: What became of it.
        started_ms: When its handler began to run; None if that was not seen.
        ended_ms: When it settled; None while open.
        visit: Position in ``record.visits`` of the visit in which it started; None outside any. One that never
            ran belongs where it was asked for.
        moved: Whether it moved the flow to another visit: by the node it returned, or by setting one itself,
            whatever became of it afterwards.
        requested_ms: When the LLM asked for it; None if that was not seen. Where functions run one after another,
            its handler begins later.
        group: Id shared by the calls of one LLM response; None if unknown.
        progress: Number of results it gave before its last.
        external: Whether its handler ran in another worker.
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
    requested_ms: float | None = None
    group: str | None = None
    progress: int = 0
    external: bool = False

    @property
    def duration_ms(self) -> float | None:
        """How long it ran; None while open, or if its start was not seen or lies after its end."""
        if self.started_ms is None or self.ended_ms is None or self.ended_ms < self.started_ms:
            return None
        return round(self.ended_ms - self.started_ms, 3)


def read_tool_calls(
    events: Events, lives: Sequence[Life], times: VisitTimes, inferences: Sequence[Inference]
) -> tuple[ToolCall, ...]:
    """Read the tool calls of a call, in the order in which they were first seen: asked for, or begun.

    Args:
        events: The moments of the call.
        lives: Its function calls.
        times: When its visits were.
        inferences: Its inferences.

    Returns:
        One entry per call, also where several calls have the same id.
    """
    entered = {event.change for event in of_kind(events, NodeEntered)}
    failed = {e.change for e in of_kind(events, NodeChangeFailed) if not e.entered}
    ended = bool(of_kind(events, CallEnded))
    by_seq = sorted(inferences, key=lambda inference: inference.seq)
    calls: list[ToolCall] = []
    for life in lives:
        moved = any(change.change in entered for change in life.changes)
        # What a flow that nobody watched did with it is not known.
        hopeless = (ended and bool(entered)) or any(change.change in failed for change in life.changes)
        returned = life.settled if isinstance(life.settled, FunctionReturned) else None
        calls.append(
            ToolCall(
                tool_call_id=life.tool_call_id,
                function=life.function,
                arguments=life.called.arguments if life.called else None,
                result=returned.result if returned else None,
                error=returned.error if returned else None,
                outcome=_outcome(life, moved=moved, hopeless=hopeless, ended=ended),
                started_ms=life.called.at_ms if life.called else None,
                ended_ms=life.settled.at_ms if life.settled else None,
                visit=_visit_of(life, by_seq, times),
                moved=moved,
                requested_ms=life.requested.at_ms if life.requested else None,
                group=life.called.group if life.called else None,
                progress=life.progress,
                external=life.called.external if life.called else False,
            )
        )
    return tuple(calls)


def _visit_of(life: Life, inferences: Sequence[Inference], times: VisitTimes) -> int | None:
    at_ms = life.called.at_ms if life.called else life.seen_ms
    ending, beginning = times.at(at_ms, before_change=True), times.at(at_ms)
    if ending == beginning or life.changes:
        return ending
    # At the very moment of a node change it belongs where the inference that asked for it began. Both are frames,
    # so their order is that of recording.
    seen = life.called or life.requested
    asked = bisect_left(inferences, seen.seq, key=lambda inference: inference.seq) if seen else 0
    return beginning if asked and inferences[asked - 1].start_ms >= at_ms else ending


def _outcome(life: Life, *, moved: bool, hopeless: bool, ended: bool) -> Outcome:
    settled = life.settled
    if settled is not None and settled.timed_out:
        return "timed_out"
    if isinstance(settled, FunctionCancelled):
        return "cancelled"
    if settled is not None and settled.failed:
        return "failed"
    if moved:
        return "moved"
    if life.request is not None or (settled is not None and settled.next == "move"):
        # Between a function's result and the transition it asked for, the bot may still be speaking.
        return "lost" if hopeless else "open"
    if settled is not None:
        return "stayed"
    if not ended:
        return "open"
    return "unfinished" if life.called else "never_ran"
