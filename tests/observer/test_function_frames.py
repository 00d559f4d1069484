"""The frames of function calls, fed by hand."""

from __future__ import annotations

import pytest
from pipecat.frames import frames as pipecat_frames
from pipecat.frames.frames import (
    FunctionCallCancelFrame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    TranscriptionFrame,
)

from flows_analytics import FlowsObserver
from tests.observer.test_by_hand import UP, feed, pushed

HEARS_OF_OTHER_WORKERS = hasattr(pipecat_frames, "ExternalFunctionCallsStartedFrame")


def started(*named):
    return FunctionCallsStartedFrame(
        [
            FunctionCallFromLLM(function_name=name, tool_call_id=tool_call_id, arguments={}, context=None)
            for tool_call_id, name in named
        ]
    )


def begins(tool_call_id, name):
    return FunctionCallInProgressFrame(name, tool_call_id, {})


def returns(tool_call_id, name, result):
    return FunctionCallResultFrame(name, tool_call_id, {}, result)


def record_of(*frames):
    """A recording of these frames, 100 ms apart."""
    observer = FlowsObserver(strict=True)
    feed(observer, *(pushed(frame, 100 * number) for number, frame in enumerate(frames)))
    return observer.record


def recorded(*frames):
    return record_of(*frames).tool_calls


def test_an_id_that_is_asked_for_again_is_another_call_even_if_the_first_never_ran():
    first, second, third = recorded(
        started(("call_0", "look")),
        begins("call_0", "look"),
        returns("call_0", "look", 1),
        started(("call_0", "look")),
        started(("call_0", "look")),
        begins("call_0", "look"),
        returns("call_0", "look", 3),
    )

    assert [call.requested_ms for call in (first, second, third)] == [0, 300, 400]
    assert [call.started_ms for call in (first, second, third)] == [100, None, 500]
    assert [call.result for call in (first, second, third)] == [1, None, 3]


def test_calls_of_one_response_that_share_an_id_are_told_apart_by_their_functions():
    look, book = recorded(
        started(("call_0", "look"), ("call_0", "book")),
        begins("call_0", "look"),
        begins("call_0", "book"),
        returns("call_0", "book", "booked"),
        returns("call_0", "look", "seen"),
    )

    assert (look.function, look.result, look.duration_ms) == ("look", "seen", 300)
    assert (book.function, book.result, book.duration_ms) == ("book", "booked", 100)


def test_a_call_twice_in_one_response_under_one_id_is_asked_for_once():
    (call,) = recorded(started(("call_0", "look"), ("call_0", "look")), begins("call_0", "look"))

    assert (call.requested_ms, call.started_ms) == (0, 100)


def test_copies_of_a_calls_frames_make_no_other_call():
    record = record_of(
        started(("c", "look")),
        begins("c", "look"),
        started(("c", "look")),
        begins("c", "look"),
        returns("c", "look", 1),
        returns("c", "look", 2),
        FunctionCallCancelFrame("look", "c"),
    )

    moments = [event.kind for event in record.events if event.kind.startswith("function_")]
    assert moments == ["function_requested", "function_called", "function_returned"]
    (call,) = record.tool_calls
    assert (call.started_ms, call.ended_ms, call.result, call.outcome) == (100, 400, 1, "stayed")


def test_a_frame_that_waits_behind_much_speech_begins_no_second_call():
    begun = begins("c", "look")
    heard = [TranscriptionFrame("x", user_id="", timestamp="") for _ in range(1100)]
    calls = recorded(begun, returns("c", "look", 1), *heard, begun)

    assert [call.result for call in calls] == [1]


def test_of_a_broadcast_pair_one_frame_counts():
    observer = FlowsObserver(strict=True)
    feed(
        observer,
        pushed(begins("c", "look"), 100),
        pushed(begins("c", "look"), 100, UP),
        pushed(returns("c", "look", 1), 400),
        pushed(returns("c", "look", 1), 400, UP),
        pushed(begins("c", "look"), 500, UP),
    )

    assert [call.duration_ms for call in observer.record.tool_calls] == [300]


def test_a_result_whose_beginning_was_not_seen_has_no_duration():
    (call,) = recorded(returns("c", "look", 1))

    assert (call.started_ms, call.ended_ms, call.duration_ms, call.outcome) == (None, 0, None, "stayed")


@pytest.mark.skipif(not HEARS_OF_OTHER_WORKERS, reason="this Pipecat tells nothing of other workers' functions")
def test_functions_that_ran_in_another_worker_are_recorded_as_such():
    look, slow = recorded(
        pipecat_frames.ExternalFunctionCallsStartedFrame([pipecat_frames.ExternalFunctionCall("look", "c")]),
        pipecat_frames.ExternalFunctionCallInProgressFrame("look", "c", arguments={"n": 1}),
        pipecat_frames.ExternalFunctionCallResultFrame(
            "look", "c", arguments={"n": 1}, result="a", is_final=False
        ),
        pipecat_frames.ExternalFunctionCallResultFrame("look", "c", arguments={"n": 1}, result="b"),
        pipecat_frames.ExternalFunctionCallInProgressFrame("slow", "d", arguments={}),
        pipecat_frames.ExternalFunctionCallCancelFrame("slow", "d"),
    )

    assert (look.external, look.requested_ms, look.started_ms, look.ended_ms) == (True, 0, 100, 300)
    assert (look.arguments, look.result, look.progress, look.outcome) == ({"n": 1}, "b", 1, "stayed")
    assert (slow.external, slow.outcome, slow.duration_ms) == (True, "cancelled", 100)


@pytest.mark.skipif(not HEARS_OF_OTHER_WORKERS, reason="this Pipecat tells nothing of other workers' functions")
def test_another_workers_ids_do_not_settle_this_pipelines_calls():
    ours, theirs = recorded(
        begins("call_0", "ask_backend"),
        pipecat_frames.ExternalFunctionCallInProgressFrame("look", "call_0", arguments={}),
        pipecat_frames.ExternalFunctionCallResultFrame("look", "call_0", {}, "theirs"),
        returns("call_0", "ask_backend", "ours"),
    )

    assert (ours.external, ours.result, ours.duration_ms) == (False, "ours", 300)
    assert (theirs.external, theirs.result, theirs.duration_ms) == (True, "theirs", 100)
