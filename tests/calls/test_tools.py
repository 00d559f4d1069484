"""The reading of tool calls and offers, over moments written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest

from flows_analytics import CallRecord
from flows_analytics.calls.events import (
    CallEnded,
    FunctionCalled,
    FunctionCancelled,
    FunctionProgressed,
    FunctionRequested,
    FunctionReturned,
    InferenceStarted,
    NodeChangeBegan,
    NodeEntered,
    TransitionRequested,
)
from flows_analytics.calls.offers import Offer, never_taken

LOOK = {"tool_call_id": "c", "function": "look"}


def record_of(*moments):
    """A record of these moments: each a class, its time and its fields."""
    events = tuple(kind(seq=seq, at_ms=at_ms, **fields) for seq, (kind, at_ms, fields) in enumerate(moments))
    return CallRecord(call_id="x", started_at=datetime(2026, 1, 1, tzinfo=UTC), events=events)


def entered(at_ms, name, *functions):
    return NodeEntered, at_ms, {"flow": "main", "node": name, "cause": "code", "functions": functions}


REQUESTED = (FunctionRequested, 100, LOOK)
CALLED = (FunctionCalled, 150, {**LOOK, "group": "g"})
PROGRESSED = (FunctionProgressed, 200, LOOK)
RETURNED = (FunctionReturned, 450, {**LOOK, "next": "stay"})
CANCELLED = (FunctionCancelled, 450, LOOK)
ENDED = (CallEnded, 900, {"terminal": "cancel"})


@pytest.mark.parametrize(
    ("moments", "outcome", "duration_ms"),
    [
        ([REQUESTED, CALLED, RETURNED, ENDED], "stayed", 300),
        ([CALLED, RETURNED, ENDED], "stayed", 300),
        ([RETURNED], "stayed", None),
        ([CALLED, (FunctionReturned, 450, {**LOOK, "next": "stay", "failed": True})], "failed", 300),
        ([CALLED, (FunctionReturned, 450, {**LOOK, "next": "stay", "timed_out": True})], "timed_out", 300),
        ([CALLED, (FunctionCancelled, 450, {**LOOK, "timed_out": True})], "timed_out", 300),
        ([CALLED, CANCELLED], "cancelled", 300),
        ([REQUESTED, CANCELLED], "cancelled", None),
        ([REQUESTED], "open", None),
        ([CALLED], "open", None),
        ([REQUESTED, ENDED], "never_ran", None),
        ([REQUESTED, CALLED, ENDED], "unfinished", None),
    ],
)
def test_what_became_of_a_call(moments, outcome, duration_ms):
    (call,) = record_of(*moments).tool_calls

    assert (call.outcome, call.duration_ms, call.moved) == (outcome, duration_ms, False)


def test_a_call_knows_when_it_was_asked_for_its_group_and_its_progress():
    (call,) = record_of(REQUESTED, CALLED, PROGRESSED, PROGRESSED, RETURNED, PROGRESSED).tool_calls

    assert (call.requested_ms, call.started_ms, call.ended_ms) == (100, 150, 450)
    assert (call.group, call.progress, call.external) == ("g", 2, False)


def test_a_record_made_before_requests_were_recorded_reads_as_before():
    moments = [{"kind": "function_called", "seq": 0, "at_ms": 150.0, **LOOK, "arguments": {"n": 1}}]
    moments += [{"kind": "function_returned", "seq": 1, "at_ms": 450.0, **LOOK, "result": 3, "next": "stay"}]
    record = CallRecord.model_validate(
        {"schema_version": 1, "call_id": "old", "started_at": "2026-01-01T00:00:00Z", "events": moments}
    )

    (call,) = record.tool_calls
    assert (call.requested_ms, call.group, call.progress, call.external) == (None, None, 0, False)
    assert (call.outcome, call.duration_ms, call.arguments, call.result) == ("stayed", 300, {"n": 1}, 3)


def test_moments_in_any_order_are_read():
    moments = [REQUESTED, CALLED, PROGRESSED, RETURNED, CANCELLED, ENDED]
    for order in permutations(moments):
        record = record_of(entered(0, "ask", "look"), *order)
        settled = [call for call in record.tool_calls if call.ended_ms is not None]

        assert 1 <= len(record.tool_calls) <= 4
        assert settled
        assert all(call.duration_ms in (None, 300) for call in record.tool_calls)
        assert CallRecord.from_json(record.to_json()).summary == record.summary


def test_a_call_that_ends_before_it_begins_has_no_duration():
    (call,) = record_of(CALLED, (FunctionReturned, 20, {**LOOK, "next": "stay"})).tool_calls

    assert (call.started_ms, call.ended_ms, call.duration_ms) == (150, 20, None)


def test_of_calls_that_share_an_id_the_one_whose_function_moved_the_flow_moved_it():
    change = {"change": 1, "flow": "main", "from_node": "ask", "node": "next", "cause": "function"}
    record = record_of(
        entered(0, "ask", "look", "go"),
        (FunctionCalled, 100, {"tool_call_id": "c", "function": "go"}),
        (FunctionCalled, 100, LOOK),
        (TransitionRequested, 200, {"flow": "main", "node": "next", "function": "go", "tool_call_id": "c"}),
        (FunctionReturned, 200, {"tool_call_id": "c", "function": "go", "next": "move"}),
        (FunctionReturned, 300, {**LOOK, "next": "stay"}),
        (NodeChangeBegan, 310, {**change, "function": "go", "tool_call_id": "c"}),
        (NodeEntered, 320, {"change": 1, "flow": "main", "node": "next", "cause": "function"}),
    )

    assert {call.function: (call.moved, call.outcome) for call in record.tool_calls} == {
        "go": (True, "moved"),
        "look": (False, "stayed"),
    }
    assert record.transitions[0].tool_call_id == "c"


def test_an_offer_is_taken_in_the_visit_in_which_the_llm_asked():
    record = record_of(
        entered(0, "ask", "look", "go", "look"),
        REQUESTED,
        entered(120, "next", "look", "other"),
        CALLED,
        (FunctionCalled, 500, {"tool_call_id": "d", "function": "go"}),
    )

    assert record.offers == (Offer(0, "look", 1), Offer(0, "go", 0), Offer(1, "look", 0), Offer(1, "other", 0))
    # `go` was called where it was no longer offered.
    assert never_taken(record.offers) == ("go", "other")


def test_a_call_without_visits_has_no_offers():
    record = record_of(REQUESTED, CALLED, RETURNED)

    assert record.offers == ()
    assert never_taken(record.offers) == ()


def test_a_function_called_at_the_very_moment_of_a_node_change_belongs_where_its_inference_began():
    record = record_of(
        entered(0, "a"),
        (InferenceStarted, 0, {}),
        (FunctionCalled, 100, {"tool_call_id": "1", "function": "last_of_a"}),
        entered(100, "b", "first_of_b"),
        (InferenceStarted, 100, {}),
        (FunctionCalled, 100, {"tool_call_id": "2", "function": "first_of_b"}),
    )

    assert [(call.function, call.visit) for call in record.tool_calls] == [("last_of_a", 0), ("first_of_b", 1)]
    assert record.functions_not_taken == ()
