"""CallRecord as a document."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from flows_analytics import CallRecord
from flows_analytics.calls import readings
from flows_analytics.calls.health import Health
from flows_analytics.calls.record import SCHEMA_VERSION
from flows_analytics.calls.telephony import Telephony
from flows_analytics.errors import RecordError
from tests.bots import PIZZA_PATH, hold_pizza_call
from tests.calls.long_call import long_call

SCHEMA = Path(__file__).parents[2] / "docs" / "call-record.schema.json"


@pytest.fixture(scope="module")
def record():
    return hold_pizza_call(
        call_id="order-1", agent_id="pizza", agent_version=42, metadata={"k": [1]}, goals=["end"]
    ).record


def test_a_record_reads_back_as_it_was_written(record, tmp_path):
    assert CallRecord.from_json(record.to_json()) == record
    assert CallRecord.load(record.save(tmp_path / "r.json")) == record
    assert CallRecord.load(str(tmp_path / "r.json")).path == PIZZA_PATH


def test_the_json_can_be_read_without_this_library(record):
    document = json.loads(record.to_json())

    assert document["schema_version"] == SCHEMA_VERSION
    assert document["agent"] == {"id": "pizza", "name": None, "version": "42"}
    assert document["summary"]["path"] == list(PIZZA_PATH)
    assert [visit["node"] for visit in document["summary"]["visits"]] == list(PIZZA_PATH)
    assert document["summary"]["turns"][0]["speaker"] == "bot"
    assert document["summary"]["duration_ms"] == record.duration_ms


def test_a_summary_edited_by_hand_is_not_believed(record):
    document = json.loads(record.to_json())
    document["summary"]["path"] = ["made", "up"]

    assert CallRecord.from_json(json.dumps(document)).path == PIZZA_PATH


def test_the_summary_holds_what_its_readers_would_have_to_compute():
    call = long_call(8)
    document = json.loads(call.to_json())
    summary = document["summary"]

    assert [visit["dwell_ms"] for visit in summary["visits"]] == [visit.dwell_ms for visit in call.visits]
    assert summary["visits"][0]["dwell_ms"] == 10_000.0
    for part in (summary["usage"], summary["usage"]["services"][0]):
        assert part["tokens_per_second"] == call.usage.tokens_per_second > 0
        assert part["cache_hit_ratio"] == call.usage.cache_hit_ratio == 3600 / 4002

    # Derived like the rest of it, so never believed.
    summary["visits"][0]["dwell_ms"] = summary["usage"]["tokens_per_second"] = -1
    assert CallRecord.from_json(json.dumps(document)).to_json() == call.to_json()


def test_the_turns_of_the_bot_are_put_together_once(monkeypatch):
    call, count = long_call(4), []
    read = readings.read_bot_turns
    monkeypatch.setattr(readings, "read_bot_turns", lambda *args: count.append(1) or read(*args))

    assert call.summary.turns
    assert call.summary.transitions
    assert len(count) == 1


def test_moments_that_contradict_each_other_are_still_read(record):
    document = json.loads(record.to_json())
    document["events"] = document["events"][::-1]

    contradictory = CallRecord.from_json(json.dumps(document))

    assert set(contradictory.path) == set(PIZZA_PATH)
    assert contradictory.turns
    assert contradictory.transitions


def test_every_subset_of_moments_can_be_read(record):
    for step in range(2, 6):
        for offset in range(step):
            part = record.model_copy(update={"events": record.events[offset::step]})
            assert CallRecord.from_json(part.to_json()).summary == part.summary


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "record_not_valid"),
        ("{", "record_not_valid"),
        ("[]", "record_not_valid"),
        ('{"call_id": "x"}', "record_not_valid"),
        ('{"call_id": "x", "started_at": "2026-01-01T00:00:00Z", "schema_version": 99}', "record_too_new"),
        ('{"call_id":"x","started_at":"2026-01-01T00:00:00Z","events":[{"kind":"?"}]}', "record_not_valid"),
    ],
)
def test_what_is_no_record_is_refused_by_name_and_reason(text, code, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text(text)

    with pytest.raises(RecordError) as refused:
        CallRecord.load(file)
    assert refused.value.code == code
    assert str(file) in refused.value.message


def test_a_missing_file_is_a_record_error(tmp_path):
    with pytest.raises(RecordError, match="No such file") as refused:
        CallRecord.load(tmp_path / "none.json")
    assert refused.value.code == "record_not_readable"


def test_a_record_of_the_first_version_reads_as_it_did_then():
    file = Path(__file__).parent / "records" / "version-1.json"
    document = json.loads(file.read_text())

    record = CallRecord.load(file)

    assert (document["schema_version"], record.schema_version) == (1, SCHEMA_VERSION)
    then, now = document["summary"], json.loads(record.to_json())["summary"]
    for reading in ("visits", "transitions", "tool_calls"):
        for before, after in zip(then[reading], now[reading], strict=True):
            assert before.items() <= after.items()
    said = [
        (turn["speaker"], turn["text"], turn["start_ms"], turn["end_ms"], turn["visit"]) for turn in then["turns"]
    ]
    assert [(turn.speaker, turn.text, turn.start_ms, turn.end_ms, turn.visit) for turn in record.turns] == said
    assert [turn.latency_ms for turn in record.turns if turn.speaker == "bot"] == [
        740.1,
        pytest.approx(1476.3),
        pytest.approx(2476.3),
        pytest.approx(1476.3),
    ]
    assert (record.recording, record.cost, record.disconnection_reason) == (None, None, None)


def test_a_record_of_the_second_version_reads_as_it_did_then():
    file = Path(__file__).parent / "records" / "version-2.json"
    document = json.loads(file.read_text())

    record = CallRecord.load(file)

    assert (document["schema_version"], record.schema_version) == (2, SCHEMA_VERSION)
    assert json.loads(record.to_json()) == {**document, "schema_version": SCHEMA_VERSION}
    assert record.telephony is None


def test_a_refusal_never_repeats_what_was_said(tmp_path):
    file = tmp_path / "bad.json"
    file.write_text('{"call_id": "x", "started_at": "my card is 4111", "events": 7}')

    with pytest.raises(RecordError) as refused:
        CallRecord.load(file)
    assert "4111" not in refused.value.message


def test_a_record_keeps_to_the_published_schema(record):
    schema = json.loads(SCHEMA.read_text())

    jsonschema.validate(json.loads(record.to_json()), schema)


@pytest.mark.parametrize("told", [{"sip_call_id": "a@b"}, {"sip_headers": {"X-A": "1"}}, {}])
def test_a_record_of_a_phone_call_keeps_to_the_published_schema(record, told):
    phoned = record.model_copy(update={"telephony": Telephony(**told)})
    document = json.loads(phoned.to_json())
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert {"id", "id_kind"} & document["telephony"].keys() == (
        {"id", "id_kind"} if "sip_call_id" in told else set()
    )
    assert CallRecord.from_json(phoned.to_json()) == phoned


def test_the_published_schema_is_that_of_the_model():
    assert json.loads(SCHEMA.read_text()) == CallRecord.model_json_schema(mode="serialization"), (
        "run docs/write_schema.py; if more than descriptions changed, bump SCHEMA_VERSION and migrate first"
    )


def test_reading_a_record_loads_no_pipecat(record, tmp_path):
    file = record.save(tmp_path / "r.json")
    code = (
        "import sys, flows_analytics\n"
        "from flows_analytics import CallRecord, render_call_report\n"
        f"render_call_report(CallRecord.load({str(file)!r}))\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'pipecat', 'pipecat_flows', 'networkx', 'aiohttp', 'pytest'}, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_the_public_names_are_all_there_and_no_others_are_made_up():
    import flows_analytics

    assert all(getattr(flows_analytics, name) for name in flows_analytics.__all__)
    assert set(flows_analytics.__all__) <= set(dir(flows_analytics))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = flows_analytics.nonsense


def test_times_are_utc_and_the_end_is_the_start_plus_the_duration(record):
    assert record.started_at.tzinfo == UTC
    assert (record.ended_at - record.started_at).total_seconds() * 1000 == pytest.approx(
        record.duration_ms, abs=0.01
    )


def test_health_counts_by_code_and_keeps_the_first_reason():
    health = Health().with_loss("sink_failed", "first").with_loss("sink_failed", "second")

    assert not health.ok
    assert (health.count("sink_failed"), health.losses["sink_failed"].why) == (2, "first")
    assert Health().ok


def test_hostile_text_in_a_record_survives_the_round_trip():
    text = "</script>\x00\u202e\ud800" + "x" * 10
    record = CallRecord(call_id=text, started_at=datetime(2026, 1, 1, tzinfo=UTC), metadata={text: text})

    assert CallRecord.from_json(record.to_json()) == record
