"""``flows-analytics import``, ``compact``, ``export`` and ``calls``."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows_analytics import CallStore
from flows_analytics.cli import main
from flows_analytics.store import extra
from tests.store.test_call_store import call
from tests.store.test_import import LOG, visit


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return CallStore(tmp_path / "calls")


def test_compact_says_how_many_calls_and_is_quiet_the_second_time(calls, capsys):
    calls.add(call("a"))
    calls.add(call("b"))

    assert main(["compact", "calls"]) == 0
    assert capsys.readouterr().out == "2 calls compacted.\n"
    assert main(["compact", "calls", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"calls": 0, "problems": []}


def test_what_cannot_be_compacted_is_named_on_stderr_and_the_command_fails(calls, capsys):
    calls.add(call("a"))
    (calls.path / "torn.json").write_text('{"call_id": "t')

    assert main(["compact", "calls", "--json"]) == 1
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert (document["calls"], document["problems"][0]["code"]) == (1, "record_not_valid")
    assert "skipped: " in told.err
    assert "torn.json: not a call record: document: Invalid JSON" in told.err


def test_calls_finds_what_the_filters_say(calls, capsys):
    calls.add(call("a", status="cancelled", end_reason="user_hangup"))
    calls.add(call("b", nodes=("greet",), status="cancelled", end_reason="user_hangup"))
    calls.add(call("c", status="completed", metadata={"channel": "web"}))

    def found(*words):
        assert main(["calls", "calls", "--json", *words]) == 0
        return [one["call_id"] for one in json.loads(capsys.readouterr().out)["calls"]]

    assert found() == ["a", "b", "c"]
    assert found("--node", "book", "--exit", "hangup") == ["a"]
    assert found("--exit", "hangup", "--missed-goal") == ["b"]
    assert found("--reached-goal") == ["a", "c"]
    assert found("--reached-goal", "--goal", "nowhere") == []
    assert found("--meta", "channel=web") == ["c"]
    assert found("--since", "2026-02-01") == []
    assert found("--since", "2026-01-31T22:00", "--until", "2026-01-31") == ["a", "b", "c"]

    assert main(["calls", "calls", "--node", "book", "--exit", "hangup"]) == 0
    table = capsys.readouterr().out
    assert "greet > book" in table
    assert "hangup, goal" in table
    assert max(map(len, table.splitlines())) <= 100


@pytest.mark.parametrize("words", [["--since", "tomorrow"], ["--meta", "channel"]])
def test_an_option_that_cannot_be_read_is_named(calls, capsys, words):
    calls.add(call("a"))
    assert main(["calls", "calls", *words]) == 1
    assert f"error: {' '.join(words)}: write" in capsys.readouterr().err


def test_import_takes_a_log_and_export_writes_it(calls, tmp_path, capsys):
    pq.write_table(pa.Table.from_pylist(LOG), tmp_path / "visits.parquet")

    assert main(["import", "--visits", "visits.parquet", "calls"]) == 0
    assert capsys.readouterr().out == "2 calls with 4 visits imported.\n"
    assert main(["import", "calls", "--visits", "visits.parquet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"calls": 2, "visits": 4, "replaced": 2, "problems": []}

    assert main(["export", "calls", "--format", "csv", "--out", "out"]) == 0
    assert "out/visits.csv" in capsys.readouterr().out.split()
    assert (tmp_path / "out" / "visits.csv").read_text().count("\n") == 5
    assert main(["export", "calls", "-f", "xes", "-o", "log.xes", "--node", "book", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == ["log.xes"]
    assert (tmp_path / "log.xes").read_text().count("<trace>") == 1


def test_import_names_what_it_leaves_out_and_fails(calls, tmp_path, capsys):
    rows = [*LOG, visit("x", 0, "greet", 0, 1, "end"), visit("x", 0, "book", 0, 1, "end")]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "visits.parquet")
    assert main(["import", "calls", "--visits", "visits.parquet"]) == 1
    told = capsys.readouterr()
    assert "2 calls with 4 visits imported." in told.out
    assert "skipped: visits.parquet: rows with one call_id, flow_id and seq contradict each other" in told.err


def test_words_of_a_log_can_be_explained(calls, tmp_path, capsys):
    rows = [visit("a", 0, "greet", 0, 1, "fell asleep")]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "visits.parquet")
    assert main(["import", "calls", "--visits", "visits.parquet"]) == 0
    assert "note: visits.parquet: exit kind 'fell_asleep' (1 rows) means nothing here" in capsys.readouterr().err
    assert main(["import", "calls", "--visits", "visits.parquet", "--exit-means", "fell asleep=timeout"]) == 0
    assert capsys.readouterr().err.strip() == ""
    assert calls.count().nodes["greet"].exits == {"timeout": 1}


def test_the_calls_may_lie_one_level_down_as_the_demo_writes_them(calls, tmp_path, capsys):
    calls.add(call("a"))
    assert main(["compact", "."]) == 0
    assert capsys.readouterr().out == "1 call compacted.\n"
    assert (tmp_path / "calls" / "tables").is_dir()


@pytest.mark.parametrize("command", [["compact", "x"], ["calls", "x"], ["export", "x", "-o", "out"]])
def test_a_directory_that_is_not_there_is_named(calls, capsys, command):
    assert main(command) == 1
    assert "error: x is not there: name a calls directory" in capsys.readouterr().err


def test_a_command_that_misses_an_extra_says_which_to_install(calls, capsys, monkeypatch):
    calls.add(call("a"))
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    assert main(["calls", "calls"]) == 1
    assert 'pip install "flows-analytics[store]"' in capsys.readouterr().err
