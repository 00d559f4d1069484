"""A call in Roark's words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from flows_analytics import CallRecord
from flows_analytics.calls.events import (
    CallerIdle,
    CallerText,
    ClientDisconnected,
    FunctionCancelled,
    FunctionRequested,
)
from flows_analytics.calls.sound import Recording
from flows_analytics.delivery.roark_events import AgentCard, SentSound, call_ended, call_started
from tests.report.records import ALL_CALLS, Story, pizza_call

SOUND = Recording(file="a.wav", sample_rate=16_000, channels=2, began_ms=1000.0, duration_ms=30_000.0)


@pytest.mark.parametrize("name", ALL_CALLS)
def test_every_kind_of_call(name, snapshot):
    assert call_ended(ALL_CALLS[name]()) == snapshot


def test_the_beginning_of_a_call(snapshot):
    record = pizza_call()
    assert call_started(record, AgentCard("pizza", "Pizza line", "You take orders.")) == snapshot
    assert call_started(record, AgentCard("pizza", "", None)).keys() == {
        "event",
        "pipecatCallId",
        "eventTimestamp",
        "agentId",
    }


def test_the_same_call_is_told_in_the_same_words_wherever_it_is_sent_from():
    record = pizza_call()
    assert call_ended(CallRecord.from_json(record.to_json())) == call_ended(record)


def test_places_in_the_sound_are_told_if_it_was_sent():
    record = pizza_call().model_copy(update={"recording": SOUND})
    told = call_ended(record, SentSound(8000, 2))
    assert (told["recordingSampleRate"], told["recordingNumChannels"]) == (8000, 2)
    first, *_, last = told["transcript"]
    assert (first["audioOffsetMs"], first["endAudioOffsetMs"]) == (200, 3600)
    # The file is over by then.
    assert not {"audioOffsetMs", "endAudioOffsetMs"} & last.keys()
    assert told["toolCalls"][0]["audioOffsetMs"] == 6400
    assert "udioOffset" not in str(call_ended(record)), "nothing was sent that they could be places in"


def test_who_spoke_first_is_who_began_first():
    story = Story()
    story.caller(1, "Hello?", 1)
    story.bot(3, "Hi")
    assert call_ended(story.record())["agentSpokeFirst"] is False
    late = Story()
    late.bot(1, None)
    late.caller(3, None)
    # Without transcripts, who spoke when is known all the same.
    told = call_ended(late.record())
    assert told["agentSpokeFirst"] is True
    assert "transcript" not in told


def test_a_call_in_which_nobody_spoke_says_nothing_of_who_did():
    story = Story("silent")
    story.end(3)
    assert call_ended(story.record()) == {
        "event": "call-ended",
        "pipecatCallId": "silent",
        "eventTimestamp": "2026-01-05T09:00:03+00:00",
        "callStartedAt": "2026-01-05T09:00:00+00:00",
        "callEndedAt": "2026-01-05T09:00:03+00:00",
        "callEndedReason": "agent-ended",
    }


def test_who_spoke_in_which_language_is_told():
    story = Story()
    story.add(CallerText, 1, text="Hallo", language="de", user_id="u-1")
    (entry,) = call_ended(story.record())["transcript"]
    assert (entry["language"], entry["userId"]) == ("de", "u-1")


def test_arguments_and_results_are_texts():
    story = Story()
    results = [{"a": 1, "b": "é"}, ["x", 2], "as it is", None, True, 1.5, Decimal("2.50"), b"ab", float("inf")]
    for second, result in enumerate(results, 1):
        story.call(second, "look", None if second == 1 else {"q": second}, result)
    told = call_ended(story.record())["toolCalls"]
    assert [entry["kind"] for entry in told[:4]] == ["tool_call", "tool_result"] * 2
    assert [entry["arguments"] for entry in told[:4:2]] == ["{}", '{"q":2}']
    assert [entry["content"] for entry in told[1::2]] == [
        '{"a":1,"b":"\\u00e9"}',
        '["x",2]',
        "as it is",
        "",
        "True",
        "1.5",
        "2.50",
        "<bytes: 2 bytes>",
        "<float: inf>",
    ]
    assert [entry["toolCallId"] for entry in told[:4]] == ["tool-1", "tool-1", "tool-2", "tool-2"]


def test_what_was_cancelled_or_never_ran_has_no_result():
    story = Story()
    story.add(FunctionRequested, 0.5, tool_call_id="never", function="never")
    cancelled = story.start_call(1, "dropped")
    story.add(FunctionCancelled, 2, tool_call_id=cancelled, function="dropped")
    story.start_call(3, "open")
    story.call(4, "failed", {}, None, failed=True, error="no")
    story.end(5)
    told = call_ended(story.record())["toolCalls"]
    assert [(entry["kind"], entry.get("name"), entry.get("content")) for entry in told] == [
        ("tool_call", "dropped", None),
        ("tool_call", "open", None),
        ("tool_call", "failed", None),
        ("tool_result", None, "no"),
    ]


def gone(story):
    story.add(ClientDisconnected, 8)


def idle(story):
    story.add(CallerIdle, 8)


@pytest.mark.parametrize(
    ("end", "before", "said", "reason"),
    [
        ({}, None, None, "agent-ended"),
        ({"terminal": "cancel"}, None, None, "agent-ended"),
        ({"terminal": "cancel", "reason": "idle timeout"}, None, None, "idle timeout"),
        ({"reason": "done"}, gone, "user_hangup", "done"),
        ({"terminal": "stop"}, None, None, "unknown"),
        ({"terminal": "cleanup"}, None, None, "unknown"),
        ({"terminal": "flush"}, None, None, "client-disconnected"),
        ({"terminal": "flush", "reason": "ws closed"}, None, None, "ws closed"),
        ({"terminal": "cancel"}, gone, None, "client-disconnected"),
        ({"terminal": "cancel"}, None, "max minutes", "max minutes"),
        ({"terminal": "cancel"}, gone, "unknown", "client-disconnected"),
        ({"terminal": "cancel"}, None, "unknown", "agent-ended"),
        ({"terminal": "cancel"}, None, "agent_hangup", "agent-ended"),
        ({"terminal": "cancel"}, None, "user_hangup", "client-disconnected"),
        ({}, idle, None, "timeout"),
    ],
)
def test_why_the_call_was_over(end, before, said, reason):
    story = Story()
    if before:
        before(story)
    story.end(9, **end)
    record = story.record().model_copy(update={"disconnection_reason": said})
    assert call_ended(record)["callEndedReason"] == reason


def test_a_call_whose_process_died_ends_with_its_last_moment():
    story = Story()
    story.bot(2, "Hello", 1)
    told = call_ended(story.record().model_copy(update={"end_reason": "process_lost"}))
    assert told["callEndedReason"] == "process_lost"
    assert told["callEndedAt"] == "2026-01-05T09:00:03+00:00"
    assert told["transcript"][0]["endTimestamp"] == "2026-01-05T09:00:03+00:00"


def test_times_are_utc_whatever_the_record_was_read_from():
    record = CallRecord(call_id="x", started_at=datetime(2026, 1, 1))
    assert call_started(record, AgentCard("a"))["eventTimestamp"] == "2026-01-01T00:00:00+00:00"
    aware = CallRecord(call_id="x", started_at=datetime(2026, 1, 1, microsecond=5, tzinfo=UTC))
    assert call_started(aware, AgentCard("a"))["eventTimestamp"] == "2026-01-01T00:00:00.000005+00:00"
