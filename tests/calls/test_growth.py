"""Four times the call takes about four times the time to read, not sixteen times.

Counted in steps of the interpreter rather than in seconds, so that a busy machine does not matter.
"""

from __future__ import annotations

import sys

import pytest

from flows_analytics.calls.events import (
    BotStarted,
    BotStopped,
    BotText,
    CallEnded,
    CallerBackchannel,
    CallerMuted,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerUnmuted,
    CallerVoiceStarted,
    CallerVoiceStopped,
    FirstToken,
    FunctionCalled,
    FunctionRequested,
    FunctionReturned,
    InferenceEnded,
    InferenceStarted,
    NodeChangeBegan,
    NodeEntered,
    SpeakRequested,
    TransitionRequested,
    TurnDecided,
    WorkerActivated,
)
from tests.calls.long_call import long_call, record_of


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


def everything(n):
    """Turns, tools, moves, losses, acknowledgements, reports, keys and workers, round after round."""
    return [(type(e), e.at_ms, e.model_dump(exclude={"seq", "at_ms", "kind"})) for e in long_call(4 * n).events]


def one_long_wait(n):
    """The caller waits while one function after another runs, all of one name and one id."""
    rows = [
        (CallerVoiceStarted, 0, {}),
        (CallerTurnStarted, 0, {}),
        (CallerVoiceStopped, 50, {}),
        (CallerText, 60, {"text": "yes"}),
        (CallerTurnStopped, 70, {}),
    ]
    for number in range(n):
        call = {"tool_call_id": "call_0", "function": "look"}
        rows += [
            (FunctionCalled, 100 + 10 * number, call),
            (FunctionReturned, 105 + 10 * number, {**call, "next": "stay"}),
        ]
    origin, at = len(rows), 100 + 10 * n
    return [
        *rows,
        (InferenceStarted, at, {"processor": "LLM"}),
        (BotStarted, at + 100, {}),
        (BotText, at + 100, {"text": "well", "origin": origin}),
        (CallEnded, at + 200, {"terminal": "end"}),
    ]


def one_long_turn(n):
    """The caller pauses again and again, and the turn is never over."""
    rows = [(CallerTurnStarted, 0, {})]
    for at in range(0, n * 100, 100):
        rows += [
            (CallerVoiceStarted, at, {}),
            (CallerText, at + 20, {"text": "well"}),
            (CallerVoiceStopped, at + 50, {}),
        ]
    return [*rows, (CallerTurnStopped, n * 100, {}), (BotStarted, n * 100 + 1, {})]


def all_at_once(n):
    """Functions of one id that all run at the same time and all want to move the flow; one does."""
    calls = [{"tool_call_id": "call_0", "function": f"f{number % 3}"} for number in range(n)]
    change = {"change": 0, "flow": "main", "node": "b", "cause": "code"}
    rows = [(NodeEntered, 0, {**change, "node": "a"})]
    rows += [(FunctionCalled, 1, call) for call in calls]
    rows += [(TransitionRequested, 5, {**call, "flow": "main", "from_node": "a", "node": "b"}) for call in calls]
    rows += [(FunctionReturned, 9, {**call, "next": "move"}) for call in calls]
    return [*rows, (NodeEntered, 10, {**change, "change": 1}), (CallEnded, 20_000, {"terminal": "end"})]


def asks(n):
    """The LLM asks for one function after another."""
    rows = []
    for number in range(n):
        call = {"tool_call_id": f"call_{number}", "function": "look", "processor": "LLM"}
        rows += [(InferenceStarted, 10 * number, {"processor": "LLM"}), (FunctionRequested, 10 * number + 5, call)]
    return rows


def acknowledges(n):
    """The caller says "mhm" all the time."""
    rows = []
    for at in range(0, n * 1000, 1000):
        rows += [(CallerText, at, {"text": "mhm"}), (CallerBackchannel, at + 1, {"text": "mhm"})]
    return rows


def mutes(n):
    """What the caller says is ignored now and then."""
    rows = []
    for at in range(0, n * 1000, 1000):
        rows += [
            (CallerMuted, at, {}),
            (CallerUnmuted, at + 100, {}),
            (CallerText, at + 200, {"text": "a", "source": "typed"}),
        ]
    return rows


def fails(n):
    """Functions want to move the flow, and it never moves."""
    rows = [(NodeEntered, 0, {"flow": "main", "node": "a", "cause": "initial"})]
    move = {"flow": "main", "from_node": "a", "node": "b", "cause": "code"}
    rows += [(NodeChangeBegan, 1 + number, {**move, "change": 1 + number}) for number in range(n)]
    return [*rows, (CallEnded, 20_000, {"terminal": "end"})]


def many_workers(n):
    """Every worker of the bot is activated and none ever gives the call away."""
    return [(WorkerActivated, number, {"worker": f"w{number}"}) for number in range(n)]


class Time(float):
    """A time that counts how often it is compared, which the interpreter's own sorting does out of sight."""

    compared = 0

    def __lt__(self, other):
        Time.compared += 1
        return float.__lt__(self, other)


def steps_of(reading, rows):
    """How many steps of our code, rounds of comprehensions and comparisons of times included, a reading takes."""
    record = record_of(rows)
    timed = tuple(event.model_copy(update={"at_ms": Time(event.at_ms)}) for event in record.events)
    record = record.model_copy(update={"events": timed})
    steps = 0

    def trace(frame, event, _):
        nonlocal steps
        if "flows_analytics" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        steps += 1
        return trace

    Time.compared = 0
    sys.settrace(trace)
    try:
        getattr(record, reading)
    finally:
        sys.settrace(None)
    return steps + Time.compared


READINGS = (
    "visits",
    "inferences",
    "turns",
    "transitions",
    "tool_calls",
    "usage",
    "usage_by_visit",
    "offers",
    "findings",
    "disconnection",
    "keys",
    "idles",
    "shifts",
)


@pytest.mark.parametrize(
    ("reading", "call", "n"),
    [
        ("turns", answers, 40),
        ("turns", moves, 40),
        ("transitions", moves, 40),
        *((reading, everything, 10) for reading in READINGS),
        ("inferences", asks, 200),
        ("turns", acknowledges, 100),
        ("turns", mutes, 100),
        ("findings", fails, 100),
        ("turns", one_long_wait, 40),
        ("turns", one_long_turn, 100),
        ("transitions", all_at_once, 40),
        ("findings", all_at_once, 40),
        ("shifts", many_workers, 40),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_call_four_times_as_long_takes_about_four_times_as_long_to_read(reading, call, n):
    short, long = (steps_of(reading, call(size)) for size in (n, 4 * n))

    assert long < 5.2 * short, f"{reading} of {call.__name__}: {long / short:.1f} times the steps"
