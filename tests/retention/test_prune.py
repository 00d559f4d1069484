"""Calls that are older than an age go with all that is kept of them; nothing younger does."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics import CallRecord
from flows_analytics.cli import main
from flows_analytics.delivery.claim import claim
from flows_analytics.files.names import id_digest
from flows_analytics.recording.recovery import recover
from flows_analytics.retention.grouping import group
from flows_analytics.retention.holder import holders_of
from flows_analytics.retention.look import look
from flows_analytics.retention.places import Places
from flows_analytics.retention.prune import plan_prune
from flows_analytics.retention.trace import Trace
from tests.retention.kept import (
    DAY,
    NOW,
    keep_all,
    keep_entry,
    keep_page,
    keep_record,
    keep_sound,
    leave_journal,
    names,
    record_of,
    written,
)


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "calls"


def prune(*words):
    return main(["prune", "calls", "--older-than", "30d", *words])


def test_an_old_call_goes_with_all_that_is_kept_of_it_and_a_young_one_stays_whole(calls, tmp_path, capsys):
    reports = tmp_path / "reports"
    keep_all(calls, reports, "young", 29)
    young = names(calls, reports)
    keep_all(calls, reports, "old", 31)
    assert len(names(calls, reports)) == 2 * len(young) == 14

    assert prune("--reports", "reports") == 0
    assert names(calls, reports) == young
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in told[:-1]] == [
        ["3", "failed"],
        ["2", "pages"],
        ["1", "recordings"],
        ["1", "records"],
    ]
    assert told[-1].startswith("7 files removed, ")


def test_the_calls_own_time_counts_and_not_that_of_its_file(calls):
    written(keep_record(calls, record_of("young", 1)), 90)
    keep_record(calls, record_of("old", 31))

    assert prune() == 0
    assert names(calls) == ["young.json"]


def test_a_dry_run_lists_what_would_go_and_removes_nothing(calls, capsys):
    keep_all(calls, calls / "pages", "old", 31)
    there = names(calls)

    assert prune("--dry-run") == 0
    told = capsys.readouterr()
    assert names(calls) == there
    # The page in a folder that was not named is not looked for.
    assert sorted(Path(line).relative_to("calls") for line in told.out.splitlines()) == [
        Path(name) for name in there if not name.startswith("pages/")
    ]
    assert "files would be removed" in told.err


def test_a_call_that_waits_to_be_sent_is_left_unless_that_is_asked_for(calls, capsys):
    with_file = record_of("one", 40, sound=True)
    keep_sound(calls, "one")
    keep_entry(calls, with_file, keep_record(calls, with_file))
    keep_page(calls, with_file)
    keep_entry(calls, record_of("two", 40))
    # A record without its entry gets one again.
    keep_entry(calls, record_of("three", 40)).unlink()
    # Of a torn entry nobody can say whose it is.
    written(keep_entry(calls, record_of("four", 40), Path("nowhere")), 40).write_bytes(b"{")
    written(next(calls.glob("outbox/nowhere*")), 40)
    there = names(calls)

    assert prune() == 0
    assert names(calls) == there
    told = capsys.readouterr()
    assert told.out == "Nothing removed.\n"
    assert "4 calls are left because they have not been sent" in told.err

    assert prune("--unsent") == 0
    assert names(calls) == []


def test_an_entry_that_somebody_works_with_keeps_its_call(calls, capsys):
    record = record_of("one", 40)
    entry = keep_entry(calls, record, keep_record(calls, record))
    held = claim(entry, calls / "failed")

    assert prune("--unsent") == 0
    assert names(calls) == ["one.json", "outbox/one.queue.ref", "outbox/one.queue.ref.lock"]
    assert "not removed: calls/outbox/one.queue.ref: somebody works with it" in capsys.readouterr().err
    held.release()
    assert prune("--unsent") == 0
    assert names(calls) == []


def test_a_dead_journal_goes_by_its_own_time_and_a_live_one_never(calls):
    leave_journal(calls, "old", 31)
    leave_journal(calls, "young", 29)
    live = leave_journal(calls, "live", 400, live=True)
    written(live.path, 400)
    written(keep_sound(calls, "live"), 400)

    assert prune() == 0
    assert names(calls) == [
        "journal/live.jsonl",
        "journal/live.jsonl".replace("jsonl", "lock"),
        "journal/young.jsonl",
        "live.wav",
    ]
    live.end(kept=True, timeout_secs=10)
    assert [recovery.outcome for recovery in recover(calls)] == ["recovered"]


def test_the_journal_goes_before_the_record_so_that_recovery_brings_nothing_back(calls):
    leave_journal(calls, "old", 31)
    content = (calls / "journal" / "old.jsonl").read_bytes()
    assert [recovery.outcome for recovery in recover(calls)] == ["recovered"]
    (calls / "journal").mkdir()
    (calls / "journal" / "old.jsonl").write_bytes(content)

    there = look(holders_of(Places((calls,))))
    plan = plan_prune(there.traces, NOW - 30 * DAY, unsent=False)
    assert [trace.path.name for trace in plan.erase] == ["old.jsonl", "old.json"]
    assert prune() == 0
    assert names(calls) == []
    assert not (calls / "journal").exists()


def test_what_belongs_to_no_call_goes_by_the_time_of_its_file(calls):
    keep_record(calls, record_of("young", 1))
    for folder in ("journal", "failed", "outbox"):
        (calls / folder).mkdir()
    old = [
        calls / "journal" / "x.unreadable",
        calls / "journal" / "y.jsonl",
        calls / "journal" / "z.lock",
        calls / "failed" / "x.queue.ref.torn",
        calls / "outbox" / "x.queue.ref.lock",
        calls / ".0123456789abcdef.tmp",
        calls / "outbox" / ".0123456789abcdef.tmp",
        calls / "orphan.wav",
        calls / "torn.json",
    ]
    for path in old:
        path.write_bytes(b'{"schema_version":2,"call_id":"' if path.name == "torn.json" else b"torn")
    young = [path.with_name(f"a{path.name}" if path.suffix != ".tmp" else ".aaaaaaaaaaaaaaaa.tmp") for path in old]
    for path in young:
        path.write_bytes(b"torn")
    for path in old:
        written(path, 31)
    for path in young:
        written(path, 29)

    assert prune() == 0
    assert names(calls) == sorted(["young.json", *(str(path.relative_to(calls)) for path in young)])


def test_what_nothing_says_is_ours_is_left_and_named(calls, capsys):
    calls.mkdir()
    for name, content in {"package.json": '{"name": "x"}', "index.html": "<p>hi", "song.wav": "x"}.items():
        (calls / name).write_text(content)
        written(calls / name, 100)

    assert prune() == 0
    assert names(calls) == ["index.html", "package.json", "song.wav"]
    told = capsys.readouterr().err
    assert "3 files are left because nothing says that they belong to a call." in told
    assert "  calls/song.wav" in told


def test_a_page_of_a_template_of_ones_own_goes_by_its_name_if_that_is_of_one_call_only(calls):
    for name in ("one", "two"):
        keep_record(calls, record_of(name, 40))
        written(calls / f"{name}.json", 40)
        (calls / f"{name}.html").write_text("mine")
        written(calls / f"{name}.html", 40)
    keep_record(calls, record_of("two", 1))

    assert prune() == 0
    assert names(calls) == ["two.html", "two~2.json"]


def test_links_are_neither_followed_nor_removed(calls, tmp_path):
    outside = tmp_path / "outside"
    target = keep_record(outside, record_of("old", 400))
    keep_record(calls, record_of("young", 1))
    (outside / "outbox").mkdir()
    keep_entry(outside, record_of("other", 400))
    leave_journal(outside, "third", 400)
    (calls / "link.json").symlink_to(target)
    (calls / "outbox").symlink_to(outside / "outbox")
    (calls / "journal").symlink_to(outside / "journal")
    (calls / "link.wav").symlink_to(target)
    there = names(outside)

    assert prune("--unsent") == 0
    assert names(outside) == there
    assert (calls / "link.json").is_symlink()


def test_a_record_that_names_a_recording_elsewhere_cannot_have_that_removed(calls, tmp_path):
    victim = tmp_path / "victim.wav"
    victim.write_bytes(b"x")
    written(victim, 400)
    path = keep_record(calls, record_of("old", 400, sound=True))
    document = json.loads(path.read_text())
    document["recording"]["file"] = "../victim.wav"
    path.write_text(json.dumps(document))

    assert prune("--reports", ".") == 0
    assert victim.exists()
    assert names(calls) == []


def test_a_call_whose_record_says_that_it_goes_on_is_left(calls, capsys):
    keep_record(calls, record_of("old", 400, status="started"))
    keep_record(calls, record_of("lost", 400, status="started", end_reason="process_lost"))

    assert prune() == 0
    assert names(calls) == ["old.json"]
    assert "1 calls are left because their records say that they are not over" in capsys.readouterr().err


def test_what_the_disk_refuses_is_named_keeps_its_record_and_fails_the_command(calls, monkeypatch, capsys):
    record = record_of("old", 400, sound=True)
    keep_record(calls, record)
    keep_sound(calls, "old")
    unlink = Path.unlink

    def refuse(path, **options):
        if path.suffix == ".wav":
            raise PermissionError(13, "Permission denied")
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", refuse)
    assert prune() == 1
    assert names(calls) == ["old.json", "old.wav"]
    assert "not removed: calls/old.wav: Permission denied" in capsys.readouterr().err


def test_whoever_is_interrupted_anywhere_leaves_what_the_next_run_finds(calls, tmp_path):
    reports = tmp_path / "reports"
    for stop in range(1, 7):
        keep_all(calls, reports, f"old-{stop}", 40)
        places = Places((calls,), (reports,))
        there = look(holders_of(places))
        plan = plan_prune(there.traces, NOW - 30 * DAY, unsent=False)
        assert plan.erase[-1].kind == "records"
        erasing = there.erase(plan.erase, group(there.traces, NOW - 30 * DAY))
        for _ in range(stop):
            next(erasing)
        erasing.close()
        assert (calls / f"old-{stop}.json").exists() == (stop < 6)

        assert prune("--reports", "reports") == 0
        assert names(calls, reports) == []


@pytest.mark.parametrize(
    "age", ["", "30", "1m", "59m", "-5d", "soon", "30 days", "1M", "nan", "9" * 30 + "d", "0"]
)
def test_what_is_no_age_removes_nothing(calls, capsys, age):
    keep_record(calls, record_of("old", 400))
    assert main(["prune", "calls", f"--older-than={age}"]) == 2
    assert "--older-than" in capsys.readouterr().err
    assert names(calls) == ["old.json"]


def test_an_age_is_asked_for_and_so_is_a_directory(calls, capsys):
    calls.mkdir()
    assert main(["prune", "calls"]) == 2
    assert main(["prune", "nowhere", "--older-than", "30d"]) == 2


_ages = st.integers(min_value=0, max_value=60 * 24).map(lambda hours: timedelta(hours=hours))
_kinds = st.sampled_from(["journals", "outbox", "failed", "pages", "recordings", "leftovers", "records"])


@st.composite
def _traces(draw):
    """Traces as the holders list them, of few calls, so that they meet."""
    path = Path("calls") / f"{draw(st.integers(0, 30))}.x"
    who = draw(st.sampled_from([None, id_digest("a"), id_digest("b")]))
    return Trace(
        kind=draw(_kinds),
        path=path,
        size=draw(st.integers(0, 9)),
        at=NOW - draw(_ages),
        state=draw(st.sampled_from(["finished", "finished", "under_way", "waiting", "not_ours"])),
        who=who,
        began=draw(st.sampled_from([None, NOW - 90 * DAY, NOW - 91 * DAY])) if who else None,
        stem=draw(st.sampled_from([None, "a", "b"])),
        names=tuple(Path("calls") / f"{n}.x" for n in draw(st.lists(st.integers(0, 30), max_size=2))),
    )


@given(traces=st.lists(_traces(), max_size=12), age=_ages, unsent=st.booleans())
def test_no_plan_holds_a_call_of_which_anything_is_younger_or_stands_against_it(traces, age, unsent):
    before = NOW - age
    plan = plan_prune(traces, before, unsent=unsent)
    chosen = {id(trace) for trace in plan.erase}
    for trace in plan.erase:
        assert trace.state != "under_way"
        assert trace.state != "waiting" or unsent
        assert trace.call is None or trace.at < before
    for kept in group(traces, before).groups.values():
        # Whole or not at all, but for what another call needs as well.
        gone = [trace for trace in kept.traces if id(trace) in chosen]
        if kept.ended >= before:
            assert not gone
    assert [trace for trace in traces if id(trace) in chosen] == plan.erase


@settings(max_examples=25, deadline=None)
@given(
    ages=st.lists(st.tuples(st.sampled_from(["a", "b/../c", "ü"]), st.floats(0.1, 60)), min_size=1, max_size=5),
    age=st.integers(1, 60),
)
def test_pruning_keeps_the_calls_that_are_younger_and_removes_what_the_dry_run_lists(ages, age):
    with TemporaryDirectory() as folder:
        calls, reports = Path(folder, "calls"), Path(folder, "reports")
        for call_id, days in ages:
            record = record_of(call_id, days)
            keep_record(calls, record)
            keep_page(reports, record)
        places = Places((calls,), (reports,))
        before = NOW - age * DAY
        there = look(holders_of(places))
        plan = plan_prune(there.traces, before, unsent=False)
        planned = {trace.path for trace in plan.erase}
        stays = {path for path in Path(folder).rglob("*.*") if path.is_file()} - planned
        for erasure in there.erase(
            plan_prune(there.traces, before, unsent=False).erase, group(there.traces, before)
        ):
            assert erasure.outcome == "erased"

        left = {path for path in Path(folder).rglob("*.*") if path.is_file()}
        assert left == stays
        kept = sorted(CallRecord.load(path).ended_at for path in calls.glob("*.json"))
        assert kept == sorted(NOW - days * DAY for _, days in ages if NOW - days * DAY >= before)
        assert len(list(reports.glob("*.html"))) == len(kept)


def test_a_file_that_was_written_again_since_it_was_looked_at_stays(calls):
    path = keep_record(calls, record_of("old", 400))
    there = look(holders_of(Places((calls,))))
    path.write_text(record_of("old", 1).to_json())
    (erasure,) = there.erase(there.traces, group(there.traces, NOW))

    assert (erasure.outcome, erasure.why) == ("in_use", "it was written in the meantime")
    assert os.path.lexists(path)


def test_a_file_whose_name_another_takes_while_it_is_erased_was_written_in_the_meantime(calls, monkeypatch):
    path = keep_record(calls, record_of("old", 400))
    there = look(holders_of(Places((calls,))))
    unlink = Path.unlink

    def unlink_and_write(self, missing_ok=False):
        unlink(self, missing_ok=missing_ok)
        if self == path and not self.exists():
            monkeypatch.undo()
            keep_record(calls, record_of("old", 1))

    monkeypatch.setattr(Path, "unlink", unlink_and_write)
    (erasure,) = there.erase(there.traces, group(there.traces, NOW))

    assert (erasure.outcome, erasure.why) == ("in_use", "it was written in the meantime")
    assert CallRecord.load(path).ended_at == NOW - DAY


def test_an_outbox_in_a_directory_of_its_own_is_known_if_that_is_named(calls, tmp_path, capsys):
    record = record_of("old", 400)
    spool = tmp_path / "spool"
    keep_entry(spool, record, keep_record(calls, record))
    leave_journal(spool, "lost", 400)

    assert main(["prune", "calls", "spool", "--older-than", "30d"]) == 0
    assert names(calls, spool) == ["old.json", "outbox/old.queue.ref"]
    assert "1 calls are left because they have not been sent" in capsys.readouterr().err
    assert main(["prune", "calls", "spool", "--older-than", "30d", "--unsent"]) == 0
    assert names(calls, spool) == []
