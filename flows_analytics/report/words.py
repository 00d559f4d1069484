"""The record's short codes in plain words: one table each."""

from __future__ import annotations

from typing import Literal

from flows_analytics.calls.ending import ExitKind, ReasonSource
from flows_analytics.calls.events import Cause
from flows_analytics.calls.intervals import ContributionName
from flows_analytics.calls.latency import MeasuredFrom
from flows_analytics.calls.tools import Outcome

HOW_CALLS_END: dict[ExitKind, str] = {
    "transition": "The call ended between two nodes",
    "handoff": "The call ended while another flow took over",
    "end": "The call ended in the normal way",
    "hangup": "The caller hung up, or the client went away",
    "transfer": "The call was transferred",
    "error": "An error ended the call",
    "timeout": "The call timed out",
    "cancelled": "The call was cancelled",
    "lost": "The bot's process died; this is what had been saved",
    "running": "The call was still running when this was recorded",
}
"""How a call ended, as a sentence without its full stop."""

HOW_VISITS_END: dict[ExitKind, str] = {
    "transition": "moved on",
    "handoff": "another flow took over",
    "end": "call ended",
    "hangup": "caller hung up",
    "transfer": "call transferred",
    "error": "ended by an error",
    "timeout": "call timed out",
    "cancelled": "call cancelled",
    "lost": "process died",
    "running": "still here",
}
"""How a visit was left, as a label."""

WHY_ENTERED: dict[Cause, str] = {
    "initial": "first node of the flow",
    "function": "a function led here",
    "code": "set by code",
    "inferred": "not seen, inferred",
}
"""Why a node was entered."""

WHAT_BECAME: dict[Outcome, str] = {
    "moved": "moved the flow",
    "stayed": "stayed in the node",
    "lost": "asked for a move that did not happen",
    "failed": "failed",
    "cancelled": "cancelled",
    "timed_out": "timed out",
    "unfinished": "had not settled when the call ended",
    "never_ran": "never ran",
    "open": "had not settled",
}
"""What became of a tool call."""

WAITED_FOR: dict[ContributionName, str] = {
    "end_of_turn_wait": "silence after the caller's words",
    "transcription": "transcription",
    "turn_decision": "deciding that the turn was over",
    "llm_first_token": "first words of the LLM",
    "function": "function",
    "node_change": "node change",
    "second_inference": "second answer of the LLM",
    "text_aggregation": "gathering a sentence",
    "speech_synthesis": "speech synthesis",
    "output": "output",
    "unnamed": "not known what for",
}
"""What a caller waited for."""

MEASURED_FROM: dict[MeasuredFrom, str] = {
    "speech": "since the caller stopped speaking",
    "turn": "since the caller's turn was over",
    "typed": "since the caller typed",
    "connected": "since the caller was connected",
}
"""Where a wait begins."""

WHO_TOLD: dict[ReasonSource, str] = {
    "resolver": "as the bot's resolver said",
    "frame": "as the end reason says",
    "moments": "as what happened in the call shows",
}
"""Who told why a call was over."""

ANSWERED: dict[Literal["person", "voicemail"], str] = {
    "person": "A person answered the call",
    "voicemail": "A voicemail answered the call",
}
"""Who answered an outbound call."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """Word a number of things.

    Args:
        number: How many.
        one: The noun for one of them.
        many: The noun for several; ``one`` with an s if not given.

    Returns:
        Such as ``1 turn`` or ``1,204 turns``.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def ordinal(number: int) -> str:
    """Word a place in an order.

    Args:
        number: 1 or more.

    Returns:
        ``1st``, ``2nd``, ``3rd``, ``11th``, …
    """
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
