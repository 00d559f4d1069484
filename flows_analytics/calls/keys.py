"""Keys: what was dialled on the phone's keypad, joined into sequences."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.calls.events import Events, KeysPressed, KeysSent
from flows_analytics.calls.kinds import of_kind
from flows_analytics.calls.turns import Speaker
from flows_analytics.calls.visits import VisitTimes

KEY_GAP_MS = 3000.0
"""The longest pause inside a sequence, in milliseconds: people look up the next digits of a long number."""


@dataclass(frozen=True)
class KeySequence:
    """Keys that one side pressed one after the other.

    Attributes:
        side: ``caller`` or ``bot``.
        keys: The keys: digits, ``*`` and ``#``; None if they were switched off.
        count: How many.
        start_ms: When the first was pressed.
        end_ms: When the last was.
        visit: Position in ``record.visits`` of the visit it belongs to; None outside any.
    """

    side: Speaker
    keys: str | None
    count: int
    start_ms: float
    end_ms: float
    visit: int | None


def read_keys(events: Events, times: VisitTimes, *, gap_ms: float = KEY_GAP_MS) -> tuple[KeySequence, ...]:
    """Read the sequences of keys of a call. Keys pressed in two visits are two sequences.

    Args:
        events: The moments of the call.
        times: When its visits were.
        gap_ms: The longest pause inside a sequence, in milliseconds.

    Returns:
        The sequences of both sides, in the order in which each began.
    """
    sequences: list[KeySequence] = []
    sides: tuple[tuple[Speaker, type[KeysPressed | KeysSent]], ...] = (("caller", KeysPressed), ("bot", KeysSent))
    for side, kind in sides:
        runs: list[list[KeysPressed | KeysSent]] = []
        for event in sorted(of_kind(events, kind), key=lambda event: event.at_ms):
            last = runs[-1][-1].at_ms if runs else None
            if last is not None and event.at_ms - last <= gap_ms and times.at(event.at_ms) == times.at(last):
                runs[-1].append(event)
            else:
                runs.append([event])
        sequences.extend(_sequence(side, run, times) for run in runs)
    return tuple(sorted(sequences, key=lambda sequence: sequence.start_ms))


def _sequence(side: Speaker, run: list[KeysPressed | KeysSent], times: VisitTimes) -> KeySequence:
    known = [event.keys for event in run if event.keys is not None]
    return KeySequence(
        side=side,
        keys="".join(known) if len(known) == len(run) else None,
        count=sum(event.count for event in run),
        start_ms=run[0].at_ms,
        end_ms=run[-1].at_ms,
        visit=times.at(run[0].at_ms),
    )
