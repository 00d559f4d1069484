"""How a call ended, and what that means for the visit it ended in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flows_analytics.calls.events import CallEnded, ErrorSeen, Events

Status = Literal["started", "completed", "cancelled", "error"]
"""``started`` is a call still running, or one whose process died."""

ExitKind = Literal[
    "transition", "handoff", "end", "hangup", "transfer", "error", "timeout", "cancelled", "lost", "running"
]
"""How a visit was left. ``running`` has no left time."""

PROCESS_LOST = "process_lost"
"""The ``end_reason`` of a record made from what a dead process left behind."""

_HANGUP = {
    "user_hangup",
    "client_disconnected",
    "client_hangup",
    "caller_hangup",
    "participant_left",
    "transport_closed",
}
_TIMEOUT = {"timeout", "idle_timeout", "max_duration"}
_END = {"agent_hangup", "end_conversation"}


@dataclass(frozen=True)
class Ending:
    """How a call ended.

    Attributes:
        status: What the record's ``status`` is.
        reason: The reason given; None if none was.
        at_ms: When, in milliseconds since the start; None while it runs.
    """

    status: Status
    reason: str | None
    at_ms: float | None


def read_ending(events: Events) -> Ending:
    """Read how a call ended from its moments.

    A fatal error by then makes the status ``error``, whatever frame came after it: Pipecat ends such a call with
    a plain CancelFrame.

    Args:
        events: The moments of the call.

    Returns:
        The ending; status ``started`` if the call has not ended.
    """
    end = next((event for event in events if isinstance(event, CallEnded)), None)
    if end is None:
        return Ending(status="started", reason=None, at_ms=None)
    status: Status = "completed" if end.terminal in ("end", "stop") else "cancelled"
    if any(isinstance(event, ErrorSeen) and event.fatal and event.at_ms <= end.at_ms for event in events):
        status = "error"
    return Ending(status=status, reason=end.reason, at_ms=end.at_ms)


def exit_kind(status: str, reason: str | None) -> ExitKind:
    """Tell how the last visit of a call was left: the table of docs/recording.md.

    | status | reason | exit kind |
    |---|---|---|
    | ``started`` | ``process_lost`` | ``lost`` |
    | ``started`` | anything else | ``running`` |
    | ``error`` | any | ``error`` |
    | any other | names a transfer | ``transfer`` |
    | any other | names a hang-up of the caller, or a client that is gone | ``hangup`` |
    | any other | names a timeout | ``timeout`` |
    | any other | names a hang-up of the bot | ``end`` |
    | ``completed`` | anything else | ``end`` |
    | ``cancelled`` | anything else | ``cancelled`` |

    A plain cancel says nothing of a hang-up: Pipecat's examples cancel on disconnect without giving a reason.

    Args:
        status: The record's status.
        reason: The record's end reason; upper or lower case, spaces, dashes or underscores are all the same.

    Returns:
        The exit kind of the visit in which the call ended.
    """
    word = "_".join((reason or "").lower().replace("-", " ").replace("_", " ").split())
    if status == "started":
        return "lost" if word == PROCESS_LOST else "running"
    if status == "error":
        return "error"
    if "transfer" in word.split("_") or "transferred" in word.split("_"):
        return "transfer"
    if word in _HANGUP:
        return "hangup"
    if word in _TIMEOUT:
        return "timeout"
    if word in _END or status == "completed":
        return "end"
    return "cancelled"
