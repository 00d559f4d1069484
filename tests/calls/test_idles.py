"""Idle callers."""

from __future__ import annotations

import pytest

from flows_analytics.calls.events import (
    BotStarted,
    CallerIdle,
    CallerText,
    CallerTurnStarted,
    CallerVoiceStarted,
    KeysPressed,
)
from flows_analytics.calls.idles import read_idles
from flows_analytics.calls.visits import VisitTimes


@pytest.mark.parametrize(
    ("between", "counts"),
    [
        (None, [1, 2]),
        (CallerTurnStarted, [1, 1]),
        (CallerText, [1, 1]),
        (KeysPressed, [1, 1]),
        (CallerVoiceStarted, [1, 2]),
        (BotStarted, [1, 2]),
    ],
)
def test_idle_times_are_counted_in_a_row_until_the_caller_does_something(between, counts):
    middle = () if between is None else (between(seq=1, at_ms=20),)
    # Events are recorded when their handlers run: their order in the record is not that of time.
    events = (CallerIdle(seq=0, at_ms=30), *middle, CallerIdle(seq=2, at_ms=10))

    idles = read_idles(events, VisitTimes(()))
    assert [(idle.at_ms, idle.in_a_row, idle.visit) for idle in idles] == [
        (10, counts[0], None),
        (30, counts[1], None),
    ]
