"""What the store's commands say when something is wrong: the file and the reason, and the rest is counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows_analytics import CallRecord, CallStore
from flows_analytics.cli import main
from flows_analytics.store import spill as spilling
from flows_analytics.store import tables, writing
from flows_analytics.store.manifest import Manifest
from tests.retention.kept import keep_record
from tests.store.messy import DAY, Tape, counted
from tests.store.test_call_store import call
from tests.store.test_import import LOG, visit


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    store = CallStore(tmp_path / "calls")
    store.add(call("good", status="completed"))
    return store


def told(capsys, *words, code):
    """Run a command that writes JSON; give the document, and what stands on stderr."""
    assert main([*words, "--json"]) == code
    out, err = capsys.readouterr()
    return json.loads(out), err


def torn(calls):
    (calls.path / "bad.json").write_text(call("bad").to_json()[:-30])


def newer(calls):
    (calls.path / "bad.json").write_text(json.dumps(json.loads(call("bad").to_json()) | {"schema_version": 99}))


def doubled(calls):
    (calls.path / "bad.json").write_text(call("good", nodes=("verify",)).to_json())


def no_text(calls):
    (calls.path / "bad.json").write_bytes(b"\xff\xfe\x00")


def wrong_shape(calls):
    (calls.path / "bad.json").write_text('{"call_id": 5, "started_at": "2026-01-01T00:00:00Z"}')


@pytest.mark.parametrize(
    ("spoil", "code", "reason"),
    [
        (torn, "record_not_valid", "not a call record"),
        (newer, "record_too_new", "upgrade flows-analytics"),
        (doubled, "duplicate_call", "good.json has the id 'good' with other content, and counts"),
        (no_text, "record_not_valid", "not a call record"),
        (wrong_shape, "record_not_valid", "call_id: Input should be a valid string"),
    ],
)
def test_a_bad_file_is_named_with_its_reason_and_the_rest_is_counted(calls, capsys, spoil, code, reason):
    spoil(calls)
    for words in (["calls", "calls"], ["compact", "calls"], ["calls", "calls"], ["compact", "calls"]):
        document, err = told(capsys, *words, code=1)
        assert [(one["code"], one["counted"]) for one in document["problems"]] == [(code, False)]
        assert "skipped: calls/bad.json: " in err
        assert reason in err
        assert document["calls"] in (0, 1) or [one["call_id"] for one in document["calls"]] == ["good"]
    assert main(["export", "calls", "-o", "out"]) == 1
    assert pq.read_table("out/calls.parquet")["call_id"].to_pylist() == ["good"]


def test_two_calls_that_were_given_one_id_are_told_of_and_the_first_counts(calls, capsys):
    """A sink writes the second one to ``good~2.json``: tables are joined by id, so it cannot count as the same."""
    again = keep_record(calls.path, call("good", nodes=("verify",), status="completed"))
    assert again.name == "good~2.json"
    document, err = told(capsys, "compact", "calls", code=1)
    assert document["calls"] == 1
    assert "calls/good~2.json: good.json has the id 'good' with other content" in err
    assert "give each an id of its own" in err
    assert calls.count() == counted([call("good", status="completed")])


def test_a_copy_of_a_call_is_no_problem(calls, capsys):
    keep_record(calls.path, call("good", status="completed"))
    assert told(capsys, "compact", "calls", code=0)[0] == {"calls": 1, "problems": []}


def test_a_clock_that_runs_backwards_is_noted_and_the_call_counts(calls, capsys):
    tape = Tape()
    for node, gap in (("greet", 5000.0), ("book", -2000.0)):
        tape.step("move", node, "go", "main", gap)
    calls.add(CallRecord(call_id="back", started_at=DAY, events=tuple(tape.events)))
    document, err = told(capsys, "compact", "calls", code=0)
    assert document["calls"] == 2
    assert "note: calls/back.json: the clock ran backwards" in err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read everything")
def test_a_file_that_may_not_be_read_is_named(calls, capsys):
    calls.add(call("bad")).chmod(0)
    document, err = told(capsys, "compact", "calls", code=1)
    assert document["calls"] == 1
    assert "skipped: calls/bad.json: Permission denied" in err


def test_a_file_that_the_disk_cannot_read_is_named(calls, capsys, monkeypatch):
    from pathlib import Path

    calls.add(call("bad"))
    really = Path.read_bytes

    def read_bytes(path):
        if path.name == "bad.json":
            raise PermissionError(13, "Permission denied")
        return really(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    document, err = told(capsys, "compact", "calls", code=1)
    assert (document["calls"], document["problems"][0]["code"]) == (1, "record_not_readable")
    assert "skipped: calls/bad.json: Permission denied" in err


def test_an_empty_directory_has_no_calls_and_that_is_no_failure(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert told(capsys, "compact", "empty", code=0)[0] == {"calls": 0, "problems": []}
    assert told(capsys, "calls", "empty", code=0)[0]["calls"] == []
    assert main(["export", "empty", "-o", "out", "-f", "csv"]) == 0
    assert (tmp_path / "out" / "calls.csv").read_text().count("\n") == 1


@pytest.mark.parametrize(
    "words", [["compact", "x"], ["calls", "x"], ["export", "x", "-o", "out"], ["compact", "calls/good.json"]]
)
def test_a_directory_that_is_none_is_named_and_nothing_is_made(calls, tmp_path, capsys, words):
    assert main(words) == 1
    assert f"error: {words[1]} is not there: name a calls directory" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_column_of_the_wrong_type_is_named(calls, tmp_path, capsys):
    rows = [{**row, "entered_us": str(row["entered_us"]) if row["call_id"] == "a" else "soon"} for row in LOG]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "visits.parquet")
    document, err = told(capsys, "import", "calls", "--visits", "visits.parquet", code=1)
    assert document["problems"][0]["code"] == "column_type"
    assert "visits.parquet: column entered_us should hold whole microseconds" in err


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"call_id": "a"}], "no column seq, node, entered_us; there are call_id"),
        (
            [visit("a", 0, "n", 0, 1, "end") | {"seq": "first"}],
            "column seq should hold whole numbers",
        ),
    ],
)
def test_a_log_of_which_nothing_can_be_read_is_refused_and_changes_nothing(calls, tmp_path, capsys, rows, reason):
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "visits.parquet")
    assert main(["import", "calls", "--visits", "visits.parquet"]) == 1
    assert f"error: visits.parquet: {reason}" in capsys.readouterr().err
    assert calls.count().calls == 1


def test_a_log_that_is_torn_or_not_there_is_named(calls, tmp_path, capsys):
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 and no more")
    for name in ("torn.parquet", "none.csv"):
        assert main(["import", "calls", "--visits", name]) == 1
        assert f"error: {name}: " in capsys.readouterr().err


@pytest.mark.parametrize("step", ["spilling.write_parquet", "writing.write_parquet", "Manifest.save"])
def test_a_full_disk_while_compacting_is_named_and_changes_nothing(calls, capsys, monkeypatch, step):
    calls.compact()
    calls.add(call("late"))
    expected = counted([call("good", status="completed"), call("late")])

    def refuse(*_):
        raise OSError(28, "No space left on device")

    owner, _, name = step.rpartition(".")
    with monkeypatch.context() as full:
        full.setattr({"spilling": spilling, "writing": writing, "Manifest": Manifest}[owner], name, refuse)
        assert main(["compact", "calls"]) == 1
        assert "error: [Errno 28] No space left on device" in capsys.readouterr().err
    assert calls.count() == expected
    assert main(["compact", "calls"]) == 0
    assert calls.count() == expected
    assert not list((calls.path / "tables").glob(".work-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a signal that cannot be caught")
@pytest.mark.parametrize(
    "step",
    ["spill.spill_here", "spill._write", "snapshot.Snapshot._stage", "writing._move", "writing.write_parquet",
     "writing.Manifest.save", "writing.remove_unlisted"],
)  # fmt: skip
def test_whoever_compacts_may_be_killed_at_every_step(calls, step):
    calls.compact()
    calls.add(call("late"))
    expected = counted([call("good", status="completed"), call("late")])
    program = (
        "import os, signal\n"
        "from flows_analytics.cli import main\n"
        "from flows_analytics.store import snapshot, spill, writing\n"
        "from flows_analytics.store.opening import open_to_write\n"
        f"{step} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "main(['compact', 'calls'])"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=calls.path.parent).returncode == -9
    assert calls.count() == expected
    assert main(["compact", "calls"]) == 0
    assert calls.count() == expected
    files = set((calls.path / "tables").rglob("*.parquet"))
    assert files == Manifest.load(calls.path).listed(calls.path)
    assert not list((calls.path / "tables").glob(".work-*"))


def test_words_that_make_no_command_give_two(calls):
    assert main(["calls", "calls", "--limit", "none"]) == 2
    assert main(["compact"]) == 2


def test_keys_of_metadata_beyond_the_most_have_no_column_and_that_is_noted(calls, capsys, monkeypatch):
    monkeypatch.setattr("flows_analytics.store.snapshot.METADATA_COLUMNS", 3)
    monkeypatch.setattr("flows_analytics.store.reading._KEYS", 5)
    for number in range(6):
        calls.add(call(f"c{number}", metadata={"channel": "web", "Team": "x", f"order-{number}": "yes"}))
    document, err = told(capsys, "compact", "calls", code=0)
    assert (document["calls"], document["problems"][0]["code"]) == (7, "metadata_keys")
    assert "note: calls: more than" in err
    assert "keys of metadata: the rarest have no column (order-" in err
    columns = pq.read_schema(next((calls.path / "tables" / "calls").rglob("*.parquet"))).names
    kept = {name for name in columns if name.startswith(tables.METADATA_PREFIX)}
    assert {"metadata_channel", "metadata_team"} < kept
    assert len(kept) == 3
    # A column that is there stays, and what comes later makes no further one.
    calls.add(call("late", metadata={"channel": "web", "more": "1"}))
    assert told(capsys, "calls", "calls", "--meta", "channel=web", code=0)[0]["calls"][-1]["call_id"] == "late"
    assert told(capsys, "compact", "calls", code=0)[0]["calls"] == 1
    assert len(told(capsys, "calls", "calls", "--meta", "channel=web", code=0)[0]["calls"]) == 7


def test_calls_lists_the_first_or_the_last_and_says_that_there_are_more(calls, capsys):
    from datetime import timedelta

    for day in (1, 2, 3):
        calls.add(call(f"day{day}").model_copy(update={"started_at": DAY + timedelta(days=day)}))

    def listed(*words):
        document, _ = told(capsys, "calls", "calls", *words, code=0)
        return [one["call_id"] for one in document["calls"]], document["more"]

    assert listed() == (["good", "day1", "day2", "day3"], False)
    assert listed("--limit", "2") == (["good", "day1"], True)
    assert listed("--newest", "-n", "2") == (["day3", "day2"], True)
    assert listed("--newest", "--limit", "4") == (["day3", "day2", "day1", "good"], False)
    assert listed("--newest", "--limit", "1", "--until", "2026-02-01") == (["day1"], True)
    assert main(["calls", "calls", "--limit", "1"]) == 0
    assert "1 call, and there are more" in capsys.readouterr().out


def test_calls_shows_ids_and_nodes_that_would_steer_a_terminal_and_breaks_no_line_of_a_pipe(
    calls, capsys, monkeypatch
):
    monkeypatch.delenv("COLUMNS")
    calls.add(call("\x1b[31m\u202e" + "x" * 200, nodes=("greet\x1b]0;owned\x07", "a\nb")))
    assert main(["calls", "calls"]) == 0
    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert f"␛[31m⟨U+202E⟩{'x' * 200} " in out
    assert "greet␛]0;owned␇ > a b" in out


def test_a_link_that_leads_to_itself_is_named_and_the_rest_is_counted(calls, capsys):
    (calls.path / "loop.json").symlink_to("loop.json")
    for command in ("stats", "compact", "calls"):
        document, err = told(capsys, command, "calls", code=1)
        assert [problem["code"] for problem in document["problems"]] == ["record_not_readable"]
        assert "skipped: calls/loop.json: Too many levels" in err
    assert len(document["calls"]) == 1


def test_a_record_that_is_removed_while_the_directory_is_read_hides_no_other(calls, monkeypatch):
    from flows_analytics.store import reading

    gone = calls.add(call("gone"))
    really = os.scandir

    @contextmanager
    def scandir(directory):
        with really(directory) as entries:
            listed = list(entries)
            gone.unlink()
            yield sorted(listed, key=lambda entry: entry.name)

    monkeypatch.setattr(reading.os, "scandir", scandir)
    assert list(reading.list_records(calls.path)) == ["good.json"]


def test_a_full_disk_while_exporting_is_no_reason_to_delete_tables(calls, tmp_path, capsys, monkeypatch):
    from flows_analytics.store.duck import Database, FilesChangedError

    calls.compact()
    really = Database.run

    def run(database, sql, values=()):
        if sql.startswith("COPY"):
            raise FilesChangedError("files_missing", "IO Error: No space left on device")
        return really(database, sql, values)

    monkeypatch.setattr(Database, "run", run)
    assert main(["export", "calls", "--format", "csv", "--out", str(tmp_path / "full")]) == 1
    err = capsys.readouterr().err
    assert "No space left on device" in err
    assert "Delete" not in err
