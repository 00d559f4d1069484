"""Idles: when the caller was silent for longer than the bot allows."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.calls.events import CallerIdle, CallerText, CallerTurnStarted, Events, KeysPressed
from flows_analytics.calls.visits import VisitTimes


@dataclass(frozen=True)
class Idle:
    """The caller was silent for as long as the bot allows.

    Attributes:
        at_ms: When the bot was told.
        in_a_row: 1 for the first since the caller last spoke, 2 for the second, …
        visit: Position in ``record.visits`` of the visit current then; None outside any.
    """

    at_ms: float
    in_a_row: int
    visit: int | None


def read_idles(events: Events, times: VisitTimes) -> tuple[Idle, ...]:
    """Read when the caller was idle.

    Speaking, typing and pressing keys begin a new row. Voice that no turn claims is a cough and begins none.

    Args:
        events: The moments of the call.
        times: When its visits were.

    Returns:
        The idles, in order; none without ``attach_user_aggregator``.
    """
    idles: list[Idle] = []
    in_a_row = 0
    for event in sorted(events, key=lambda event: event.at_ms):
        if isinstance(event, CallerTurnStarted | CallerText | KeysPressed):
            in_a_row = 0
        elif isinstance(event, CallerIdle):
            in_a_row += 1
            idles.append(Idle(at_ms=event.at_ms, in_a_row=in_a_row, visit=times.at(event.at_ms)))
    return tuple(idles)
