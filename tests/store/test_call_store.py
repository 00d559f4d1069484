"""CallStore: adding, reading, compacting, and what goes wrong with files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from flows_analytics import CallRecord, CallStore
from flows_analytics.calls.record import Agent
from flows_analytics.errors import CallNotFoundError, ExtraMissingError, StoreError
from flows_analytics.files.locks import try_lock
from flows_analytics.store import spill as spilling
from flows_analytics.store.filter import Filter
from flows_analytics.store.manifest import Manifest
from tests.store.messy import DAY, Tape, counted


def call(call_id="a", nodes=("greet", "book"), **fields):
    tape = Tape()
    for node in nodes:
        tape.step("move", node, "go", "main", 1000.0)
    return CallRecord(call_id=call_id, started_at=DAY, goals=("book",), events=tuple(tape.events), **fields)


@pytest.fixture
def problems():
    return []


@pytest.fixture
def store(tmp_path, problems):
    return CallStore(tmp_path / "calls", on_problem=problems.append)


def tables(store):
    return sorted(path for path in (store.path / "tables").rglob("*.parquet"))


def test_a_call_is_added_once(store):
    path = store.add(call())
    assert store.add(call()) == path
    assert [path.name for path in store.path.iterdir()] == ["a.json"]
    assert store.get("a") == call()


def test_another_call_with_the_same_id_is_refused(store):
    store.add(call(status="completed"))
    with pytest.raises(StoreError, match=r"a\.json has the id 'a' with other content") as refused:
        store.add(call(nodes=("greet",), status="completed"))
    assert refused.value.code == "duplicate_call"


def test_a_call_under_way_is_replaced_by_what_became_of_it(store):
    store.add(call(nodes=("greet",)))
    store.compact()
    assert store.count().open == 1

    store.add(call(status="completed"))

    assert [record.status for record in store] == ["completed"]
    assert store.count().open == 0
    assert store.compact().calls == 1
    assert store.count() == counted([call(status="completed")])


def test_ids_that_are_no_file_names_are_kept_apart(store):
    for call_id in ("../a", "a/b", "A b"):
        store.add(call(call_id))
        assert store.get(call_id).call_id == call_id
    assert store.count().calls == 3
    with pytest.raises(CallNotFoundError):
        store.get("a")


def test_a_directory_without_calls_counts_none(store, problems):
    store.path.mkdir()
    assert store.count() == counted([])
    assert store.compact().calls == 0
    assert store.find() == []
    assert list(store) == []
    assert problems == []


def test_a_directory_that_is_not_there_is_named(store):
    with pytest.raises(StoreError, match="calls is not there: name a calls directory"):
        store.count()


@pytest.mark.parametrize("compacted", [False, True])
def test_what_cannot_be_read_is_named_with_its_reason_and_the_rest_is_counted(store, problems, compacted):
    good = [call("a"), call("b", status="completed")]
    for record in good:
        store.add(record)
    (store.path / "torn.json").write_text(call("t").to_json()[:-40])
    newer = json.loads(call("n").to_json()) | {"schema_version": 99}
    (store.path / "newer.json").write_text(json.dumps(newer))
    (store.path / "again.json").write_text(call("b", nodes=("verify",)).to_json())
    (store.path / "copy.json").write_text(call("a").to_json())
    if compacted:
        assert store.compact().calls == 2
        problems.clear()

    assert store.count() == counted(good)

    assert {(problem.code, os.path.basename(problem.where)) for problem in problems} == {  # noqa: PTH119
        ("record_not_valid", "torn.json"),
        ("record_too_new", "newer.json"),
        ("duplicate_call", "again.json"),
    }
    assert "b.json has the id 'b' with other content" in str(problems)
    assert "upgrade flows-analytics" in str(problems)
    problems.clear()
    assert [record.call_id for record in store] == ["a", "b"]
    assert len(problems) == 3


def test_a_clock_that_runs_backwards_is_told_of_and_the_visits_are_counted(store, problems):
    tape = Tape()
    for node, gap in (("greet", 5000.0), ("book", -2000.0)):
        tape.step("move", node, "go", "main", gap)
    store.add(CallRecord(call_id="a", started_at=DAY, events=tuple(tape.events)))

    counts = store.count()

    assert counts.nodes["greet"].visits == 1
    assert counts.nodes["greet"].dwell.total() == 0
    assert [(problem.code, problem.counted) for problem in problems] == [("clock_backwards", True)]


def test_compacting_again_does_nothing_and_a_changed_record_is_compacted_again(store):
    store.add(call("a"))
    store.add(call("b"))
    assert store.compact().calls == 2
    files = tables(store)
    assert store.compact().calls == 0
    assert tables(store) == files

    changed = call("a", nodes=("greet", "verify", "book")).model_copy(
        update={"started_at": DAY + timedelta(days=3)}
    )
    changed.save(store.path / "a.json")

    assert store.count() == counted([changed, call("b")])
    assert store.compact().calls == 1
    assert store.count() == counted([changed, call("b")])
    assert len(tables(store)) == len(set(tables(store)) & Manifest.load(store.path).listed(store.path))


def test_a_record_torn_after_it_was_compacted_still_counts(store, problems):
    store.add(call("a"))
    store.compact()
    (store.path / "a.json").write_text("{")

    assert store.count() == counted([call("a")])
    assert store.compact().calls == 0
    assert {problem.code for problem in problems} == {"record_not_valid"}


def test_calls_whose_records_were_deleted_stay_in_the_tables(store):
    path = store.add(call("a"))
    store.compact()
    path.rename(path.with_name("renamed.json"))
    assert store.count() == counted([call("a")])
    store.compact()
    (store.path / "renamed.json").unlink()
    assert store.count() == counted([call("a")])


@pytest.mark.parametrize("step", ["_move", "write_parquet", "Manifest.save"])
def test_a_death_while_compacting_leaves_the_tables_as_they_were(store, monkeypatch, step):
    from flows_analytics.store import writing

    store.add(call("a"))
    store.compact()
    store.add(call("b"))
    expected = counted([call("a"), call("b")])

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        owner, _, name = step.rpartition(".")
        dying.setattr(getattr(writing, owner) if owner else writing, name, die)
        with pytest.raises(KeyboardInterrupt):
            store.compact()

    assert store.count() == expected
    assert store.compact().calls == 1
    assert store.count() == expected
    assert set(tables(store)) == Manifest.load(store.path).listed(store.path)
    assert not list((store.path / "tables").glob(".work-*"))


def test_what_a_killed_compactor_left_is_cleared_away(store):
    store.add(call("a"))
    left = store.path / "tables" / ".work-dead"
    left.mkdir(parents=True)
    (left / "x.parquet").write_bytes(b"half")

    assert store.compact().calls == 1
    assert not left.exists()


def test_a_second_compactor_waits_for_the_first(store):
    store.add(call("a"))
    (store.path / "tables").mkdir()
    held = try_lock(store.path / "tables" / ".lock")
    done = []
    second = threading.Thread(target=lambda: done.append(store.compact().calls))
    second.start()
    second.join(0.3)
    assert done == []
    held.release()
    second.join(60)
    assert done == [1]


def test_a_reader_begins_anew_when_its_files_are_compacted_away(store):
    store.add(call("a"))
    store.compact()
    asked = []

    def use(snapshot):
        asked.append(snapshot)
        if len(asked) == 1:
            store.add(call("b"))
            store.compact()
        return snapshot.database.run("SELECT COUNT(*) FROM visits")[0][0]

    assert store.read(use) == 4
    assert len(asked) == 2


def test_files_that_are_gone_for_good_are_named(store):
    store.add(call("a"))
    store.compact()
    for path in tables(store):
        if path.parent.parent.name == "visits":
            path.unlink()
    with pytest.raises(StoreError, match="Delete that directory and compact again") as missing:
        store.count()
    assert missing.value.code == "files_missing"


def test_tables_of_a_later_release_are_refused(store):
    store.add(call("a"))
    store.compact()
    Manifest(version=99).save(store.path)
    with pytest.raises(StoreError, match="upgrade flows-analytics"):
        store.count()


def test_metadata_may_have_any_keys_and_days_may_be_long_ago(store):
    from datetime import UTC, datetime

    odd = {'a"b': "1", "": "2", "x'; --": "3", "Straße": "4", "STRASSE": "5"}
    old = call("old").model_copy(update={"started_at": datetime(1, 1, 1, tzinfo=UTC), "metadata": odd})
    store.add(old)
    store.add(call("new", metadata={"straße": "6"}))
    for _ in range(2):
        assert store.count() == counted(list(store))
        for key, value in odd.items():
            assert [one.call_id for one in store.find(Filter(metadata={key: value}))] == ["old"] * (value != "5")
        assert set(store.count_by("strasse")) == {"4", "6"}
        assert [one.call_id for one in store.find(Filter(since=datetime(1, 1, 1), until=datetime(2, 1, 1)))] == [
            "old"
        ]
        store.compact()


def test_several_processes_read_the_same_as_one(store, monkeypatch, tmp_path):
    records = [call(f"c{number}", nodes=("greet", "book")[: number % 3]) for number in range(7)]
    for record in records:
        store.add(record)
    (store.path / "torn.json").write_text("{")
    monkeypatch.setattr(spilling, "_WORTH_A_PROCESS", 2)
    read = []

    done = store.compact(processes=2, progress=read.append)

    assert (done.calls, [problem.code for problem in done.problems]) == (7, ["record_not_valid"])
    assert sum(read) == 8
    assert store.count() == counted(records)


def test_tables_are_private_and_hold_only_what_is_listed(store):
    store.add(call("a"))
    store.compact()
    for path in [*tables(store), store.path / "tables" / "manifest.json"]:
        assert path.stat().st_mode & 0o777 == 0o600
    assert {path.parent.name for path in tables(store)} == {"date=2026-01-31", "nodes"}


def test_records_are_read_without_duckdb_pyarrow_or_pipecat(store):
    store.add(call("a"))
    program = (
        "import sys; from flows_analytics import CallStore;"
        f"store = CallStore({str(store.path)!r}); assert store.get('a') and list(store);"
        "assert not {'duckdb', 'pyarrow', 'pipecat'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_is_missing_is_said_with_the_extra_that_brings_it(store, monkeypatch):
    from flows_analytics.store import extra

    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    store.path.mkdir()
    for ask in (store.count, store.compact, store.find, lambda: store.import_visits("x.csv")):
        with pytest.raises(ExtraMissingError, match=r'pip install "flows-analytics\[store\]"'):
            ask()


def test_filters_by_time_know_days_and_moments(store):
    store.add(call("a"))  # 22:00 on the 31st
    day = DAY.date()
    assert [bool(store.find(Filter(since=since))) for since in (day, DAY, DAY + timedelta(hours=1))] == [1, 1, 0]
    assert [bool(store.find(Filter(until=until))) for until in (day, DAY, day - timedelta(days=1))] == [1, 0, 0]


def test_examples_of_a_way_are_its_first_and_its_last_call(store):
    for call_id in ("c", "a", "d", "b"):
        store.add(call(call_id))
    (way,) = store.count().variants.values()
    assert way.examples == ("a", "d")
    store.compact()
    (way,) = store.count(Filter(until=DAY + timedelta(hours=1))).variants.values()
    assert way.examples == ("a", "d")


def test_calls_added_while_others_compact_and_count_are_neither_lost_nor_counted_twice(store):
    store.add(call("first"))
    errors = []

    def work(what):
        try:
            what()
        except Exception as error:
            errors.append(error)

    def add():
        for number in range(12):
            store.add(call(f"c{number}"))

    threads = [
        threading.Thread(target=work, args=(what,)) for what in (add, store.compact, store.compact, store.count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert errors == []
    expected = counted([call("first"), *(call(f"c{number}") for number in range(12))])
    assert store.count() == expected
    store.compact()
    assert store.count() == expected


@pytest.mark.skipif(os.name == "nt", reason="needs a signal that cannot be caught")
def test_a_compactor_that_is_killed_leaves_the_tables_as_they_were(store):
    store.add(call("a"))
    store.compact()
    store.add(call("b"))
    program = (
        "import os, signal; from flows_analytics import CallStore; from flows_analytics.store import writing\n"
        "writing.Manifest.save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"CallStore({str(store.path)!r}).compact()"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    expected = counted([call("a"), call("b")])

    assert store.count() == expected
    assert store.compact().calls == 1
    assert store.count() == expected
    assert set(tables(store)) == Manifest.load(store.path).listed(store.path)
    assert not list((store.path / "tables").glob(".work-*"))


@pytest.mark.parametrize("compacted", [False, True])
def test_each_filter_finds_the_same_calls_in_records_and_in_tables(store, compacted):
    store.add(call("a", status="completed", agent=Agent(id="bot", name="Bo", version="v1"), metadata={"n": 1}))
    store.add(call("b", nodes=("greet",), status="cancelled", end_reason="user_hangup", agent=Agent(version="v2")))
    later = call("c", nodes=()).model_copy(update={"started_at": DAY + timedelta(days=2)})
    store.add(later)
    if compacted:
        store.compact()
    expected = [
        (Filter(), "abc"),
        (Filter(since=DAY.date() + timedelta(days=1)), "c"),
        (Filter(until=DAY + timedelta(days=1)), "ab"),
        (Filter(agent="bot"), "a"),
        (Filter(agent="Bo"), "a"),
        (Filter(version="v2"), "b"),
        (Filter(node="greet"), "ab"),
        (Filter(node="greet", exit="transition"), "a"),
        (Filter(exit="hangup"), "b"),
        (Filter(exit="running"), "c"),
        (Filter(goal=True), "a"),
        (Filter(goal=False), "bc"),
        (Filter(goal="greet"), "ab"),
        (Filter(metadata={"N": "1"}), "a"),
        (Filter(metadata={"n": "2"}), ""),
        (Filter(metadata={"x": "1"}), ""),
    ]
    for chosen, ids in expected:
        assert "".join(record.call_id for record in store.iter(chosen)) == ids, chosen
        assert "".join(found.call_id for found in store.find(chosen)) == ids, chosen


def test_records_are_read_one_at_a_time(store, monkeypatch):
    for number in range(5):
        store.add(call(f"c{number}"))
    loaded = []
    really = CallRecord.load
    monkeypatch.setattr(CallRecord, "load", classmethod(lambda _, path: loaded.append(path) or really(path)))
    assert next(store.iter(Filter(node="book"))).call_id == "c0"
    assert len(loaded) == 1
