"""The laws of usage: parts add up to the whole, and what was not reported is not 0."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.calls import usage as reading
from flows_analytics.calls.events import (
    AudioTranscribed,
    CharactersSpoken,
    FirstToken,
    InferenceEnded,
    InferenceStarted,
    NodeEntered,
    TokensUsed,
)
from flows_analytics.calls.inferences import read_inferences
from flows_analytics.calls.usage import Consumption, Usage
from flows_analytics.calls.visits import VisitTimes, read_visits

QUANTITIES = [field.name for field in fields(Consumption)]
COUNTS = st.none() | st.integers(0, 5000)


def read_usage(events, since_ms=None, until_ms=None):
    return reading.read_usage(events, read_inferences(events, VisitTimes(())), since_ms, until_ms)


def read_usage_by_visit(events, times):
    return reading.read_usage_by_visit(events, read_inferences(events, times), times)


def numbered(*events):
    """Moments from (kind, at_ms, fields), numbered in order."""
    return tuple(kind(seq=seq, at_ms=at_ms, **given) for seq, (kind, at_ms, given) in enumerate(events))


def tokens(at_ms, processor="LLM#0", prompt=100, completion=20, **given):
    given = {"model": "m", "total_tokens": prompt + completion, **given}
    return (
        TokensUsed,
        at_ms,
        {"processor": processor, "prompt_tokens": prompt, "completion_tokens": completion, **given},
    )


def inference(processor="LLM#0"):
    return InferenceStarted, {"processor": processor}


@st.composite
def logs(draw):
    """Reports of several services between entries of nodes and inferences, with tied times."""
    at_ms, events = 0.0, []
    for seq in range(draw(st.integers(0, 30))):
        at_ms = round(at_ms + draw(st.sampled_from([0.0, 0.0, 0.001, 12.5, 250.5])), 3)
        processor = draw(st.sampled_from(["LLM#0", "LLM#1", "Voice#7"]))
        named = {"seq": seq, "at_ms": at_ms, "processor": processor, "model": draw(st.sampled_from([None, "m"]))}
        begun = [event.seq for event in events if isinstance(event, InferenceStarted)]
        match draw(st.integers(0, 6)):
            case 0:
                events.append(NodeEntered(seq=seq, at_ms=at_ms, flow="main", node="a", cause="function"))
            case 1:
                events.append(InferenceStarted(seq=seq, at_ms=at_ms, processor=processor))
            case 2 if begun:
                events.append(FirstToken(seq=seq, at_ms=at_ms, origin=draw(st.sampled_from(begun))))
            case 3 if begun:
                events.append(InferenceEnded(seq=seq, at_ms=at_ms, origin=draw(st.sampled_from(begun))))
            case 4:
                events.append(CharactersSpoken(**named, characters=draw(st.integers(0, 500))))
            case 5:
                events.append(AudioTranscribed(**named, audio_secs=draw(st.integers(0, 10**6)) / 16000))
            case _:
                events.append(
                    TokensUsed(
                        **named,
                        prompt_tokens=draw(st.integers(0, 5000)),
                        completion_tokens=draw(st.integers(0, 500)),
                        total_tokens=draw(st.integers(0, 6000)),
                        cached_tokens=draw(COUNTS),
                        cache_creation_tokens=draw(COUNTS),
                        reasoning_tokens=draw(COUNTS),
                        audio_input_tokens=draw(COUNTS),
                        prompt_is_net=draw(st.booleans()),
                    )
                )
    return tuple(events)


def assert_add_up(parts, whole):
    for name in QUANTITIES:
        values = [value for part in parts if (value := getattr(part, name)) is not None]
        total = getattr(whole, name)
        if not values:
            assert not total, name
        elif name in ("audio_secs", "generation_ms"):
            assert total == pytest.approx(math.fsum(values), rel=1e-12, abs=1e-9), name
        else:
            assert total == sum(values), name


@given(logs())
def test_the_services_add_up_to_the_whole(events):
    usage = read_usage(events)

    assert_add_up(usage.services, usage)
    assert len({(part.processor, part.model) for part in usage.services}) == len(usage.services)


@given(logs())
def test_the_visits_add_up_to_the_whole(events):
    times = VisitTimes(read_visits(events, ended_ms=None, exit_kind="running"))

    assert_add_up(read_usage_by_visit(events, times).values(), read_usage(events))


@given(logs(), st.floats(0, 5000))
def test_what_was_before_and_what_came_after_any_time_add_up_to_the_whole(events, at_ms):
    assert_add_up([read_usage(events, until_ms=at_ms), read_usage(events, since_ms=at_ms)], read_usage(events))


@given(logs())
def test_rates_are_never_0_by_0_and_a_cache_gives_no_more_than_was_read_by_net_counters(events):
    for part in (read_usage(events), *read_usage(events).services):
        assert part.cache_hit_ratio is None or part.cacheable_tokens > 0
        assert part.tokens_per_second is None or (part.generation_ms > 0 and part.tokens_per_second >= 0)
    net = [event for event in events if isinstance(event, TokensUsed) and event.prompt_is_net]
    ratio = read_usage(tuple(net)).cache_hit_ratio
    assert ratio is None or 0 <= ratio <= 1


def test_nothing_reported_is_none_and_not_0():
    assert read_usage(()) == Usage()
    assert read_usage(()).prompt_tokens is None
    assert read_usage(()).cache_hit_ratio is None
    assert read_usage(numbered(tokens(5.0, cached_tokens=0))).cached_tokens == 0
    assert read_usage(numbered(tokens(5.0))).cached_tokens is None


def test_a_service_is_known_by_its_class_and_two_of_a_class_are_told_apart():
    usage = read_usage(
        numbered(
            tokens(1.0, "OpenAILLMService#3"),
            tokens(2.0, "OpenAILLMService#4", prompt=7),
            tokens(3.0, "OpenAILLMService#3", model="other"),
            tokens(4.0, "my llm"),
            tokens(5.0, "OpenAILLMService#3"),
        )
    )

    assert [(part.service, part.processor, part.model, part.inferences) for part in usage.services] == [
        ("OpenAILLMService", "OpenAILLMService#3", "m", 2),
        ("OpenAILLMService", "OpenAILLMService#4", "m", 1),
        ("OpenAILLMService", "OpenAILLMService#3", "other", 1),
        ("my llm", "my llm", "m", 1),
    ]
    assert usage.prompt_tokens == 407


def test_the_hit_ratio_compares_services_that_count_the_cache_in_the_prompt_and_those_that_do_not():
    gross = numbered(tokens(1.0, prompt=1000, cached_tokens=800))
    net = numbered(tokens(1.0, prompt=150, cached_tokens=800, cache_creation_tokens=50, prompt_is_net=True))

    for events in (gross, net):
        usage = read_usage(events)
        assert usage.gross_prompt_tokens == 1000
        assert usage.cache_hit_ratio == 0.8
    assert read_usage(net).prompt_tokens == 150


def test_an_inference_that_says_nothing_of_the_cache_does_not_lower_the_hit_ratio():
    usage = read_usage(
        numbered(
            tokens(1.0, prompt=100, cached_tokens=50), tokens(2.0, "LLM#1", prompt=900), tokens(3.0, prompt=0)
        )
    )

    assert (usage.cached_tokens, usage.cacheable_tokens, usage.gross_prompt_tokens) == (50, 100, 1000)
    assert usage.cache_hit_ratio == 0.5


def test_a_prompt_of_nothing_has_no_hit_ratio():
    assert read_usage(numbered(tokens(1.0, prompt=0, cached_tokens=0))).cache_hit_ratio is None


def test_tokens_per_second_are_counted_from_the_first_token_to_the_end():
    started, given = inference()
    events = numbered(
        (started, 1000.0, given),
        (FirstToken, 1500.0, {"origin": 0}),
        tokens(3400.0, completion=60),
        (InferenceEnded, 3500.0, {"origin": 0}),
    )

    usage = read_usage(events)
    assert (usage.timed_tokens, usage.generation_ms, usage.tokens_per_second) == (60, 2000.0, 30.0)


def test_an_answer_without_text_is_timed_from_its_start_and_reported_also_after_its_end():
    started, given = inference()
    events = numbered(
        (started, 1000.0, given), (InferenceEnded, 2000.0, {"origin": 0}), tokens(2000.0, completion=10)
    )

    assert read_usage(events).tokens_per_second == 10.0


def test_each_report_is_timed_by_the_inference_of_its_own_service():
    started, given = inference("LLM#0")
    other, other_given = inference("LLM#1")
    events = numbered(
        (started, 0.0, given),
        (other, 500.0, other_given),
        tokens(2000.0, "LLM#0", completion=40),
        (InferenceEnded, 2000.0, {"origin": 0}),
        tokens(2500.0, "LLM#1", completion=10),
        (InferenceEnded, 2500.0, {"origin": 1}),
    )

    assert [part.tokens_per_second for part in read_usage(events).services] == [20.0, 5.0]


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(numbered(tokens(5.0)), id="none was seen"),
        pytest.param(numbered((*inference()[:1], 0.0, inference()[1]), tokens(5.0)), id="it never ended"),
        pytest.param(
            numbered((InferenceStarted, 0.0, {}), tokens(5.0), (InferenceEnded, 9.0, {"origin": 0})),
            id="its service is not known",
        ),
        pytest.param(
            numbered(
                (InferenceStarted, 9.0, {"processor": "LLM#0"}), tokens(9.0), (InferenceEnded, 9.0, {"origin": 0})
            ),
            id="it took no time",
        ),
    ],
)
def test_an_inference_whose_time_is_not_known_counts_in_the_sums_only(events):
    usage = read_usage(events)

    assert usage.completion_tokens == 20
    assert usage.timed_tokens is usage.generation_ms is usage.tokens_per_second is None


def test_a_second_report_is_not_timed_by_an_inference_that_was_reported_already():
    events = numbered(
        (InferenceStarted, 0.0, {"processor": "LLM#0"}),
        tokens(1000.0, completion=20),
        (InferenceEnded, 1000.0, {"origin": 0}),
        tokens(9000.0, completion=500),
    )

    assert read_usage(events).completion_tokens == 520
    assert read_usage(events).tokens_per_second == 20.0


def test_a_report_at_the_moment_of_a_node_change_belongs_to_the_visit_that_ends():
    events = numbered(
        tokens(1.0, prompt=1),
        (NodeEntered, 10.0, {"flow": "main", "node": "a", "cause": "initial"}),
        tokens(19.0, prompt=2),
        (NodeEntered, 20.0, {"flow": "main", "node": "b", "cause": "function"}),
        tokens(20.0, prompt=4),
        tokens(20.5, prompt=8),
    )
    visits = read_visits(events, ended_ms=30.0, exit_kind="end")

    by_visit = read_usage_by_visit(events, VisitTimes(visits))
    assert {visit: usage.prompt_tokens for visit, usage in by_visit.items()} == {None: 1, 0: 6, 1: 8}
    for position, visit in enumerate(visits):
        assert read_usage(events, visit.entered_ms, visit.left_ms) == by_visit[position]


def test_a_long_call_sums_its_seconds_without_drift():
    events = numbered(
        *((AudioTranscribed, float(i), {"processor": "S#0", "audio_secs": 0.1}) for i in range(36_000))
    )

    assert read_usage(events).audio_secs == 3600.0
