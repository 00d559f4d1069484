"""Receivers that are left alone for a while."""

from __future__ import annotations

from flows_analytics.delivery.outcome import Outcome
from flows_analytics.delivery.schedule import Schedule

_UNREACHED = 3
"""A receiver that did not answer so many times in a row is not tried with every other call that waits for it."""


class Pauses:
    """Remembers, by sink, until when it is of no use to send more calls.

    Args:
        schedule: How long a receiver that cannot be reached is left alone.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._until: dict[str, float] = {}
        self._unreached: dict[str, int] = {}

    def note(self, outcome: Outcome, now: float, dice: float) -> None:
        """Learn from an attempt.

        Args:
            outcome: What came of it.
            now: The wall clock, in seconds since 1970.
            dice: A random number from 0 to 1.
        """
        sink = outcome.sink
        self._unreached[sink] = 0 if outcome.reached else self._unreached.get(sink, 0) + 1
        if outcome.asked_secs is not None:
            # Not until its next attempt: that depends on how often this one call failed.
            self._until[sink] = now + outcome.asked_secs
        elif self._unreached[sink] >= _UNREACHED:
            self._until[sink] = now + self._schedule.wait_secs(self._unreached[sink], dice=dice)
        elif outcome.state == "sent":
            self._until.pop(sink, None)

    def until(self, sink: str) -> float:
        """Say when a sink may be tried again.

        Args:
            sink: Its name.

        Returns:
            In seconds since 1970; 0 if nothing speaks against it.
        """
        return self._until.get(sink, 0.0)
