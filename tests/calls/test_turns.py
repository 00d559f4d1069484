"""Turns, read from hand-written moments."""

from __future__ import annotations

import pytest

from flows_analytics.calls.events import (
    BotStarted,
    BotStopped,
    BotText,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerVoiceStarted,
    CallerVoiceStopped,
    InferenceStarted,
    Interrupted,
    NodeChangeBegan,
    NodeEntered,
    SpeakRequested,
)
from flows_analytics.calls.pieces import join_pieces
from tests.calls.moments import turns_of


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([("Hello", False), ("there", False)], "Hello there"),
        ([("Hel", True), ("lo", True), (" you", True)], "Hello you"),
        ([("你好", True), ("吗", True)], "你好吗"),
        ([("One", False), ("two", True)], "One two"),
        ([], ""),
    ],
)
def test_pieces_are_joined_as_their_service_means_them(pieces, text):
    assert join_pieces(pieces) == text


def test_a_callers_turn_spans_the_speech_and_not_its_detection():
    (turn,) = turns_of(
        (CallerVoiceStarted, 1200, {"lag_ms": 200}),
        (CallerTurnStarted, 1200, {}),
        (CallerVoiceStopped, 3200, {"lag_ms": 200}),
        (CallerText, 3400, {"text": "Pizza"}),
        (CallerText, 3450, {"text": "please"}),
        (CallerTurnStopped, 3500, {}),
    )

    assert (turn.speaker, turn.text, turn.start_ms, turn.end_ms) == ("caller", "Pizza please", 1000, 3000)


def test_a_pause_within_a_turn_makes_no_second_turn():
    (turn,) = turns_of(
        (CallerVoiceStarted, 1000, {}),
        (CallerTurnStarted, 1000, {}),
        (CallerVoiceStopped, 2000, {}),
        (CallerText, 2100, {"text": "A large"}),
        (CallerVoiceStarted, 2300, {}),
        (CallerVoiceStopped, 3000, {}),
        (CallerText, 3100, {"text": "pepperoni"}),
        (CallerTurnStopped, 3300, {}),
    )

    assert (turn.text, turn.start_ms, turn.end_ms) == ("A large pepperoni", 1000, 3000)


def test_a_transcript_that_comes_after_the_turn_was_closed_still_belongs_to_it():
    (turn,) = turns_of(
        (CallerTurnStarted, 1000, {}),
        (CallerTurnStopped, 2000, {}),
        (CallerText, 2400, {"text": "late"}),
    )

    assert (turn.text, turn.end_ms) == ("late", 2000)


def test_noise_that_nobody_transcribed_is_no_turn():
    assert turns_of((CallerVoiceStarted, 1000, {}), (CallerVoiceStopped, 1200, {})) == ()


def test_each_typed_message_is_a_turn():
    turns = turns_of(
        (CallerText, 1000, {"text": "one", "source": "typed"}),
        (CallerText, 1500, {"text": "two", "source": "typed"}),
    )

    assert [turn.text for turn in turns] == ["one", "two"]


def test_two_stretches_of_the_bots_speech_around_a_silence_are_two_turns():
    turns = turns_of(
        (BotStarted, 100, {}),
        (BotText, 100, {"text": "Hello"}),
        (BotStopped, 900, {}),
        (BotStarted, 9000, {}),
        (BotText, 9000, {"text": "Still there?"}),
        (BotStopped, 9900, {}),
    )

    assert [(turn.text, turn.start_ms, turn.end_ms) for turn in turns] == [
        ("Hello", 100, 900),
        ("Still there?", 9000, 9900),
    ]


def test_speech_produced_in_two_visits_is_two_turns_even_without_a_pause():
    turns = turns_of(
        (NodeEntered, 0, {"flow": "main", "node": "a", "cause": "initial"}),
        (InferenceStarted, 50, {}),
        (BotStarted, 100, {}),
        (BotText, 100, {"text": "One moment.", "origin": 1}),
        (NodeEntered, 500, {"flow": "main", "node": "b", "cause": "function"}),
        (InferenceStarted, 600, {}),
        (BotText, 550, {"text": "Really.", "origin": 1}),
        (BotText, 700, {"text": "Here it is.", "origin": 5}),
        (BotStopped, 900, {}),
    )

    assert [(turn.text, turn.visit, turn.start_ms, turn.end_ms) for turn in turns] == [
        ("One moment. Really.", 0, 100, 700),
        ("Here it is.", 1, 700, 900),
    ]


def test_what_a_node_says_before_it_is_entered_belongs_to_it():
    turns = turns_of(
        (NodeEntered, 0, {"flow": "main", "node": "a", "cause": "initial"}),
        (NodeChangeBegan, 100, {"change": 1, "flow": "main", "node": "b", "cause": "function", "speaks": 1}),
        (SpeakRequested, 101, {"text": "Hold on"}),
        (BotStarted, 150, {}),
        (BotText, 150, {"text": "Hold on", "origin": 2}),
        (CallerText, 300, {"text": "OK"}),
        (BotStopped, 400, {}),
        (NodeEntered, 500, {"change": 1, "flow": "main", "node": "b", "cause": "function"}),
    )

    assert [(turn.text, turn.visit) for turn in turns] == [("Hold on", 1), ("OK", 0)]


def test_what_a_node_says_before_an_entry_that_fails_belongs_to_the_old_one():
    (turn,) = turns_of(
        (NodeEntered, 0, {"flow": "main", "node": "a", "cause": "initial"}),
        (NodeChangeBegan, 100, {"change": 1, "flow": "main", "node": "b", "cause": "function", "speaks": 1}),
        (SpeakRequested, 101, {"text": "Hold on"}),
        (BotText, 150, {"text": "Hold on", "origin": 2}),
    )

    assert turn.visit == 0


def test_an_interruption_marks_the_turn_it_cut():
    turns = turns_of(
        (BotStarted, 100, {}),
        (BotText, 100, {"text": "Blah"}),
        (CallerVoiceStarted, 400, {}),
        (Interrupted, 450, {}),
        (BotStopped, 460, {}),
        (CallerText, 900, {"text": "Stop"}),
    )

    assert [(turn.speaker, turn.interrupted) for turn in turns] == [("bot", True), ("caller", False)]


def test_without_transcripts_turns_are_there_but_empty():
    turns = turns_of((BotStarted, 1, {}), (BotText, 1, {}), (BotStopped, 5, {}), (CallerText, 9, {}))

    assert [(turn.speaker, turn.text) for turn in turns] == [("bot", ""), ("caller", "")]


def test_what_is_being_said_when_the_call_ends_ends_with_it():
    said = ((BotStarted, 100, {}), (BotText, 100, {"text": "Good"}))

    assert [turn.end_ms for turn in turns_of(*said)] == [None]
    assert [turn.end_ms for turn in turns_of(*said, ended_ms=700)] == [700]


def test_a_cough_that_no_turn_claims_moves_no_later_turn():
    turns = turns_of(
        (NodeEntered, 0, {"flow": "main", "node": "a", "cause": "initial"}),
        (CallerVoiceStarted, 1000, {}),
        (CallerVoiceStopped, 1200, {}),
        (NodeEntered, 20_000, {"flow": "main", "node": "b", "cause": "function"}),
        (CallerVoiceStarted, 25_200, {"lag_ms": 200}),
        (CallerTurnStarted, 25_200, {}),
        (CallerVoiceStopped, 27_000, {}),
        (CallerText, 27_100, {"text": "My answer"}),
        (CallerTurnStopped, 27_300, {}),
    )

    assert [(turn.text, turn.start_ms, turn.visit) for turn in turns] == [("My answer", 25_000, 1)]


def test_a_turn_that_a_transcript_begins_reaches_back_to_the_voice_behind_it():
    (turn,) = turns_of(
        (CallerVoiceStarted, 1000, {}),
        (CallerVoiceStopped, 2000, {}),
        (CallerText, 2400, {"text": "Pizza"}),
        (CallerTurnStarted, 2401, {}),
        (CallerTurnStopped, 2700, {}),
    )

    assert (turn.text, turn.start_ms, turn.end_ms) == ("Pizza", 1000, 2000)


def test_without_turn_strategies_a_turn_is_what_is_transcribed_until_the_bot_speaks():
    turns = turns_of(
        (CallerText, 1000, {"text": "One"}),
        (CallerText, 1500, {"text": "two"}),
        (BotStarted, 2000, {}),
        (BotText, 2000, {"text": "Yes?"}),
        (BotStopped, 2500, {}),
        (CallerText, 4000, {"text": "Three"}),
    )

    assert [(turn.speaker, turn.text) for turn in turns] == [
        ("caller", "One two"),
        ("bot", "Yes?"),
        ("caller", "Three"),
    ]


def test_words_played_after_a_transport_said_it_stopped_are_of_the_same_turn():
    turns = turns_of(
        (InferenceStarted, 0, {}),
        (BotStarted, 679, {}),
        (BotText, 680, {"text": "Hello", "origin": 0}),
        (BotStopped, 959, {}),
        (BotText, 999, {"text": "there", "origin": 0}),
        (BotText, 1899, {"text": "friend", "origin": 0}),
        ended_ms=6959,
    )
    assert [(turn.start_ms, turn.end_ms, turn.text) for turn in turns] == [(679, 1899, "Hello there friend")]
