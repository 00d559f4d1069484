"""Rows: what of a call stands in which table."""

from __future__ import annotations

import math
from datetime import date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics import CallRecord
from flows_analytics.calls.events import NodeChangeFailed
from flows_analytics.store.buckets import bucket_of
from flows_analytics.store.reading import CountedCall
from flows_analytics.store.rows import metadata_columns, rows_of
from tests.calls.test_any_moments import troubled
from tests.store.messy import DAY, Tape, logs


def test_a_call_becomes_rows_of_all_tables():
    record = troubled().model_copy(update={"goals": ("booked",), "metadata": {"Channel": "web"}})
    rows = rows_of(record)

    assert (rows.call.flows, rows.call.visits, rows.call.exit_kind, rows.call.open) == (
        1,
        2,
        record.exit_kind,
        False,
    )
    assert rows.call.ended_us - rows.call.started_us == rows.call.duration_us == round(record.duration_ms * 1000)
    assert rows.metadata == {"metadata_channel": "web"}
    (path,) = rows.paths
    assert (path.path, path.path_len, path.end_kind, path.goal) == (
        '["start", "booked"]',
        2,
        record.exit_kind,
        True,
    )
    start, booked = rows.visits
    assert (start.next_node, start.previous_node, booked.previous_node) == ("booked", None, "start")
    assert (booked.via, booked.latency_us) == ("move", round(record.transitions[-1].latency_ms * 1000))
    assert start.left_us == booked.entered_us
    assert start.dwell_us == start.left_us - start.entered_us
    assert (start.caller_turns, start.bot_turns) == (3, 3)
    assert start.interruptions == 1
    assert len(rows.turns) == len(record.turns)
    assert [(call.function, call.outcome) for call in rows.tool_calls] == [
        (call.function, call.outcome) for call in record.tool_calls
    ]
    assert [(offer.node, offer.function, offer.taken) for offer in rows.offers] == [
        (record.visits[offer.visit].node, offer.function, offer.taken) for offer in record.offers
    ]
    assert [(move.from_node, move.to_node, move.outcome) for move in rows.failed_transitions] == [
        ("start", "booked", "lost")
    ]


@settings(max_examples=60, deadline=None)
@given(logs())
def test_rows_are_the_same_whether_waits_are_divided_or_not(records):
    """Compacting does not ask what waits consisted of; nothing else may differ."""
    for record in (*records, troubled()):
        text = record.to_json()
        assert rows_of(CountedCall.from_json(text)) == rows_of(CallRecord.from_json(text)) == rows_of(record)


def test_what_is_only_counted_has_waits_and_not_what_they_consisted_of():
    text = troubled().to_json()
    whole, counted = CallRecord.from_json(text), CountedCall.from_json(text)
    waits = [turn.latency_ms for turn in whole.turns]
    assert any(wait is not None for wait in waits)
    assert [turn.latency_ms for turn in counted.turns] == waits
    assert any(turn.contributions for turn in whole.turns)
    assert not any(turn.contributions for turn in (*counted.turns, *counted.transitions))


def test_a_node_change_that_raised_is_failed_also_if_its_message_was_not_kept():
    tape = Tape()
    tape.step("move", "greet", "go", "main", 1.0)
    tape.step("fail", "book", "go", "main", 1.0)
    assert [event.error for event in tape.events if isinstance(event, NodeChangeFailed)] == [None]
    rows = rows_of(CallRecord(call_id="a", started_at=DAY, events=tuple(tape.events)))
    assert [move.outcome for move in rows.failed_transitions] == ["failed"]


def test_a_node_change_under_way_has_not_failed():
    tape = Tape()
    tape.step("move", "greet", "go", "main", 1.0)
    tape.step("fail", "book", "go", "main", 1.0)
    rows = rows_of(CallRecord(call_id="a", started_at=DAY, events=tuple(tape.events[:-1])))
    assert rows.failed_transitions == []


def test_a_time_without_a_zone_is_utc():
    rows = rows_of(CallRecord(call_id="a", started_at=datetime(2026, 1, 31, 23, 59)))
    assert rows.call.started_us == 1_769_903_940_000_000
    assert rows.call.started_date == date(2026, 1, 31)


def test_metadata_have_a_column_for_each_single_value():
    given_ = {"n": 1, "yes": True, "none": None, "list": [1], "Key": "first", "key": "second"}
    assert metadata_columns(given_) == {"metadata_n": "1", "metadata_yes": "true", "metadata_key": "first"}
    assert metadata_columns("no mapping") == {}


@given(st.integers(-5, 10**13))
def test_buckets_in_sql_are_those_in_python(us):
    import duckdb

    (found,) = duckdb.execute("SELECT CAST(floor(ln(greatest(?, 1)) / ln(1.02)) AS BIGINT)", [us]).fetchone()
    assert found == bucket_of(us) == math.floor(math.log(max(us, 1)) / math.log(1.02))
