"""Counts of messy calls: in SQL as by hand, compacted or not, and conserved."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from flows_analytics.calls.ending import ExitKind
from flows_analytics.calls.record import CallRecord
from flows_analytics.errors import StoreError
from flows_analytics.store.call_store import CallStore
from flows_analytics.store.counting import TALLIES
from flows_analytics.store.counts import FlowCounts
from flows_analytics.store.duck import Database
from flows_analytics.store.filter import Filter
from flows_analytics.store.manifest import Manifest
from flows_analytics.store.view import View
from tests.store.messy import DAY, NODES, Tape, assert_conserved, counted, logs

FEW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))

FILTERS = st.builds(
    Filter,
    since=st.sampled_from([None, date(2026, 2, 1)]),
    until=st.sampled_from([None, date(2026, 1, 31)]),
    agent=st.sampled_from([None, "bot", "nobody"]),
    version=st.sampled_from([None, "v1"]),
    node=st.sampled_from([None, *NODES]),
    exit=st.sampled_from([None, *ExitKind.__args__]),
    goal=st.sampled_from([None, True, False, "greet"]),
    metadata=st.sampled_from([{}, {"channel": "web"}, {"n": "1"}, {"unheard": "of"}]),
)


@FEW
@given(logs(), st.integers(0, 6), st.sampled_from([None, ("verify",), ("verify", "not there"), ()]))
def test_counts_in_sql_equal_counts_by_hand_however_much_is_compacted(records, compacted, goals):
    with tempfile.TemporaryDirectory() as directory:
        store = CallStore(directory, on_problem=lambda problem: None)
        for record in records[:compacted]:
            store.add(record)
        store.compact(processes=1)
        for record in records[compacted:]:
            store.add(record)

        before = store.count(goals=goals)
        store.compact(processes=1)

        assert before == counted(records, goals)
        assert store.count(goals=goals) == before
        assert_conserved(before)


@FEW
@given(logs(), FILTERS)
def test_a_filter_chooses_the_same_calls_in_the_tables_as_among_the_records(records, chosen):
    with tempfile.TemporaryDirectory() as directory:
        store = CallStore(directory, on_problem=lambda problem: None)
        for record in records:
            store.add(record)

        by_hand = [record for record in records if chosen.matches(record)]
        assert sorted(call.call_id for call in store.find(chosen)) == [record.call_id for record in by_hand]
        assert [record.call_id for record in store.iter(chosen)] == [record.call_id for record in by_hand]
        assert store.count(chosen) == counted(by_hand)


@FEW
@given(logs(), st.sampled_from(["agent_version", "channel"]))
def test_counts_by_an_attribute_add_up(records, by):
    with tempfile.TemporaryDirectory() as directory:
        store = CallStore(directory, on_problem=lambda problem: None)
        for record in records:
            store.add(record)
        if by == "channel" and not any("channel" in map(str.casefold, record.metadata) for record in records):
            return

        parts = store.count_by(by)

        assert sum(parts.values(), FlowCounts()) == store.count()
        if by == "agent_version":
            for version, part in parts.items():
                assert part == counted([record for record in records if record.agent.version == version])
        # One reading serves all questions: what it prepares takes longer than they do.
        asked = store.read(
            lambda snapshot: [View(snapshot).count_by(by, [value]) for value in [*parts, "nobody has it"]]
        )
        assert asked == [*({value: part} for value, part in parts.items()), {}]
        assert list(parts) == sorted(parts, key=lambda value: (value is None, value or ""))


@FEW
@given(logs(), st.sampled_from([None, ("book",), ("book", "verify"), ("not there",)]))
def test_calls_can_be_followed_visit_by_visit(records, through):
    with tempfile.TemporaryDirectory() as directory:
        store = CallStore(directory, on_problem=lambda problem: None)
        for record in records:
            store.add(record)

        followed = store.follow(list, by="agent_version", through=through)

        expected = [
            (record.call_id, visit.flow, visit.node, visit.exit_kind, record.agent.version)
            for record in records
            if through is None or any(visit.node in through for visit in record.visits)
            for flow in sorted(record.flow_ids, key=lambda flow: (flow != "main", flow))
            for visit in record.visits
            if visit.flow == flow
        ]
        assert [(v.call_id, v.flow_id, v.node, v.exit_kind, v.group) for v in followed] == expected


EVERY_CALL = Filter(until=DAY + timedelta(days=9999))


def tables_of(store):
    return Manifest.load(store.path)


def both_ways(store, chosen=None):
    """All together, by version, and of some versions."""
    return store.read(
        lambda snapshot: (
            View(snapshot).count(),
            View(snapshot).count_by("agent_version"),
            View(snapshot).count_by("agent_version", ["v1", None]),
        ),
        chosen,
    )


def empty(files):
    for file in files:
        parquet.write_table(parquet.read_table(file, partitioning=None).slice(0, 0), file)


def calls_of_two_days():
    for number, nodes in enumerate([("greet", "book"), ("greet", "greet", "book"), ("greet",)]):
        tape = Tape()
        for node in nodes:
            tape.step("move", node, "go", "main", 1000.0)
        yield CallRecord(
            call_id=f"call-{number}", started_at=DAY + timedelta(days=number % 2), events=tuple(tape.events)
        )


@FEW
@given(logs(), logs(max_calls=3))
def test_tallies_of_days_say_what_the_rows_say(compacted, later):
    with tempfile.TemporaryDirectory() as directory:
        store = CallStore(directory, on_problem=lambda problem: None)
        for record in compacted:
            store.add(record)
        store.compact(processes=1)
        assert tables_of(store).is_tallied
        assert both_ways(store) == both_ways(store, EVERY_CALL)
        # Some are compacted, some are not, some were replaced.
        for record in later:
            with suppress(StoreError):
                store.add(record)
        assert both_ways(store) == both_ways(store, EVERY_CALL)
        store.compact(processes=1)
        assert tables_of(store).is_tallied
        assert both_ways(store) == both_ways(store, EVERY_CALL)


def test_tallies_are_asked_for_all_calls_and_only_then(tmp_path):
    store = CallStore(tmp_path)
    for record in calls_of_two_days():
        store.add(record)
    store.compact()
    before = store.count()
    for table in {tally.table for tally in TALLIES}:
        empty(tmp_path.glob(f"tables/{table}/*/*.parquet"))
    assert store.count() == before
    assert store.count(EVERY_CALL).nodes == {}


@pytest.mark.parametrize("without", [{"tallied"}, {"tally_version"}])
def test_tables_without_tallies_are_counted_by_their_rows(tmp_path, without):
    store = CallStore(tmp_path)
    for record in calls_of_two_days():
        store.add(record)
    store.compact()
    before = store.count()
    Manifest(**tables_of(store).model_dump(exclude=without)).save(tmp_path)
    assert not tables_of(store).is_tallied
    empty(tmp_path.glob("tables/tally_*/*/*.parquet"))
    assert store.count() == before


def test_tallies_that_somebody_removed_are_missed_by_nobody(tmp_path):
    store = CallStore(tmp_path)
    for record in calls_of_two_days():
        store.add(record)
    store.compact()
    before = both_ways(store)
    next(tmp_path.glob("tables/tally_visits/*/*.parquet")).unlink()
    assert both_ways(store) == before


def test_what_cannot_be_written_is_told_as_such(tmp_path):
    with pytest.raises(OSError, match="no such place"):
        Database().write(f"COPY (SELECT 1) TO '{tmp_path}/no such place/file' (FORMAT parquet)")
