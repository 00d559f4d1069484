"""Calls for other programs."""

from __future__ import annotations

import csv
from datetime import datetime
from xml.etree import ElementTree

import duckdb
import pytest

from flows_analytics import CallStore
from flows_analytics.errors import StoreError
from flows_analytics.store.filter import Filter
from flows_analytics.store.tables import TABLES
from tests.store.messy import counted
from tests.store.test_call_store import call

ODD = 'it\'s | "odd"'
XES = "{http://www.xes-standard.org/}"


@pytest.fixture
def store(tmp_path):
    store = CallStore(tmp_path / "calls")
    store.add(call("a", nodes=("greet", "book"), status="completed"))
    store.compact()
    store.add(call('<b> & "c"\x01', nodes=('it\'s | "odd"',)))
    return store


@pytest.mark.parametrize("format_", ["parquet", "csv"])
def test_tables_are_written_a_file_each_and_any_engine_counts_in_them(store, tmp_path, format_):
    files = store.export(format_, tmp_path / "out")

    assert [path.name for path in files] == [f"{name}.{format_}" for name in (*TABLES, "nodes")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in files)
    visits = tmp_path / "out" / f"visits.{format_}"
    assert dict(duckdb.sql(f"SELECT node, COUNT(*) FROM '{visits}' GROUP BY node").fetchall()) == {
        "greet": 1,
        "book": 1,
        'it\'s | "odd"': 1,
    }
    if format_ == "csv":
        with (tmp_path / "out" / "paths.csv").open() as file:
            paths = {row["path"] for row in csv.DictReader(file)}
        with (tmp_path / "out" / "nodes.csv").open() as file:
            number = {row["name"]: row["number"] for row in csv.DictReader(file)}
        assert paths == {f"|{number['greet']}||{number['book']}|", f"|{number[ODD]}|"}


def test_what_was_exported_can_be_imported_again(store, tmp_path):
    store.export("parquet", tmp_path / "out")
    again = CallStore(tmp_path / "again")
    # Our own visits name the function that led in; as a log of others they would lose it by one row.
    duckdb.sql(
        f"COPY (SELECT * REPLACE (NULL AS via), left_us AS exited_us FROM '{tmp_path}/out/visits.parquet')"
        f" TO '{tmp_path}/visits.parquet'"
    )
    assert again.import_visits(tmp_path / "visits.parquet", tmp_path / "out" / "calls.parquet").problems == ()
    assert set(again.count(goals=["book"]).variants) == set(store.count(goals=["book"]).variants)


def test_xes_has_a_trace_for_each_path_and_an_event_for_each_visit(store, tmp_path):
    (path,) = store.export("xes", tmp_path / "log.xes")

    log = ElementTree.parse(path).getroot()  # noqa: S314  # our own
    assert log.tag == f"{XES}log"
    assert [e.get("prefix") for e in log.iter(f"{XES}extension")] == ["concept", "time", "lifecycle"]
    traces = {
        trace.find(f"{XES}string[@key='concept:name']").get("value"): [
            (
                event.find(f"{XES}string[@key='concept:name']").get("value"),
                datetime.fromisoformat(event.find(f"{XES}date[@key='time:timestamp']").get("value")),
                event.find(f"{XES}string[@key='exit_kind']").get("value"),
            )
            for event in trace.iter(f"{XES}event")
        ]
        for trace in log.iter(f"{XES}trace")
    }
    assert {name: [(node, kind) for node, _, kind in events] for name, events in traces.items()} == {
        "a": [("greet", "transition"), ("book", "end")],
        '<b> & "c"\ufffd': [('it\'s | "odd"', "running")],
    }
    assert traces["a"][0][1].isoformat() == "2026-01-31T22:00:01+00:00"


def test_only_the_calls_that_are_meant_are_exported(store, tmp_path):
    store.export("parquet", tmp_path / "out", Filter(node="book"))
    assert duckdb.sql(f"SELECT call_id FROM '{tmp_path}/out/calls.parquet'").fetchall() == [("a",)]


def test_a_format_that_nobody_knows_is_refused(store, tmp_path):
    with pytest.raises(StoreError, match="the formats are parquet, csv and xes, not 'xlsx'"):
        store.export("xlsx", tmp_path / "out")


def test_tables_can_be_read_by_a_glob_of_any_engine(store):
    store.compact()
    found = duckdb.sql(
        "SELECT date, COUNT(*) FROM"
        f" read_parquet('{store.path}/tables/visits/*/*.parquet', hive_partitioning = true) GROUP BY date"
    ).fetchall()
    assert [(str(day), number) for day, number in found] == [("2026-01-31", 3)]
    assert store.count() == counted(list(store))
