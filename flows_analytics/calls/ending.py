"""How a call ended, and what that means for the visit it ended in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from flows_analytics.calls.events import (
    BotStarted,
    CallEnded,
    CallerIdle,
    CallerText,
    CallerTurnStarted,
    CallerVoiceStarted,
    ClientConnected,
    ClientDisconnected,
    ErrorSeen,
    Events,
    KeysPressed,
    Moment,
    NodeEntered,
    TransferRequested,
)
from flows_analytics.calls.kinds import of_kind, of_kinds

Status = Literal["started", "completed", "cancelled", "error"]
"""``started`` is a call still running, or one whose process died."""

ExitKind = Literal[
    "transition", "handoff", "end", "hangup", "transfer", "error", "timeout", "cancelled", "lost", "running"
]
"""How a visit was left. ``running`` has no left time."""

PROCESS_LOST = "process_lost"
"""The ``end_reason`` of a record made from what a dead process left behind."""


class DisconnectionReason(StrEnum):
    """Why a call was over, in words for a ``disconnection_reason_resolver``, which may use any others too.

    Attributes:
        USER_HANGUP: The caller hung up, or the client went away.
        AGENT_HANGUP: The bot ended the call, because the conversation was over.
        TRANSFER: The caller was passed on to somebody else.
        ERROR: Something failed.
        TIMEOUT: Nothing happened for too long, or the call took too long.
        UNKNOWN: Nobody can tell. It counts as no reason where something else tells one.
    """

    USER_HANGUP = "user_hangup"
    AGENT_HANGUP = "agent_hangup"
    TRANSFER = "transfer"
    ERROR = "error"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"


_MEANINGS = {
    "user_hangup": DisconnectionReason.USER_HANGUP,
    "client_disconnected": DisconnectionReason.USER_HANGUP,
    "client_hangup": DisconnectionReason.USER_HANGUP,
    "caller_hangup": DisconnectionReason.USER_HANGUP,
    "participant_left": DisconnectionReason.USER_HANGUP,
    "transport_closed": DisconnectionReason.USER_HANGUP,
    "timeout": DisconnectionReason.TIMEOUT,
    "idle_timeout": DisconnectionReason.TIMEOUT,
    "max_duration": DisconnectionReason.TIMEOUT,
    "agent_hangup": DisconnectionReason.AGENT_HANGUP,
    "end_conversation": DisconnectionReason.AGENT_HANGUP,
    "error": DisconnectionReason.ERROR,
}
"""What a reason means. Words that are not here, such as the ``runner exiting`` and ``interrupt signal`` that
Pipecat gives for want of a reason, say nothing of who ended the call."""

_UNDONE = {"no", "not", "failed", "rejected", "cancelled", "refused", "error"}
"""Words beside which a transfer is none."""

_EXIT_KINDS: dict[DisconnectionReason, ExitKind] = {
    DisconnectionReason.TRANSFER: "transfer",
    DisconnectionReason.USER_HANGUP: "hangup",
    DisconnectionReason.TIMEOUT: "timeout",
    DisconnectionReason.AGENT_HANGUP: "end",
    DisconnectionReason.ERROR: "error",
}

ReasonSource = Literal["resolver", "frame", "moments"]
"""Who told why a call was over: the bot's ``disconnection_reason_resolver``, the terminal frame or ``aflush()``,
or what happened in the call."""

_STILL_THERE_MS = 1000.0
"""How long after a client is gone the speech it left behind may still be noticed. Whoever begins to speak later is
another client, still there."""


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


@dataclass(frozen=True)
class Disconnection:
    """Why a call was over, and who told.

    Attributes:
        reason: One of `DisconnectionReason`, or what the resolver said in its own words.
        source: Who told; None if nobody did, and the reason is ``unknown``.
    """

    reason: str
    source: ReasonSource | None


def read_ending(events: Events) -> Ending:
    """Read how a call ended from its moments.

    A fatal error by then makes the status ``error``, whatever frame came after it: Pipecat ends such a call with
    a plain CancelFrame.

    Args:
        events: The moments of the call.

    Returns:
        The ending; status ``started`` if the call has not ended.
    """
    end = _end(events)
    if end is None:
        return Ending(status="started", reason=None, at_ms=None)
    status: Status = "completed" if end.terminal in ("end", "stop") else "cancelled"
    if any(event.fatal and event.at_ms <= end.at_ms for event in of_kind(events, ErrorSeen)):
        status = "error"
    return Ending(status=status, reason=end.reason, at_ms=end.at_ms)


def read_disconnection(
    events: Events, *, status: str, end_reason: str | None, told: str | None
) -> Disconnection | None:
    """Read why a call was over, and who told.

    Args:
        events: The moments of the call.
        status: The record's status.
        end_reason: The record's end reason.
        told: What the resolver said, the record's ``disconnection_reason``.

    Returns:
        The reason; None while the call runs, or if its process died.
    """
    if status == "started":
        return None
    if told and _word(told) != DisconnectionReason.UNKNOWN:
        return Disconnection(told, "resolver")
    if status == "error":
        return Disconnection(DisconnectionReason.ERROR.value, "moments")
    shown = shown_reason(events)
    if (reason := _weigh(end_reason, shown)) is not None:
        return Disconnection(reason.value, "frame" if _meaning(end_reason) is reason else "moments")
    return Disconnection(DisconnectionReason.UNKNOWN.value, "resolver" if told else None)


def shown_reason(events: Events) -> DisconnectionReason | None:
    """Read from what happened in a call why it was over.

    The first of these that holds:

    - ``transfer``: the bot asked for a transfer, and answered nothing that the caller said afterwards.
    - ``user_hangup``: the client was gone when the end of the call was asked for, and had not come back.
    - ``timeout``: the caller was told to be idle, said nothing more, and the bot ended the call.
    - ``agent_hangup``: the bot ended the call in a node whose actions can end the conversation.

    Args:
        events: The moments of the call.

    Returns:
        The reason; None if the moments show none, or the call has not ended.
    """
    end = _end(events)
    if end is None:
        return None
    asked_ms = end.at_ms - end.lag_ms
    if _was_transferred(events):
        return DisconnectionReason.TRANSFER
    if _client_was_gone(events, asked_ms):
        return DisconnectionReason.USER_HANGUP
    if end.terminal not in ("end", "stop"):
        # What a bot cancels it may cancel for any reason: its code for a client that is gone does so, too.
        return None
    idle_ms = _last(events, (CallerIdle,), asked_ms)
    if idle_ms > _last(events, (CallerTurnStarted, CallerText, KeysPressed), asked_ms):
        return DisconnectionReason.TIMEOUT
    nodes = of_kind(events, NodeEntered)
    return DisconnectionReason.AGENT_HANGUP if nodes and nodes[-1].can_end else None


def _end(events: Events) -> CallEnded | None:
    return next(iter(of_kind(events, CallEnded)), None)


def _last(events: Events, kinds: tuple[type[Moment], ...], by_ms: float) -> float:
    """When one of these kinds last happened by a time; before all times if never."""
    return max((e.at_ms for e in of_kinds(events, *kinds) if e.at_ms <= by_ms), default=-1.0)


def _was_transferred(events: Events) -> bool:
    asked_ms = max((event.at_ms for event in of_kind(events, TransferRequested)), default=None)
    if asked_ms is None:
        return False
    words_ms = min(
        (event.at_ms for event in of_kind(events, CallerText) if event.at_ms > asked_ms),
        default=None,
    )
    # A transfer that fails leaves caller and bot talking to each other.
    return words_ms is None or not any(e.at_ms > words_ms for e in of_kind(events, BotStarted))


def _client_was_gone(events: Events, asked_ms: float) -> bool:
    gone_ms = _last(events, (ClientDisconnected,), asked_ms)
    if gone_ms < 0 or _last(events, (ClientConnected,), asked_ms) > gone_ms:
        return False
    # Some transports say the same of anybody who leaves a room in which others stay.
    return _last(events, (CallerVoiceStarted, KeysPressed), asked_ms) <= gone_ms + _STILL_THERE_MS


def _word(reason: str | None) -> str:
    return "_".join((reason or "").lower().replace("-", " ").replace("_", " ").split())


def _meaning(reason: str | None) -> DisconnectionReason | None:
    word = _word(reason)
    words = set(word.split("_"))
    if {"transfer", "transferred"} & words and not _UNDONE & words:
        return DisconnectionReason.TRANSFER
    return _MEANINGS.get(word)


def _weigh(end_reason: str | None, shown: DisconnectionReason | None) -> DisconnectionReason | None:
    """Choose between what the terminal frame says and what the moments show."""
    said = _meaning(end_reason)
    # A caller who is passed on leaves, and a bot that nobody tells of it idles: what came first is the reason.
    if shown is DisconnectionReason.TRANSFER:
        return shown
    if shown is DisconnectionReason.USER_HANGUP and said is DisconnectionReason.TIMEOUT:
        return shown
    return said or shown


def exit_kind(
    status: str, end_reason: str | None, told: str | None = None, shown: DisconnectionReason | None = None
) -> ExitKind:
    """Tell how the last visit of a call was left: the table of docs/recording.md.

    | status | reason | exit kind |
    |---|---|---|
    | ``started`` | ``process_lost`` | ``lost`` |
    | ``started`` | anything else | ``running`` |
    | ``error`` | any | ``error`` |
    | any other | names a transfer that is not said to have failed | ``transfer`` |
    | any other | names a hang-up of the caller, or a client that is gone | ``hangup`` |
    | any other | names a timeout | ``timeout`` |
    | any other | names a hang-up of the bot | ``end`` |
    | any other | names an error | ``error`` |
    | ``completed`` | anything else | ``end`` |
    | ``cancelled`` | anything else | ``cancelled`` |

    The reason is the first that names anything of: what the resolver said; a transfer that the moments show; the
    end reason, unless it names a timeout and the moments show a hang-up before it; what the moments show. Without
    any, a plain cancel says nothing of a hang-up: Pipecat's examples cancel on disconnect without a reason.

    Args:
        status: The record's status.
        end_reason: The record's end reason; upper or lower case, spaces, dashes or underscores are all the same.
        told: What the resolver said, the record's ``disconnection_reason``; read in the same way.
        shown: What the moments show (see `shown_reason`).

    Returns:
        The exit kind of the visit in which the call ended.
    """
    if status == "started":
        return "lost" if _word(end_reason) == PROCESS_LOST else "running"
    if status == "error":
        return "error"
    reason = _meaning(told) or _weigh(end_reason, shown)
    if reason is not None:
        return _EXIT_KINDS[reason]
    return "end" if status == "completed" else "cancelled"
