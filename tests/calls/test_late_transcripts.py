"""Final transcripts that come late, in the midst of other words, or early, before the voice was noticed."""

from __future__ import annotations

from flows_analytics.calls.events import (
    CallerText,
    CallerTextBegan,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerVoiceStarted,
    CallerVoiceStopped,
)
from tests.calls.moments import turns_of

FIRST = (
    (CallerVoiceStarted, 1000, {}),
    (CallerTurnStarted, 1000, {}),
    (CallerVoiceStopped, 2000, {}),
    (CallerTurnStopped, 2400, {}),
)
SECOND = (
    (CallerVoiceStarted, 4000, {}),
    (CallerTurnStarted, 4000, {}),
)
END_OF_SECOND = (
    (CallerVoiceStopped, 5000, {}),
    (CallerTurnStopped, 5400, {}),
)


def texts_of(*rows):
    ordered = sorted(rows, key=lambda row: row[1])
    return [(turn.start_ms, turn.text) for turn in turns_of(*ordered)]


def test_a_transcript_that_comes_while_the_next_words_are_still_said_is_of_the_words_before():
    said = texts_of(
        *FIRST, *SECOND, *END_OF_SECOND, (CallerText, 4200, {"text": "A"}), (CallerText, 5200, {"text": "B"})
    )
    assert said == [(1000, "A"), (4000, "B")]


def test_the_late_rest_of_a_sentence_joins_its_beginning():
    rows = [(CallerText, 1800, {"text": "A"}), (CallerTextBegan, 1900, {}), (CallerText, 4200, {"text": "rest"})]
    said = texts_of(*FIRST, *SECOND, *END_OF_SECOND, *rows, (CallerText, 5200, {"text": "B"}))
    assert said == [(1000, "A rest"), (4000, "B")]


def test_partial_words_prove_that_a_transcript_is_still_to_come_for_a_turn():
    rows = [(CallerTextBegan, 1500, {}), (CallerTextBegan, 4400, {})]
    late = [(CallerText, 5100, {"text": "A"}), (CallerText, 5300, {"text": "B"})]
    assert texts_of(*FIRST, *SECOND, *END_OF_SECOND, *rows, *late) == [(1000, "A"), (4000, "B")]


def test_noise_that_was_never_transcribed_does_not_swallow_the_words_after_it():
    assert texts_of(*FIRST, *SECOND, *END_OF_SECOND, (CallerText, 5200, {"text": "B"})) == [(4000, "B")]


def test_words_recognised_while_they_are_said_are_of_the_turn_being_said():
    rows = [(CallerTextBegan, 4400, {}), (CallerText, 4700, {"text": "B1"}), (CallerText, 5200, {"text": "B2"})]
    assert texts_of(*FIRST, *SECOND, *END_OF_SECOND, *rows) == [(4000, "B1 B2")]


def test_a_transcript_is_not_awaited_for_longer_than_five_seconds():
    rows = [(CallerTextBegan, 1500, {}), (CallerTextBegan, 8400, {}), (CallerText, 9200, {"text": "B"})]
    second = [
        (CallerVoiceStarted, 8000, {}),
        (CallerTurnStarted, 8000, {}),
        (CallerVoiceStopped, 9000, {}),
        (CallerTurnStopped, 9400, {}),
    ]
    assert texts_of(*FIRST, *second, *rows) == [(8000, "B")]


def test_a_transcript_after_the_turn_was_closed_belongs_to_it():
    assert texts_of(*FIRST, (CallerText, 3000, {"text": "A"})) == [(1000, "A")]


def test_a_late_transcript_is_told_from_voice_that_no_turn_has_claimed_yet():
    rows = [(CallerVoiceStarted, 4000, {}), (CallerText, 4200, {"text": "A"}), (CallerTurnStarted, 4600, {})]
    said = texts_of(*FIRST, *rows, *END_OF_SECOND, (CallerText, 5200, {"text": "B"}))
    assert said == [(1000, "A"), (4000, "B")]


def test_words_recognised_before_the_voice_was_decided_upon_are_of_its_turn():
    said = texts_of(
        (CallerText, 2277, {"text": "Hi,"}),
        (CallerVoiceStarted, 2294, {"lag_ms": 200}),
        (CallerTurnStarted, 2294.4, {}),
        (CallerVoiceStopped, 3420, {"lag_ms": 200}),
        (CallerText, 3452, {"text": "a table for four."}),
        (CallerTurnStopped, 3620, {}),
    )
    assert said == [(2094, "Hi, a table for four.")]


def test_words_recognised_early_are_not_of_the_turn_before():
    rows = [
        (CallerText, 2300, {"text": "One."}),
        (CallerTextBegan, 4170, {}),
        (CallerText, 4180, {"text": "Yes,"}),
        (CallerVoiceStarted, 4200, {"lag_ms": 200}),
        (CallerTurnStarted, 4200.4, {}),
        (CallerVoiceStopped, 4700, {"lag_ms": 200}),
        (CallerText, 4730, {"text": "exactly."}),
    ]
    assert texts_of(*FIRST, *rows) == [(1000, "One."), (4000, "Yes, exactly.")]


def test_a_strategy_that_decides_on_words_begins_no_second_turn():
    said = texts_of(
        (CallerText, 1000, {"text": "Hello"}),
        (CallerTurnStarted, 1001, {}),
        (CallerText, 1800, {"text": "there"}),
        (CallerTurnStopped, 2000, {}),
    )
    assert said == [(1000, "Hello there")]
