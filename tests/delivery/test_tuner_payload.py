"""A call in Tuner's words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from flows_analytics import CallRecord
from flows_analytics.calls.ending import DisconnectionReason
from flows_analytics.calls.events import (
    AudioTranscribed,
    BotStarted,
    BotStopped,
    BotText,
    CharactersSpoken,
    FirstToken,
    FunctionCalled,
    FunctionCancelled,
    InferenceStarted,
    Interrupted,
    SpeakRequested,
    TokensUsed,
)
from flows_analytics.calls.record import Agent
from flows_analytics.calls.sound import Recording
from flows_analytics.delivery.tuner_payload import Models, call_payload, number_version
from tests.bots import hold_pizza_call
from tests.report.records import ALL_CALLS, Story, pizza_call


def segments(story, *roles):
    transcript = call_payload(story.record())["transcript_with_tool_calls"]
    return [segment for segment in transcript if not roles or segment["role"] in roles]


@pytest.mark.parametrize("name", ALL_CALLS)
def test_every_kind_of_call(name, snapshot):
    assert call_payload(ALL_CALLS[name]()) == snapshot


def test_the_same_call_is_told_in_the_same_words_wherever_it_is_sent_from():
    record = pizza_call()
    assert call_payload(CallRecord.from_json(record.to_json())) == call_payload(record)
    ids = [segment["metadata"]["id"] for segment in call_payload(record)["transcript_with_tool_calls"]]
    assert len(set(ids)) == len(ids)


def test_a_call_that_was_really_held_is_told_as_it_was():
    held = hold_pizza_call(call_id="a")
    told = call_payload(held.record)["transcript_with_tool_calls"]
    assert [s["text"] for s in told if s["role"] == "node_transition"] == [
        "initial → choose_pizza",
        "choose_pizza → confirm",
        "confirm → end",
    ]
    assert [s["node"]["reason"] for s in told if s["role"] == "node_transition"] == [
        "choose_pizza",
        "select_pizza_order",
        "complete_order",
    ]
    assert [(s["role"], s["text"]) for s in told if s["role"] in ("user", "agent")] == [
        ("user" if turn.speaker == "caller" else "agent", turn.text) for turn in held.record.turns
    ]
    starts = [segment["start_ms"] for segment in told]
    assert starts == sorted(starts)
    waits = [s["metadata"].get("e2e_latency") for s in told if s["role"] == "agent"]
    # The greeting answers nobody.
    assert waits[0] is None
    assert waits[1:] == [round(t.latency_ms) for t in held.record.turns if t.speaker == "bot"][1:]


def test_what_a_function_gives_is_told_whatever_it_is():
    story = Story()
    results = [
        "text",
        7,
        None,
        True,
        [1],
        {"at": datetime(2026, 1, 1, tzinfo=UTC)},
        Decimal("1.5"),
        b"ab",
        float("nan"),
    ]
    for second, result in enumerate(results, 1):
        story.call(second, "look", {"q": Decimal("1.10"), "none": None}, result)
    story.end(30)
    assert [s["tool"]["result"] for s in segments(story, "agent_result")] == [
        {"value": "text"},
        {"value": 7},
        {"value": None},
        {"value": True},
        {"value": [1]},
        {"at": "2026-01-01T00:00:00+00:00"},
        {"value": "1.5"},
        {"value": "<bytes: 2 bytes>"},
        {"value": "<float: nan>"},
    ]
    asked = segments(story, "agent_function")[0]
    assert asked["text"] == "look(q=1.10, none=None)"
    assert asked["tool"]["params"] == {"q": "1.10", "none": None}


def test_what_failed_says_so_and_what_came_of_nothing_has_no_result():
    story = Story()
    story.call(1, "fails", {}, {"error": "no"}, failed=True, error="no")
    story.call(2, "hides", {}, None, failed=True)
    cancelled = story.start_call(3, "dropped")
    story.add(FunctionCancelled, 3.5, tool_call_id=cancelled, function="dropped")
    story.start_call(4, "open")
    story.end(5)
    tools = [segment["tool"] for segment in segments(story, "agent_result")]
    assert [(t["name"], t.get("is_error"), t.get("error"), t.get("result")) for t in tools] == [
        ("fails", True, "no", {"error": "no"}),
        ("hides", True, "failed", None),
        ("dropped", True, "cancelled", None),
    ]
    assert [segment["tool"]["name"] for segment in segments(story, "agent_function")][-1] == "open"


def test_words_that_never_sounded_are_in_no_text():
    story = Story()
    story.enter(0.05, "ask", ())
    origin = story.add(InferenceStarted, 0.6)
    story.add(SpeakRequested, 0.7, text="Heard this and never that", origin=origin)
    story.add(FirstToken, 0.7, origin=origin)
    story.add(BotStarted, 1.0)
    story.add(BotText, 1.1, text="Heard this", origin=origin)
    story.caller(1.5, "Stop it", 0.4)
    story.add(Interrupted, 1.8)
    story.add(BotStopped, 1.8)
    story.bot(4.0, "Fine")
    story.end(7)
    agent, user, again = segments(story, "user", "agent")
    assert agent["text"] == "Heard this"
    assert agent["metadata"]["interrupted"] is True
    assert agent["metadata"]["interrupted_at_ms"] == 1800
    assert user["metadata"]["interrupted"] is True
    assert again["metadata"]["interrupted"] is False
    assert "never" not in str(call_payload(story.record()))


def test_exchanges_are_numbered_as_the_answers_come():
    story = Story()
    story.bot(1, "Hello", 0.5)
    story.caller(2, "One", 0.5)
    story.caller(4, "and two", 0.5)
    story.bot(6, "Both", 0.5)
    story.bot(8, "Still there?", 0.5)
    story.caller(10, "Yes", 0.5)
    story.end(12)
    assert [s["metadata"]["turn_index"] for s in segments(story)] == [0, 1, 1, 1, 2, 3]


def test_usage_and_models_are_what_the_services_reported():
    story = Story()
    reported = {
        "processor": "LLM#0",
        "model": "gpt",
        "prompt_tokens": 90,
        "completion_tokens": 20,
        "total_tokens": 110,
    }
    story.add(TokensUsed, 1, **reported)
    story.add(CharactersSpoken, 2, processor="TTS#0", model="sonic", characters=42)
    story.add(AudioTranscribed, 3, processor="STT#0", model="nova", audio_secs=5.6)
    story.end(9)
    assert call_payload(story.record(), models=Models(llm="mine"))["general_meta_data_raw"] == {
        "ai_models": {"asr_model": "nova", "llm_model": "mine", "tts_model": "sonic"},
        "usage_token": {"asr_duration": 6, "llm_token": 110, "tts_character_count": 42},
    }


def test_zero_totals_are_left_out_and_the_call_is_as_long_as_its_audio():
    story = Story()
    story.add(CharactersSpoken, 2, processor="TTS#0", characters=0)
    story.end(9.4)
    general = call_payload(story.record())["general_meta_data_raw"]
    assert general["usage_token"] == {"asr_duration": 9}
    assert general["ai_models"] == {"asr_model": "", "llm_model": "", "tts_model": ""}


def payload_of(**fields: Any) -> dict[str, Any]:
    return call_payload(pizza_call().model_copy(update=fields))


def test_what_is_not_known_is_left_out():
    empty = call_payload(CallRecord(call_id="x", started_at=datetime(2026, 1, 1)))
    assert empty == {
        "call_id": "x",
        "call_type": "web_call",
        "start_timestamp": 1767225600,
        "end_timestamp": 1767225600,
        "recording_url": "pipecat://no-recording",
        "transcript_with_tool_calls": [],
        "call_status": "call_ended",
        "duration_ms": 0,
        "general_meta_data_raw": {
            "ai_models": {"asr_model": "", "llm_model": "", "tts_model": ""},
            "usage_token": {"asr_duration": 0},
        },
    }


def test_sip_ids_are_told_once_they_are_known():
    told = payload_of(metadata={"sip_call_id": "abc@host", "sip_headers": {"X-A": 1, "X-B": None}})
    assert (told["sip_call_id"], told["sip_headers"]) == ("abc@host", {"X-A": "1"})
    for nothing in ({}, None, "text", {"sip_call_id": "", "sip_headers": {}}, {"sip_headers": "x"}):
        assert not {"sip_call_id", "sip_headers"} & payload_of(metadata=nothing).keys()


@pytest.mark.parametrize(
    ("said", "told"), [("user_hangup", "user_hangup"), ("my own", "my own"), ("unknown", "unknown"), (None, None)]
)
def test_why_the_call_was_over_is_told_if_anybody_knows(said, told):
    assert payload_of(disconnection_reason=said).get("disconnection_reason") == told


def test_the_five_reasons_of_tuner_are_among_ours():
    assert {"user_hangup", "agent_hangup", "error", "timeout", "unknown"} <= set(DisconnectionReason)


def test_the_address_of_a_recording_made_elsewhere_is_told():
    assert payload_of(recording=Recording(url="https://r/1"))["recording_url"] == "https://r/1"
    assert payload_of(recording=Recording(file="a.wav"))["recording_url"] == "pipecat://no-recording"


@pytest.mark.parametrize(
    ("version", "given", "environment", "number"),
    [
        ("7", None, {}, 7),
        ("7", 0, {"APP_VERSION": "8"}, 0),
        ("v42", None, {}, None),
        ("v42", None, {"APP_VERSION": "v42", "GITHUB_RUN_NUMBER": "9", "BUILD_NUMBER": "3"}, 9),
        ("v42", None, {"CIRCLE_BUILD_NUM": "", "BUILD_NUMBER": "3"}, 3),
        # Whoever sends the call may run another version than the one that held it.
        (None, None, {"APP_VERSION": "8"}, None),
        ("7", None, {"APP_VERSION": "8"}, 7),
    ],
)
def test_a_version_is_told_if_it_is_a_number(version, given, environment, number):
    record = pizza_call().model_copy(update={"agent": Agent(version=version)})
    assert number_version(record, given, environment) == number
    assert call_payload(record, agent_version=number).get("agent_version") == number


def test_a_segment_never_ends_before_it_begins():
    story = Story()
    story.add(BotStarted, 5)
    story.add(BotText, 5.1, text="late")
    story.end(3)
    assert all(s.get("end_ms", s["start_ms"]) >= s["start_ms"] >= 0 for s in segments(story))
    story.add(FunctionCalled, 1, tool_call_id="x", function="f")
    assert call_payload(story.record())["duration_ms"] == 3000
