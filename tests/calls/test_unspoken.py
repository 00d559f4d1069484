"""What the bot was going to say when it was cut off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.calls.events import (
    AnswerDropped,
    BotStarted,
    BotStopped,
    BotText,
    CallEnded,
    InferenceEnded,
    InferenceStarted,
    Interrupted,
    SpeakRequested,
    SynthesisStarted,
)
from flows_analytics.calls.unspoken import rest_of
from tests.calls.moments import turns_of


@pytest.mark.parametrize(
    ("written", "heard", "rest"),
    [
        ("Hi! What size?", "Hi! What", "size?"),
        ("Hi! What size?", "", "Hi! What size?"),
        ("Hi! What size?", "Hi! What size?", ""),
        ("**Large** pizza, right?", "Large pizza,", "right?"),
        ("It is $20 in all, right?", "It is twenty dollars in", "all, right?"),
        ("你好，要什么尺寸？", "你好，要", "什么尺寸？"),
        ("Hi", "Something else", "Hi"),
        ('It is "small" (or not)', "It is small", "(or not)"),
        ("Your card is <card>, right?", "Your card is", "<card>, right?"),
        ("Don't do it", "Don", "t do it"),
        ("…", "", ""),
    ],
)
def test_the_rest_of_a_text_begins_at_the_first_word_not_heard(written, heard, rest):
    assert rest_of(written, heard) == rest


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1, max_size=20), st.data())
def test_heard_and_rest_make_up_the_text(words, data):
    heard = data.draw(st.integers(0, len(words)))
    assert rest_of(" ".join(words), " ".join(words[:heard])) == " ".join(words[heard:])


def cut(*rows, by=Interrupted, **options):
    return turns_of(
        (InferenceStarted, 0, {"processor": "llm"}),
        (InferenceEnded, 100, {"origin": 0, "text": "One two three four"}),
        (SynthesisStarted, 110, {"origin": 0}),
        (BotStarted, 300, {}),
        (BotText, 310, {"text": "One", "origin": 0}),
        (BotText, 610, {"text": "two", "origin": 0}),
        *rows,
        (by, 900, options),
        (BotStopped, 905, {}),
    )


def test_words_cut_off_by_the_caller_are_kept_apart():
    (turn,) = cut()
    assert (turn.text, turn.unspoken, turn.interrupted, turn.interrupted_ms) == (
        "One two",
        "three four",
        True,
        900,
    )


def test_words_cut_off_by_the_end_of_the_call_are_kept_apart_and_nobody_interrupted():
    (turn,) = cut(by=CallEnded, terminal="cancel")
    assert (turn.text, turn.unspoken, turn.interrupted, turn.interrupted_ms) == (
        "One two",
        "three four",
        False,
        None,
    )


def test_what_waited_behind_the_speech_is_unspoken_too():
    (turn,) = cut((SpeakRequested, 700, {"text": "And this."}))
    assert turn.unspoken == "three four And this."


def test_what_an_llm_wrote_beside_the_conversation_was_never_to_be_spoken():
    rows = [
        (InferenceStarted, 700, {"processor": "judge"}),
        (InferenceEnded, 800, {"origin": 6, "text": "PERSON"}),
    ]
    (turn,) = cut(*rows)
    assert turn.unspoken == "three four"


def test_an_answer_dropped_before_it_was_heard_is_not_told_at_a_later_interruption():
    first, second = turns_of(
        (InferenceStarted, 0, {"processor": "llm"}),
        (InferenceEnded, 100, {"origin": 0, "text": "Never heard"}),
        (AnswerDropped, 150, {}),
        (SpeakRequested, 200, {"text": "Go on."}),
        (SynthesisStarted, 210, {"origin": 3}),
        (BotStarted, 300, {}),
        (BotText, 310, {"text": "Go on.", "origin": 3}),
        (BotStopped, 500, {}),
        (InferenceStarted, 600, {"processor": "llm"}),
        (SynthesisStarted, 690, {"origin": 8}),
        (InferenceEnded, 700, {"origin": 8, "text": "One two"}),
        (BotStarted, 800, {}),
        (BotText, 810, {"text": "One", "origin": 8}),
        (Interrupted, 900, {}),
    )
    assert (first.unspoken, second.unspoken) == (None, "two")


def test_words_that_name_no_request_are_not_told_to_be_missing():
    (turn,) = turns_of(
        (SpeakRequested, 200, {"text": "Go on."}),
        (BotStarted, 300, {}),
        (BotText, 310, {"text": "Go on."}),
        (Interrupted, 900, {}),
    )
    assert turn.unspoken is None
