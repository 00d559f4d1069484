"""Receivers that are left alone for a while."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from flows_analytics.delivery.outcome import Outcome
from flows_analytics.delivery.schedule import Schedule

_IN_A_ROW = 3
"""A receiver that took none of so many calls in a row is not tried with every other call that waits for it."""


@dataclass
class _Receiver:
    """What is known of one receiver.

    Attributes:
        asked_until: Until when it asked to be left alone, in seconds since 1970.
        unwell_until: Until when it is left alone because it took nothing, likewise.
        in_a_row: How many calls it did not take since it last answered one for good.
        call_id: The last of them.
    """

    asked_until: float = 0.0
    unwell_until: float = 0.0
    in_a_row: int = 0
    call_id: str | None = None


# A bot makes an outbox for each call: what one call learns of a receiver holds for the next.
_known: dict[tuple[str, str], _Receiver] = {}
_turn = threading.Lock()


class Pauses:
    """Remembers until when it is of no use to send more calls, for all outboxes of a process on one directory.

    Args:
        directory: The calls directory.
        schedule: How long a receiver that takes nothing is left alone.
    """

    def __init__(self, directory: Path, schedule: Schedule) -> None:
        self._directory = str(directory.absolute())
        self._schedule = schedule

    def note(self, outcome: Outcome, now: float, dice: float) -> None:
        """Learn from an attempt.

        Args:
            outcome: What came of it.
            now: The wall clock, in seconds since 1970.
            dice: A random number from 0 to 1.
        """
        place = (self._directory, outcome.sink)
        with _turn:
            if outcome.state != "left":
                # A wish to be left alone outlives a call that was on its way meanwhile.
                known = _known.pop(place, None)
                if known is not None and known.asked_until > now:
                    _known[place] = _Receiver(asked_until=known.asked_until)
                return
            if outcome.asked_secs is not None:
                # It answers, and says itself how long: not until this one call's next attempt.
                _known[place] = _Receiver(asked_until=now + outcome.asked_secs)
                return
            known = _known.setdefault(place, _Receiver())
            if known.call_id != outcome.call_id:
                # One call that is tried again and again says little of the receiver.
                known.call_id = outcome.call_id
                known.in_a_row += 1
            if known.in_a_row >= _IN_A_ROW:
                known.unwell_until = now + self._schedule.wait_secs(known.in_a_row, dice=dice)

    def asked_until(self, sink: str, now: float) -> float:
        """Say until when a receiver asked to be left alone.

        Args:
            sink: Its name.
            now: The wall clock, in seconds since 1970.

        Returns:
            In seconds since 1970; 0 if it did not.
        """
        with _turn:
            known = _known.get((self._directory, sink))
            until = known.asked_until if known is not None else 0.0
        # Further ahead than anybody can ask for: the clock was set back.
        return until if until <= now + self._schedule.longest_wait_secs(asked=True) else 0.0

    def until(self, sink: str, now: float) -> float:
        """Say when calls that wait may be sent to a receiver again.

        Args:
            sink: Its name.
            now: The wall clock, in seconds since 1970.

        Returns:
            In seconds since 1970; 0 if nothing speaks against it.
        """
        with _turn:
            known = _known.get((self._directory, sink))
            unwell = known.unwell_until if known is not None else 0.0
        if unwell > now + self._schedule.longest_wait_secs(asked=False):
            unwell = 0.0
        return max(unwell, self.asked_until(sink, now))
