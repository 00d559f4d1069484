"""A whole flows call with Pipecat's real OpenAI, Deepgram and Cartesia services, in real time, on loopback."""

from __future__ import annotations

import socket

import pytest

from flows_analytics.calls.events import BotText, CallerText, Interrupted
from tests.services.bot import HeldCall
from tests.services.call import (
    BOOK,
    CHECK,
    CHOOSE,
    CONFIRM,
    GOODBYE,
    GREETING,
    INTERRUPTION,
    OFFER,
    PATH,
    REQUEST,
    YES,
)
from tests.services.deepgram_endpoint import LANGUAGE
from tests.services.loopback import Contacts, only_loopback


def test_the_call_follows_the_script_to_its_end(call: HeldCall):
    assert call.record.path == PATH
    assert call.record.status == "completed"
    assert call.record.exit_kind == "end"
    assert call.truth.unasked == []
    assert [utterance.text for utterance in call.truth.utterances] == [REQUEST, INTERRUPTION, YES]
    assert call.secs < 15


def test_the_recording_lost_nothing(call: HeldCall):
    assert call.record.health.ok, call.record.health


def test_both_sides_take_turns_in_the_order_in_which_they_spoke(call: HeldCall):
    speakers = ["bot", "caller", "bot", "caller", "bot", "caller", "bot"]
    assert [turn.speaker for turn in call.record.turns] == speakers
    assert [call.record.visits[turn.visit].node for turn in call.record.turns] == [
        *("welcome", "welcome"),
        *("time", "time"),
        *("check", "check"),
        "goodbye",
    ]


def test_a_turn_of_the_caller_holds_all_final_transcripts_and_no_interim_one(call: HeldCall):
    turns = [turn for turn in call.record.turns if turn.speaker == "caller"]
    finals = [event.text for event in call.record.events if isinstance(event, CallerText)]

    assert [turn.text for turn in turns] == [REQUEST, INTERRUPTION, YES]
    # Some turns come in several final pieces, and interim results come between them.
    assert finals == [result.text for result in call.truth.listening.finals]
    assert len(turns) < len(finals) < len(call.truth.listening.results)


def test_transcripts_carry_the_language_that_was_detected(call: HeldCall):
    texts = [event for event in call.record.events if isinstance(event, CallerText)]
    assert {(text.language, text.source, text.user_id) for text in texts} == {(LANGUAGE, "speech", None)}


def test_the_callers_turns_are_when_he_spoke(call: HeldCall):
    turns = [turn for turn in call.record.turns if turn.speaker == "caller"]
    for turn, utterance in zip(turns, call.truth.utterances, strict=True):
        assert turn.start_ms == call.at(utterance.began_ns)
        assert turn.end_ms == call.at(utterance.ended_ns)


def test_the_bots_turns_are_what_was_played_and_when(call: HeldCall):
    turns = [turn for turn in call.record.turns if turn.speaker == "bot"]
    for turn, answer in zip(turns, call.truth.answers, strict=True):
        assert turn.text == answer.heard
        assert turn.start_ms == call.at(answer.began_ns)
        assert turn.end_ms == call.at(answer.ended_ns)
        assert turn.interrupted is answer.interrupted


def test_only_the_answer_that_the_caller_cut_into_is_interrupted(call: HeldCall):
    greeting, offer, check, goodbye = (turn for turn in call.record.turns if turn.speaker == "bot")
    assert [greeting.text, check.text, goodbye.text] == [GREETING, CHECK, GOODBYE]
    assert [turn.interrupted for turn in (greeting, offer, check, goodbye)] == [False, True, False, False]


def test_words_not_played_before_the_barge_in_are_not_recorded_as_heard(call: HeldCall):
    (interruption,) = (event for event in call.record.events if isinstance(event, Interrupted))
    (cut_ns,) = call.truth.hearsay.cut_ns
    voice_ns = call.truth.utterances[1].began_ns
    offer = call.truth.answers[1]
    turn = call.record.turns[2]
    greeted_ms, ended_ms = call.record.turns[0].end_ms, turn.end_ms
    words = [e for e in call.record.events if isinstance(e, BotText) and greeted_ms < e.at_ms <= ended_ms]

    # The bot decides when a voice has lasted for 200 ms, and is silent once that has come through the pipeline.
    assert interruption.at_ms == call.at(voice_ns + 200_000_000)
    assert interruption.at_ms < call.truth.ms(cut_ns)
    assert turn.text == " ".join(word.text for word in words)
    assert OFFER.startswith(turn.text + " ")
    # More was made into audio, and still more was written, than was heard.
    assert len(words) < len(offer.context.words) < len(offer.inference.sent.split())
    assert words[-1].at_ms < call.truth.ms(cut_ns)
    # Each word is released when it begins to be played.
    for word, played in zip(words, offer.played, strict=True):
        assert word.at_ms == call.at(played.began_ns)


def test_the_model_is_told_what_the_caller_heard(call: HeldCall):
    # What the recorder says and what the bot itself believes must not differ.
    cut, after = call.truth.inferences[2:4]
    said = [message.get("content") for message in after.messages if message["role"] == "assistant"]
    assert call.record.turns[2].text == said[-1]
    assert (cut.ended_ns, cut.reported) == (None, None)


def test_tool_calls_carry_the_arguments_that_were_streamed_in_pieces(call: HeldCall):
    recorded = [
        (tool.tool_call_id, tool.function, tool.arguments, tool.outcome) for tool in call.record.tool_calls
    ]
    assert recorded == [(tool.id, tool.function, tool.arguments, "moved") for tool in (BOOK, CHOOSE, CONFIRM)]
    assert [tool.result for tool in call.record.tool_calls][:2] == [{"times": ["19:00", "21:00"]}, {"table": 7}]


def test_a_tool_runs_once_the_model_has_called_it_and_before_it_is_asked_again(call: HeldCall):
    for tool, asking, asked in zip(call.record.tool_calls, (1, 3, 5), (2, 4, 6), strict=True):
        calling, next_inference = call.truth.inferences[asking], call.truth.inferences[asked]
        assert call.truth.ms(calling.last_token_ns) <= tool.started_ms <= tool.ended_ms
        assert tool.ended_ms <= call.truth.ms(next_inference.asked_ns)


def test_each_node_offers_the_model_its_own_functions(call: HeldCall):
    offered = [inference.functions for inference in call.truth.inferences]
    assert offered == [
        [tool] for tool in (BOOK.function,) * 2 + (CHOOSE.function,) * 2 + (CONFIRM.function,) * 2
    ] + [[]]


def test_the_call_stays_on_loopback(contacts: Contacts):
    assert contacts.elsewhere == []
    assert contacts.loopback == {"127.0.0.1"}


def test_the_guard_refuses_what_is_not_loopback():
    with only_loopback() as contacts, socket.socket() as elsewhere:
        with pytest.raises(ConnectionRefusedError):
            elsewhere.connect(("192.0.2.1", 443))
        with pytest.raises(ConnectionRefusedError):
            socket.getaddrinfo("api.example.com", 443)
    assert contacts.elsewhere == ["192.0.2.1", "api.example.com"]
