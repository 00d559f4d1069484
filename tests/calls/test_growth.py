"""Four times the call takes about four times the time to read, not sixteen times.

Counted in steps of the interpreter rather than in seconds, so that a busy machine does not matter.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from flows_analytics import CallRecord
from flows_analytics.calls.events import (
    BotStarted,
    BotStopped,
    BotText,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerVoiceStarted,
    CallerVoiceStopped,
    FirstToken,
    InferenceEnded,
    InferenceStarted,
    NodeChangeBegan,
    NodeEntered,
    SpeakRequested,
    TurnDecided,
)


def record_of(rows):
    events = tuple(kind(seq=seq, at_ms=float(at), **fields) for seq, (kind, at, fields) in enumerate(rows))
    return CallRecord(call_id="x", started_at=datetime(2026, 1, 1, tzinfo=UTC), events=events)


def answers(n):
    """The caller speaks and the bot answers."""
    rows = []
    for at in range(0, n * 1000, 1000):
        rows += [
            (CallerVoiceStarted, at, {}),
            (CallerTurnStarted, at, {}),
            (CallerVoiceStopped, at + 50, {}),
            (CallerText, at + 60, {"text": "yes"}),
            (CallerTurnStopped, at + 70, {}),
            (TurnDecided, at + 70, {"decision": "stopped", "strategy": "S"}),
        ]
        origin = len(rows)
        rows += [
            (InferenceStarted, at + 80, {"processor": "LLM"}),
            (FirstToken, at + 90, {"origin": origin}),
            (InferenceEnded, at + 95, {"origin": origin, "text": "well"}),
            (BotStarted, at + 100, {}),
            (BotText, at + 100, {"text": "well", "source": "transport", "origin": origin}),
            (BotStopped, at + 200, {}),
        ]
    return rows


def moves(n):
    """The flow moves, and each node speaks first."""
    rows = []
    for number in range(n):
        at = number * 1000
        change = {"change": number, "flow": "main", "node": "b", "cause": "code"}
        rows += [(NodeChangeBegan, at, {**change, "from_node": "a", "speaks": 1})]
        origin = len(rows)
        rows += [
            (SpeakRequested, at + 1, {"text": "hold on"}),
            (NodeEntered, at + 2, change),
            (InferenceStarted, at + 3, {"processor": "LLM"}),
            (BotStarted, at + 10, {}),
            (BotText, at + 11, {"text": "hold on", "source": "transport", "origin": origin}),
            (BotStopped, at + 12, {}),
        ]
    return rows


def steps_of(reading, rows):
    """How many lines of our code, rounds of comprehensions included, one reading takes."""
    record = record_of(rows)
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        if "flows_analytics" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        lines += 1
        return trace

    sys.settrace(trace)
    try:
        getattr(record, reading)
    finally:
        sys.settrace(None)
    return lines


@pytest.mark.parametrize(
    ("reading", "call", "n"),
    [
        ("turns", answers, 40),
        ("turns", moves, 40),
        ("transitions", moves, 40),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_call_four_times_as_long_takes_about_four_times_as_long_to_read(reading, call, n):
    short, long = (steps_of(reading, call(size)) for size in (n, 4 * n))

    assert long < 5.2 * short, f"{reading} of {call.__name__}: {long / short:.1f} times the steps"
