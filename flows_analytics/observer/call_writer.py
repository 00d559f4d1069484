"""The observer's side of the recorder: stamping, and switching content off."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flows_analytics.calls.events import Moment
from flows_analytics.calls.values import plain
from flows_analytics.observer.clock import CallClock
from flows_analytics.observer.guard import Guard
from flows_analytics.observer.held_moments import HeldMoments
from flows_analytics.recording.recorder import CallRecorder

_ASKED_KEPT = 64
"""Function calls whose arguments are remembered; a bot has a handful under way."""


@dataclass(frozen=True)
class Content:
    """Which content a recording keeps.

    Attributes:
        transcripts: What caller and bot say.
        arguments: What functions are called with.
        results: What they return, messages of their failures included.
        state: The keys of the flow's state that are kept.
    """

    transcripts: bool = True
    arguments: bool = True
    results: bool = True
    state: tuple[str, ...] = ()


@dataclass
class CallWriter:
    """What the parts of an observer share while they write one call.

    Attributes:
        recorder: Where moments go.
        clock: The axis of time.
        guard: Where the recording's own exceptions go.
        content: What is kept.
        flows: Number of flows seen.
        changes: Number of node changes seen.
        flow_functions: Names of the functions that the flows of the call have offered.
        unread_arguments: The function calls whose arguments are kept and whose beginning is not recorded yet.
    """

    recorder: CallRecorder
    clock: CallClock
    guard: Guard
    content: Content
    flows: int = 0
    changes: int = 0
    flow_functions: set[str] = field(default_factory=set[str])
    unread_arguments: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    _asked: OrderedDict[tuple[str, str], Any] = field(default_factory=OrderedDict[tuple[str, str], Any])
    _held: HeldMoments | None = field(init=False)

    def __post_init__(self) -> None:
        redaction = self.recorder.redaction
        self._held = HeldMoments(self.recorder, redaction) if redaction is not None else None

    def add(self, kind: type[Moment], at_ns: int, **fields: Any) -> int:
        """Record a moment (see `CallRecorder.add`). With a redactor, pieces of a text wait for the whole."""
        if self._held is not None:
            return self._held.add(kind, at_ns, fields)
        return self.recorder.add(kind, at_ns, **fields)

    def release(self) -> None:
        """Record what still waits: the call is over, or its recording is."""
        if self._held is not None:
            self._held.release()

    def next_flow(self) -> str:
        """Name the next flow: the first one initialised is ``main`` (docs/metrics.md)."""
        self.flows += 1
        return "main" if self.flows == 1 else f"flow{self.flows}"

    def next_change(self) -> int:
        """Number the next node change."""
        self.changes += 1
        return self.changes

    def transcript(self, text: str) -> str | None:
        """Keep what was said, or not."""
        return text if self.content.transcripts else None

    def arguments(self, value: Any) -> Any:
        """Keep a function's arguments, or not."""
        return value if self.content.arguments else None

    def keep_asked(self, tool_call_id: str, function: str, arguments: Any) -> None:
        """Keep what the LLM passed to a function, before its handler can change it."""
        if self.content.arguments:
            self._asked[tool_call_id, function] = plain(arguments)
            self.unread_arguments.add((tool_call_id, function))
            if len(self._asked) > _ASKED_KEPT:
                forgotten, _ = self._asked.popitem(last=False)
                self.unread_arguments.discard(forgotten)

    def asked(self, tool_call_id: str | None, function: str | None, arguments: Any) -> Any:
        """What the LLM passed to a function: as kept before its handler ran, else as it is now. None if off."""
        kept = self._asked.get((tool_call_id or "", function or ""))
        return self.arguments(arguments if kept is None else kept)

    def result(self, value: Any) -> Any:
        """Keep a function's result, or not."""
        return value if self.content.results else None

    def state(self, state: Mapping[str, Any]) -> dict[str, Any] | None:
        """Keep the allowed part of a flow's state; None if nothing is allowed."""
        if not self.content.state:
            return None
        return {key: state[key] for key in self.content.state if key in state}
