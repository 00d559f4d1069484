"""Findings in moments written by hand, where a pipeline would hardly ever put them."""

from __future__ import annotations

from datetime import UTC, datetime

from flows_analytics import CallRecord
from flows_analytics.calls.events import (
    BotText,
    CallEnded,
    CallerIdle,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerVoiceStarted,
    CallerVoiceStopped,
    FunctionCalled,
    FunctionReturned,
    InferenceEnded,
    InferenceStarted,
    NodeChangeBegan,
    NodeEntered,
    TransitionRequested,
)
from tests.calls.moments import moments


def codes(*rows):
    record = CallRecord(call_id="x", started_at=datetime(2026, 1, 1, tzinfo=UTC), events=moments(*rows))
    return [finding.code for finding in record.findings]


def entered(at_ms, name, **fields):
    return NodeEntered, at_ms, {"flow": "main", "node": name, "cause": "code", **fields}


def says(seq, at_ms, text):
    return [
        (InferenceStarted, at_ms, {"processor": "llm"}),
        (InferenceEnded, at_ms + 100, {"origin": seq, "text": text}),
        (BotText, at_ms + 200, {"origin": seq, "text": text}),
    ]


def test_a_flow_that_went_on_at_the_same_moment_is_not_stuck():
    both = [{"tool_call_id": str(n), "function": name} for n, name in enumerate(("one", "other"))]
    asked = {"flow": "main", "from_node": "a"}
    found = codes(
        entered(0, "a", respond_immediately=False),
        *((FunctionCalled, 1000, call) for call in both),
        (TransitionRequested, 1100, {**asked, "node": "b", **both[0]}),
        (FunctionReturned, 1100, {**both[0], "next": "move"}),
        (TransitionRequested, 1100, {**asked, "node": "c", **both[1]}),
        (FunctionReturned, 1100, {**both[1], "next": "move"}),
        (NodeChangeBegan, 1100, {"change": 1, "cause": "function", "node": "c", **asked, **both[1]}),
        entered(1100, "c", change=1, respond_immediately=False),
        (CallEnded, 20_000, {"terminal": "end"}),
    )
    assert "flow_stuck" not in found
    assert "transition_lost" in found


def test_a_node_entered_while_the_caller_speaks_is_not_silent():
    found = codes(
        (CallerVoiceStarted, 2000, {}),
        (CallerTurnStarted, 2000, {}),
        entered(2240, "a"),
        (CallerVoiceStopped, 9000, {}),
        (CallerText, 9100, {"text": "a long story"}),
        (CallerTurnStopped, 9200, {}),
        *says(6, 9300, "I see."),
        (CallEnded, 12_000, {"terminal": "end"}),
    )
    assert "silent_after_entry" not in found


def test_a_question_asked_again_after_an_idle_time_is_no_repeated_opening():
    found = codes(
        entered(0, "a"),
        *says(1, 0, "What size would you like?"),
        (CallerIdle, 9000, {}),
        *says(5, 9100, "What size would you like?"),
        (CallEnded, 12_000, {"terminal": "end"}),
    )
    assert "opening_repeated" not in found


def test_an_opening_that_nobody_heard_may_be_said_again():
    found = codes(
        entered(0, "a"),
        (InferenceStarted, 0, {"processor": "llm"}),
        (InferenceEnded, 100, {"origin": 1, "text": "What size would you like?", "cut": True}),
        *says(3, 300, "What size would you like?"),
        (CallEnded, 2000, {"terminal": "end"}),
    )
    assert "opening_repeated" not in found
