"""Where a wait begins, read from hand-written moments."""

from __future__ import annotations

import pytest

from flows_analytics.calls.events import (
    BotStarted,
    BotStopped,
    BotText,
    CallerBackchannel,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerVoiceStarted,
    CallerVoiceStopped,
    ClientConnected,
    FirstAudio,
    FirstToken,
    FunctionCalled,
    FunctionReturned,
    InferenceEnded,
    InferenceStarted,
    SynthesisStarted,
    TurnDecided,
)
from tests.calls.moments import turns_of


def says(at_ms, text="Hi", secs=1.0, **fields):
    return [
        (BotStarted, at_ms, {}),
        (BotText, at_ms + 10, {"text": text, **fields}),
        (BotStopped, at_ms + secs * 1000, {}),
    ]


def speaks(start_ms, end_ms, text="Yes"):
    """A caller's turn: 200 ms to notice a start, 200 ms an end, 100 ms to transcribe, 100 ms to decide."""
    return [
        (CallerVoiceStarted, start_ms + 200, {"lag_ms": 200}),
        (CallerTurnStarted, start_ms + 200, {}),
        (CallerVoiceStopped, end_ms + 200, {"lag_ms": 200}),
        (CallerText, end_ms + 300, {"text": text}),
        (CallerTurnStopped, end_ms + 400, {}),
    ]


def waits(*rows):
    turns = turns_of(*sorted(rows, key=lambda row: row[1]))
    return [(turn.latency_ms, turn.latency_from) for turn in turns if turn.speaker == "bot"]


def test_a_greeting_is_measured_from_the_connection():
    assert waits((ClientConnected, 100, {}), *says(700)) == [(600, "connected")]


def test_a_greeting_without_a_connection_seen_has_no_latency():
    assert waits(*says(700)) == [(None, None)]


def test_a_caller_who_speaks_first_is_answered_from_his_words_on():
    assert waits((ClientConnected, 100, {}), *speaks(500, 1500), *says(2500)) == [(1000, "speech")]


def test_each_answer_is_measured_from_its_own_turn():
    assert waits(*speaks(0, 1000), *says(2000), *speaks(4000, 5000), *says(6500)) == [
        (1000, "speech"),
        (1500, "speech"),
    ]


def test_a_turn_without_voice_takes_no_value_of_the_turn_before():
    unheard = [
        (CallerTurnStarted, 4000, {}),
        (CallerText, 4900, {"text": "Two"}),
        (CallerTurnStopped, 5000, {}),
    ]
    assert waits(*speaks(0, 1000), *says(2000), *unheard, *says(6500)) == [(1000, "speech"), (1500, "turn")]


def test_what_the_bot_says_of_its_own_accord_answers_nothing():
    assert waits(*speaks(0, 1000), *says(2000), *says(9000)) == [(1000, "speech"), (None, None)]


def test_an_acknowledgement_is_not_answered():
    mhm = [
        (CallerVoiceStarted, 2400, {"lag_ms": 200}),
        (CallerVoiceStopped, 2800, {"lag_ms": 200}),
        (CallerBackchannel, 2900, {"text": "mhm"}),
    ]
    assert waits(*speaks(0, 1000), *says(2000), *mhm, *says(9000)) == [(1000, "speech"), (None, None)]


def test_of_two_turns_without_an_answer_between_the_last_is_answered():
    assert waits(*speaks(0, 1000), *speaks(2000, 3000), *says(4000)) == [(1000, "speech")]


def test_words_said_over_the_bot_are_answered_by_its_next_speech():
    assert waits(*says(0, secs=4), *speaks(2000, 3000), *says(6000))[-1] == (3000, "speech")


def test_only_silence_before_the_audio_counts_when_the_caller_speaks_on():
    pauses = [
        (CallerVoiceStarted, 200, {"lag_ms": 200}),
        (CallerTurnStarted, 200, {}),
        (CallerVoiceStopped, 1200, {"lag_ms": 200}),
        (CallerVoiceStarted, 1500, {"lag_ms": 200}),
        (CallerVoiceStopped, 3200, {"lag_ms": 200}),
        (CallerText, 3300, {"text": "Yes"}),
    ]
    assert waits(*pauses, *says(2500)) == [(1500, "speech")]


def test_what_was_typed_is_answered_from_its_arrival():
    assert waits((CallerText, 1000, {"text": "Hi", "source": "typed"}), *says(1800)) == [(800, "typed")]


def contributions(*rows):
    turns = turns_of(*sorted(rows, key=lambda row: row[1]))
    (bot,) = [turn for turn in turns if turn.speaker == "bot"]
    assert sum(part.ms for part in bot.contributions) == pytest.approx(bot.latency_ms, abs=1e-9)
    return [(part.name, part.ms, part.by) for part in bot.contributions]


def test_the_strategy_that_decided_is_named():
    rows = [*speaks(0, 1000), (TurnDecided, 1401, {"decision": "stopped", "strategy": "SmartTurn"}), *says(1400)]
    assert contributions(*rows)[-1] == ("turn_decision", 100, "SmartTurn")


def test_an_inference_begun_before_the_turn_was_decided_counts_as_inference():
    rows = [
        (InferenceStarted, 0, {"processor": "llm"}),
        (FirstToken, 1380, {"origin": 0}),
        (SynthesisStarted, 1450, {"origin": 0}),
        (FirstAudio, 1600, {"origin": 0}),
        (InferenceEnded, 1610, {"origin": 0, "text": "Hi"}),
    ]
    rows[0] = (InferenceStarted, 1310, {"processor": "llm"})
    # `origin` is a place in the list, so these come first there; time orders the reading.
    turns = turns_of(*rows, *speaks(0, 1000), *says(1650, origin=0))
    bot = turns[-1]
    assert [(part.name, part.ms) for part in bot.contributions] == [
        ("end_of_turn_wait", 200),
        ("transcription", 100),
        ("turn_decision", 10),
        ("llm_first_token", 70),
        ("text_aggregation", 70),
        ("speech_synthesis", 150),
        ("output", 50),
    ]


def test_a_function_that_runs_beside_the_conversation_is_not_what_the_caller_waits_for():
    background = (FunctionCalled, 0, {"tool_call_id": "1", "function": "poll"})
    assert contributions(background, *speaks(500, 1000), *says(2000)) == [
        ("end_of_turn_wait", 200, None),
        ("transcription", 100, None),
        ("turn_decision", 100, None),
        ("unnamed", 600, None),
    ]


def test_a_function_that_ended_during_the_wait_is_part_of_it():
    rows = [
        (FunctionCalled, 0, {"tool_call_id": "1", "function": "find"}),
        (FunctionReturned, 1800, {"tool_call_id": "1", "function": "find", "next": "stay"}),
    ]
    assert contributions(*rows, *speaks(500, 1000), *says(2000))[-2:] == [
        ("function", 400, "find"),
        ("unnamed", 200, None),
    ]


def test_time_in_which_nothing_is_known_to_have_happened_is_shown_as_such():
    assert contributions(*speaks(0, 1000), *says(2000))[-1] == ("unnamed", 600, None)
