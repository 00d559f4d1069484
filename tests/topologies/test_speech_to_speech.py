"""Bots whose LLM hears and speaks by itself: turns, their order and times, what was cut off, how long it took."""

from __future__ import annotations

import pytest

from flows_analytics.testing import calls, interrupts, says, user
from tests.bots import edge, node
from tests.topologies.agreement import TOLERANCE_MS
from tests.topologies.bots import hold
from tests.topologies.realtime import STARTED_SECS, STOPPED_SECS, BlindBot, LiveBot, RealtimeBot

STEPS = (
    says("Hello there my friend."),
    user("I want a pizza"),
    says("Which size would you like to have today?"),
    interrupts("Wait a moment", after=0.8),
    says("Sure. Take your time."),
    user("Go on then"),
    calls("go"),
    user("Hello"),
    says("We are there."),
)


def flow(call):
    return node("greet", edge("go", node("next", respond_immediately=False)))


@pytest.fixture(scope="module", params=[RealtimeBot, LiveBot])
def bot_class(request):
    return request.param


@pytest.fixture(scope="module")
def call(bot_class):
    # The transcript comes 0.55 s after the answer to it has begun.
    return hold(flow, STEPS, bot_class=bot_class, transcript_secs=0.9)


def bots(record):
    return [turn for turn in record.turns if turn.speaker == "bot"]


def callers(record):
    return [turn for turn in record.turns if turn.speaker == "caller"]


def total(turn):
    return sum(round(part.ms * 1000) for part in turn.contributions) / 1000


def test_each_side_says_everything_once_and_before_what_answers_it(call):
    record = call.record

    assert call.script.leftover == ()
    assert record.path == ("greet", "next")
    assert [(turn.speaker, turn.text, turn.visit) for turn in record.turns] == [
        ("bot", "Hello there my friend.", 0),
        ("caller", "I want a pizza", 0),
        ("bot", "Which size would you", 0),
        ("caller", "Wait a moment", 0),
        ("bot", "Sure. Take your time.", 0),
        ("caller", "Go on then", 0),
        ("caller", "Hello", 1),
        ("bot", "We are there.", 1),
    ]
    assert [turn.text for turn in bots(record)] == [speech.heard for speech in call.truth.bot]
    assert [turn.seq for turn in record.turns] == list(range(8))
    assert record.health.ok, record.health


def test_the_bots_turns_begin_and_end_with_what_the_loudspeaker_played(call):
    for turn, speech in zip(bots(call.record), call.truth.bot, strict=True):
        assert turn.start_ms == pytest.approx(speech.start_ms, abs=TOLERANCE_MS), turn.text
        ends = speech.end_ms if speech.cut else speech.sounded_until_ms
        assert turn.end_ms == pytest.approx(ends, abs=TOLERANCE_MS), turn.text


def test_the_callers_turns_are_when_he_spoke_as_far_as_anything_tells(call, bot_class):
    # A model that detects voice does not say how much of it that took.
    late = (0, 0) if bot_class is LiveBot else (STARTED_SECS * 1000, STOPPED_SECS * 1000)
    for turn, speech in zip(callers(call.record), call.truth.caller, strict=True):
        assert turn.start_ms == pytest.approx(speech.start_ms + late[0], abs=TOLERANCE_MS), turn.text
        assert turn.end_ms == pytest.approx(speech.end_ms + late[1], abs=TOLERANCE_MS), turn.text


def test_an_answer_the_caller_cuts_off_keeps_the_rest_apart(call):
    (cut,) = [speech for speech in call.truth.bot if speech.cut]
    turns = bots(call.record)
    (turn,) = [turn for turn in turns if turn.interrupted]
    assert f"{turn.text} {turn.unspoken}" == cut.asked
    assert turn.text == cut.heard
    assert turn.interrupted_ms == pytest.approx(cut.end_ms, abs=TOLERANCE_MS)
    assert [other.unspoken for other in turns if other is not turn] == [None] * 3


def test_the_wait_for_an_answer_is_the_models_own(call, bot_class):
    greeting, *answers = bots(call.record)
    assert (greeting.latency_from, total(greeting)) == ("connected", greeting.latency_ms)
    # Without a detector of the bot's own, the model's decision that the turn is over is the first thing known.
    since = STOPPED_SECS * 1000 if bot_class is RealtimeBot else 0
    for turn, speech in zip(answers, call.truth.bot[1:], strict=True):
        assert turn.latency_ms == pytest.approx(call.truth.latency_ms(speech) - since, abs=TOLERANCE_MS)
        assert turn.latency_from == ("turn" if bot_class is RealtimeBot else "speech")
        assert total(turn) == turn.latency_ms
        assert turn.contributions[-1].name == "llm_first_token"
        assert "unnamed" not in {part.name for part in turn.contributions}


def test_an_answer_is_one_inference_though_the_service_announces_it_twice(call):
    ended = [event for event in call.record.events if event.kind == "inference_ended"]
    assert [event.text for event in ended] == [speech.asked for speech in call.truth.bot]


@pytest.mark.parametrize("transcript_secs", [0.2, 0.9])
def test_where_nothing_tells_when_the_caller_speaks_his_words_stand_before_their_answer(transcript_secs):
    steps = [*STEPS[:3], user("A large one please"), says("Fine.")]
    record = hold(flow, steps, bot_class=BlindBot, transcript_secs=transcript_secs).record
    assert [(turn.speaker, turn.text) for turn in record.turns] == [
        ("bot", "Hello there my friend."),
        ("caller", "I want a pizza"),
        ("bot", "Which size would you like to have today?"),
        ("caller", "A large one please"),
        ("bot", "Fine."),
    ]
    # When he stopped is not known, so neither is how long he waited. The greeting he did not wait for.
    assert [turn.latency_from for turn in bots(record)] == ["connected", None, None]
    assert [turn.latency_ms for turn in bots(record)[1:]] == [None, None]
