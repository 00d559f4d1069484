"""The rows that tables have of a call go with it."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

pytest.importorskip("duckdb", reason="tables need the extra store")
pytest.importorskip("pyarrow", reason="tables need the extra store")

from flows_analytics import CallStore
from flows_analytics.calls.events import BotText, NodeEntered
from flows_analytics.cli import main
from flows_analytics.retention import table_rows
from flows_analytics.store import compacted, extra, writing
from flows_analytics.store.duck import Database, parquet
from flows_analytics.store.tables import TABLES
from tests.retention.kept import NOW, keep_record, record_of

EVENTS = (
    NodeEntered(seq=0, at_ms=1.0, change=1, flow="main", node="greet", cause="initial", functions=("go",)),
    BotText(seq=1, at_ms=2.0, text="SECRET WORDS", source="transport"),
)


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "calls"


def keep(calls, call_id, days):
    return keep_record(calls, record_of(call_id, days, events=EVENTS))


def ids_in_tables(calls):
    """Every id that stands in any Parquet file, listed or not, by table."""
    database = Database()
    found = {}
    for name in TABLES:
        files = sorted((calls / "tables" / name).rglob("*.parquet"))
        rows = database.run(f"SELECT DISTINCT call_id FROM {parquet(files)}") if files else []
        found[name] = {call_id for (call_id,) in rows}
    database.close()
    return found


def rows_of_visits(calls):
    return CallStore(calls).read(lambda snapshot: sorted(snapshot.database.run("SELECT * FROM visits")))


def test_a_forgotten_call_has_no_row_in_any_table_and_the_others_keep_theirs(calls, capsys):
    for call_id, days in (("a", 1), ("b", 1), ("c", 3)):
        keep(calls, call_id, days)
    CallStore(calls).compact()
    others = [row for row in rows_of_visits(calls) if "a" not in row]
    before = {path.name for path in (calls / "tables" / "visits").rglob("*.parquet")}

    assert main(["forget", "a", "--yes"]) == 0

    told = capsys.readouterr()
    assert "calls/tables/rows of a" in told.out
    assert "1 table rows, of a call each" in told.err
    assert ids_in_tables(calls)["visits"] == ids_in_tables(calls)["turns"] == {"b", "c"}
    assert not any("a" in found for found in ids_in_tables(calls).values())
    assert rows_of_visits(calls) == others
    # The day of c, on which nothing changed, was left alone.
    after = {path.name for path in (calls / "tables" / "visits").rglob("*.parquet")}
    assert len(before & after) == 1
    assert CallStore(calls).compact().calls == 0


def test_the_last_call_of_a_day_takes_its_files_with_it(calls):
    keep(calls, "a", 1)
    CallStore(calls).compact()
    assert main(["forget", "a", "--yes"]) == 0
    assert not list((calls / "tables").rglob("date=*"))
    assert CallStore(calls).count().calls == 0


def test_old_calls_go_from_the_tables_too_and_imported_ones_with_them(calls, capsys):
    keep(calls, "old", 40)
    keep(calls, "young", 2)
    store = CallStore(calls)
    store.compact()
    import pyarrow as pa

    def visit(call_id, days, kind):
        us = int((NOW - timedelta(days=days)).timestamp() * 1e6)
        return {"call_id": call_id, "seq": 0, "node": "n", "entered_us": us, "exited_us": None, "exit_kind": kind}

    log = [visit("import-old", 50, "end"), visit("import-young", 1, "end"), visit("import-open", 50, "running")]
    store.import_visits(pa.Table.from_pylist(log))

    assert main(["prune", "calls", "--older-than", "30d", "--dry-run"]) == 0
    told = capsys.readouterr()
    assert {line.split("rows of ")[-1] for line in told.out.splitlines() if "rows of" in line} == {
        "old",
        "import-old",
    }
    assert len(ids_in_tables(calls)["calls"]) == 5
    assert main(["prune", "calls", "--older-than", "30d"]) == 0

    assert ids_in_tables(calls)["calls"] == {"young", "import-young", "import-open"}
    assert "1 calls are left because their records say that they are not over" in capsys.readouterr().err


def test_without_the_extra_nothing_is_removed_and_the_command_names_it(calls, monkeypatch, capsys):
    file = keep(calls, "a", 40)
    CallStore(calls).compact()
    with monkeypatch.context() as missing:
        missing.setattr(extra, "find_spec", lambda name: None)
        for command in (["forget", "a", "--yes"], ["prune", "calls", "--older-than", "30d"]):
            assert main(command) == 1
            assert 'pip install "flows-analytics[store]"' in capsys.readouterr().err
    assert file.exists()
    assert main(["forget", "a", "--yes"]) == 0


def test_directories_without_tables_need_no_extra(calls, monkeypatch):
    keep(calls, "a", 40)
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    assert main(["prune", "calls", "--older-than", "30d"]) == 0
    assert not list(calls.glob("*.json"))


def test_a_record_that_was_deleted_by_hand_stays_in_the_tables_until_it_is_forgotten(calls):
    keep(calls, "a", 1).unlink()
    keep(calls, "a", 1)
    CallStore(calls).compact()
    (calls / "a.json").unlink()
    assert CallStore(calls).compact().calls == 0
    assert CallStore(calls).count().calls == 1

    assert main(["forget", "a", "--yes"]) == 0
    assert CallStore(calls).count().calls == 0


def test_rows_that_somebody_wrote_since_the_look_go_too(calls, monkeypatch):
    keep(calls, "a", 1)
    keep(calls, "b", 1)
    (calls / "tables").mkdir()
    really = table_rows.TableRows.traces

    def traces(self):
        yield from really(self)
        # A compactor comes between looking and erasing.
        CallStore(calls).compact()

    monkeypatch.setattr(table_rows.TableRows, "traces", traces)
    assert main(["forget", "a", "--yes"]) == 0
    assert ids_in_tables(calls)["calls"] == {"b"}


def test_a_full_disk_leaves_the_tables_as_they_were_and_the_next_run_goes_on(calls, monkeypatch, capsys):
    keep(calls, "a", 1)
    keep(calls, "b", 1)
    CallStore(calls).compact()
    with monkeypatch.context() as full:

        def refuse(*_):
            raise OSError(28, "No space left on device")

        full.setattr(writing.Manifest, "save", refuse)
        assert main(["forget", "a", "--yes"]) == 1
    assert "not removed: calls/tables/rows of a: No space left on device" in capsys.readouterr().err
    assert CallStore(calls).count().calls == 2
    assert main(["forget", "a", "--yes"]) == 0
    assert ids_in_tables(calls)["calls"] == {"b"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs a signal that cannot be caught")
@pytest.mark.parametrize(
    "where",
    [
        "table_rows.take_out",
        "writing._move",
        "writing.Manifest.save",
        "writing.remove_unlisted",
        "compacted.list_compacted",
    ],
)
def test_whoever_is_killed_while_rows_are_erased_leaves_what_the_next_run_finishes(calls, where):
    keep(calls, "a", 1)
    keep(calls, "b", 1)
    CallStore(calls).compact()
    program = (
        "import os, signal\n"
        "from flows_analytics.cli import main\n"
        "from flows_analytics.retention import table_rows\n"
        "from flows_analytics.store import compacted, opening, writing\n"
        "really = table_rows.TableRows._erase\n"
        "def erase(*given):\n"
        f"    {where} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    if 'list_compacted' in dir(table_rows): table_rows.list_compacted = compacted.list_compacted\n"
        "    return really(*given)\n"
        "table_rows.TableRows._erase = erase\n"
        "main(['forget', 'a', '--yes'])\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=calls.parent).returncode == -9
    assert not (calls / "a.json").exists()
    assert CallStore(calls).count().calls in (1, 2)

    # Where all was done but clearing away, nothing is found of the call, and the looking clears.
    assert main(["forget", "a", "--yes"]) in (0, 1)
    assert ids_in_tables(calls)["calls"] == {"b"}
    assert not list((calls / "tables").glob(".work-*"))
    assert CallStore(calls).count().calls == 1


def test_another_call_of_the_same_id_keeps_its_rows(calls):
    keep(calls, "a", 40)
    keep(calls, "a", 1)
    CallStore(calls, on_problem=lambda _: None).compact()
    assert main(["prune", "calls", "--older-than", "30d"]) == 0
    assert ids_in_tables(calls)["calls"] == set()
    # The younger one was named as a duplicate; now its id is its own.
    store = CallStore(calls)
    assert store.compact().problems == ()
    assert store.count().calls == 1


def test_the_compacted_calls_of_a_directory_without_tables_are_none(tmp_path):
    assert compacted.list_compacted(tmp_path) == []
