"""Summary: what the JSON of a call says to a reader without this library."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from flows_analytics.calls.ending import Disconnection
from flows_analytics.calls.findings import Finding
from flows_analytics.calls.idles import Idle
from flows_analytics.calls.keys import KeySequence
from flows_analytics.calls.tools import ToolCall
from flows_analytics.calls.transitions import Transition
from flows_analytics.calls.turns import Turn
from flows_analytics.calls.usage import Usage
from flows_analytics.calls.visits import Visit
from flows_analytics.calls.workers import Shift


class Summary(BaseModel):
    """What a reader without this library wants first. Derived; recomputed on load, never trusted.

    Attributes:
        path: Node names of the main flow, in order.
        visits: All visits.
        transitions: All transitions, failed and lost ones included.
        turns: All turns.
        tool_calls: All tool calls.
        usage: What the services consumed.
        findings: What looks wrong.
        duration_ms: Length of the call; None while it runs.
        disconnection: Why the call was over, and who told; None while it runs.
        keys: What was dialled on the phone's keypad.
        idles: When the caller was silent for too long.
        shifts: Which worker held the call when, if workers were attached.
    """

    model_config = ConfigDict(frozen=True)

    path: tuple[str, ...]
    visits: tuple[Visit, ...]
    transitions: tuple[Transition, ...]
    turns: tuple[Turn, ...]
    tool_calls: tuple[ToolCall, ...]
    usage: Usage
    findings: tuple[Finding, ...]
    duration_ms: float | None
    disconnection: Disconnection | None
    keys: tuple[KeySequence, ...]
    idles: tuple[Idle, ...]
    shifts: tuple[Shift, ...]
