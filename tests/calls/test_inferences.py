"""When each LLM was at work, and what it gave."""

from __future__ import annotations

from flows_analytics.calls.events import (
    FirstToken,
    FunctionCalled,
    FunctionRequested,
    InferenceEnded,
    InferenceStarted,
    NodeEntered,
    TokensUsed,
)
from flows_analytics.calls.inferences import read_inferences
from flows_analytics.calls.visits import VisitTimes, read_visits
from tests.calls.moments import moments

NODE = {"flow": "main", "node": "a", "cause": "initial"}
USED = {"model": "m", "prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


def inferences_of(*rows):
    events = moments(*rows)
    return read_inferences(events, VisitTimes(read_visits(events, ended_ms=None, exit_kind="running")))


def test_an_inference_is_told_from_its_start_to_its_end_with_what_its_service_reported():
    (one,) = inferences_of(
        (NodeEntered, 0, NODE),
        (InferenceStarted, 10, {"processor": "OpenAILLMService#0"}),
        (FirstToken, 30, {"origin": 1}),
        (InferenceEnded, 50, {"origin": 1, "text": "Hello.", "cut": True}),
        (TokensUsed, 51, {"processor": "OpenAILLMService#0", **USED}),
    )

    assert (one.seq, one.visit, one.service, one.model) == (1, 0, "OpenAILLMService", "m")
    assert (one.start_ms, one.first_token_ms, one.first_call_ms, one.end_ms) == (10, 30, None, 50)
    assert (one.output_ms, one.generation_ms) == (30, 20)
    assert (one.text, one.interrupted, one.tokens and one.tokens.completion_tokens) == ("Hello.", True, 3)


def test_what_was_not_seen_is_not_known():
    (one,) = inferences_of((InferenceStarted, 10, {}))

    assert (one.visit, one.service, one.model, one.tokens) == (None, None, None, None)
    assert (one.first_token_ms, one.end_ms, one.output_ms, one.generation_ms) == (None, None, None, None)


def test_two_llms_at_once_keep_their_calls_and_reports_apart():
    talks, classifies = inferences_of(
        (InferenceStarted, 0, {"processor": "A#0"}),
        (InferenceStarted, 1, {"processor": "B#0"}),
        (TokensUsed, 20, {"processor": "B#0", **USED, "model": "small"}),
        (FunctionRequested, 30, {"tool_call_id": "c", "function": "f", "processor": "A#0"}),
        (TokensUsed, 40, {"processor": "A#0", **USED, "model": "large"}),
        # A second report is of an inference that was not seen.
        (TokensUsed, 41, {"processor": "A#0", **USED, "model": "other"}),
    )

    assert (talks.model, talks.first_call_ms) == ("large", 30)
    assert (classifies.model, classifies.first_call_ms) == ("small", None)


def test_a_function_call_is_of_the_inference_before_it_where_requests_were_not_recorded():
    first, second = inferences_of(
        (InferenceStarted, 0, {"processor": "A#0"}),
        (InferenceStarted, 10, {"processor": "A#0"}),
        (FunctionCalled, 15, {"tool_call_id": "c", "function": "f"}),
    )

    assert (first.first_call_ms, second.first_call_ms) == (None, 15)
