"""The transitions of a call as rows of a table."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.transitions import Transition
from flows_analytics.report.json_text import json_text
from flows_analytics.report.moves import Fate, Move, moves
from flows_analytics.report.times import Duration, Stamp, duration, stamp
from flows_analytics.report.visible import Name, PageText, page_name, page_text
from flows_analytics.report.waits import Wait, wait
from flows_analytics.report.words import WHY_ENTERED

_FATES: dict[Fate, str] = {
    "entered": "entered",
    "troubled": "entered, then failed",
    "failed": "failed",
    "lost": "lost",
}


@dataclass(frozen=True)
class TransitionRow:
    """One move, or one that did not come about.

    Attributes:
        anchor: Id of the row on the page.
        flow: The flow.
        fate: What became of it, as a code.
        fate_in_words: The same in words.
        visit: Number of the visit it led to; None if it led nowhere.
        from_node: The node moved from; None if the flow was in no node yet.
        to_node: The node moved to, or the node not reached.
        cause: Why, in words.
        function: The function that returned the node, or in whose handler code set it; None without one.
        arguments: The arguments of that function as JSON; None if there were none, or not recorded.
        result: Its result as JSON; None if there was none, or not recorded.
        began: When it began; None if that was not seen.
        took: From its start to the new node; None if either was not seen.
        heard: How long it took until the caller heard the new node, and what that time consisted of; None if it
            was not heard.
        error: Why it failed or was lost; None if all went well.
    """

    anchor: str
    flow: Name
    fate: Fate
    fate_in_words: str
    visit: int | None
    from_node: Name | None
    to_node: Name
    cause: str
    function: Name | None
    arguments: PageText | None
    result: PageText | None
    began: Stamp | None
    took: Duration | None
    heard: Wait | None
    error: PageText | None


def transition_rows(record: CallRecord) -> tuple[TransitionRow, ...]:
    """Compute the rows of the table of transitions.

    Args:
        record: The call.

    Returns:
        One row per transition, failed and lost ones included, in the order in which they began.
    """
    return tuple(_row(record, position, move) for position, move in enumerate(moves(record)))


def transition_anchor(position: int) -> str:
    """Name a transition on the page.

    Args:
        position: Its position in `CallRecord.transitions`.

    Returns:
        The id of its row.
    """
    return f"move-{position + 1}"


def _row(record: CallRecord, position: int, move: Move) -> TransitionRow:
    transition = move.transition
    function = transition.function or transition.during
    took_ms = None
    if transition.began_ms is not None and transition.entered_ms is not None:
        took_ms = transition.entered_ms - transition.began_ms
    return TransitionRow(
        anchor=transition_anchor(position),
        flow=page_name(transition.flow),
        fate=move.fate,
        fate_in_words=_FATES[move.fate],
        visit=move.visit,
        from_node=page_name(transition.from_node) if transition.from_node is not None else None,
        to_node=page_name(transition.to_node),
        cause=_cause(transition),
        function=page_name(function) if function else None,
        arguments=json_text(transition.arguments),
        result=json_text(transition.result),
        began=stamp(transition.began_ms if transition.began_ms is not None else transition.entered_ms),
        took=duration(took_ms),
        heard=wait(transition.latency_ms, transition.contributions),
        error=page_text(transition.error) if transition.error else None,
    )


def _cause(transition: Transition) -> str:
    if transition.cause == "function":
        return "function returned the node"
    if transition.cause == "code" and transition.during:
        return "set by code inside a function"
    return WHY_ENTERED[transition.cause]
