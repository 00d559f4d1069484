"""That the comparison with the truth can fail."""

from __future__ import annotations

import pytest

from flows_analytics.testing import Pace
from flows_analytics.testing.clock import EPOCH
from tests.topologies.agreement import assert_agrees
from tests.topologies.bots import PIZZA_STEPS, hold, pizza_flow


@pytest.fixture(scope="module")
def call():
    return hold(pizza_flow, PIZZA_STEPS)


def changed(record, kind, **fields):
    """The record with its last moment of a kind changed."""
    at = max(i for i, event in enumerate(record.events) if event.kind == kind)
    events = list(record.events)
    events[at] = events[at].model_copy(update=fields)
    return record.model_copy(update={"events": tuple(events)})


@pytest.mark.parametrize(
    ("kind", "by_ms"),
    [
        ("bot_started", 25.0),
        ("bot_stopped", -25.0),
        ("caller_voice_started", 25.0),
        ("caller_voice_stopped", -25.0),
        ("function_called", 25.0),
        ("function_returned", 25.0),
    ],
)
def test_a_record_that_is_25_ms_off_does_not_agree(call, kind, by_ms):
    last = [event for event in call.record.events if event.kind == kind][-1]

    assert_agrees(call.record, call.truth)
    with pytest.raises(AssertionError):
        assert_agrees(changed(call.record, kind, at_ms=last.at_ms + by_ms), call.truth)


@pytest.mark.parametrize("kind", ["bot_text", "caller_text"])
def test_a_record_with_other_words_does_not_agree(call, kind):
    with pytest.raises(AssertionError):
        assert_agrees(changed(call.record, kind, text="Something else"), call.truth)


def test_the_truth_is_the_arithmetic_of_the_script_and_of_its_pace(call):
    pace, truth = Pace(), call.truth
    greeting, stop, answer = truth.bot[0], truth.caller[0], truth.bot[1]

    # Pipecat's text aggregation waits for the token after "there."
    assert greeting.start_ms == pytest.approx(
        truth.inferences[0].asked_ms + 1000 * (pace.llm_ttfb + 2 * pace.llm_token + pace.tts_ttfb), abs=1
    )
    assert truth.latency_ms(greeting) == pytest.approx(greeting.start_ms - truth.connected_ms)
    assert truth.latency_ms(answer) == pytest.approx(answer.start_ms - stop.end_ms)
    assert stop.start_ms == pytest.approx(greeting.start_ms + 1000, abs=1)
    assert stop.end_ms == pytest.approx(stop.start_ms + 4 * 1000 * pace.caller_word, abs=1)
    assert stop.transcribed_ms == pytest.approx(stop.end_ms + 200 + 1000 * pace.stt_final, abs=1)
    assert greeting.end_ms == pytest.approx(stop.start_ms + 200, abs=1)
    assert greeting.end_ms <= greeting.sounded_until_ms <= greeting.end_ms + 40
    assert [round(word.start_ms - greeting.start_ms) for word in greeting.words] == [0, 301, 602, 903]
    assert [round(word.start_ms - answer.start_ms) for word in answer.words] == [0, 301, 602, 903, 1204]
    assert [(run.function, round(run.duration_ms), run.outcome) for run in truth.tools] == [
        ("choose_pizza", 1500, "returned"),
        ("look_up", 700, "returned"),
        ("finish", 0, "returned"),
    ]
    assert [run.answered_ms - run.asked_ms for run in truth.inferences] == pytest.approx(
        [1000 * pace.llm_ttfb] * len(truth.inferences), abs=1
    )
    assert [made.audio_ms - made.asked_ms for made in truth.syntheses if made.text == greeting.asked[:12]] == [
        pytest.approx(1000 * pace.tts_ttfb, abs=1)
    ]


def test_record_and_truth_have_one_axis(call):
    # 1000: where the monotonic clock of a VirtualLoop starts.
    zero = EPOCH + call.truth.zero - 1000.0

    assert call.record.started_at.timestamp() == pytest.approx(zero, abs=0.001)
