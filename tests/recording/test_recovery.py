"""What becomes of the journals that dead processes left behind."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics import CallRecord
from flows_analytics.calls.events import CallEnded, NodeEntered
from flows_analytics.errors import RecordError
from flows_analytics.recording import recovery
from flows_analytics.recording.recovery import read_journal, recover, recover_in_background
from tests.recording.calls import MS, begin, say

REPOSITORY = Path(__file__).parents[2]


def leave(directory, call_id="call", count=20, ended=False):
    """A journal as a dead process leaves it, and what its recorder knew."""
    recorder, journal = begin(directory, call_id)
    recorder.add(NodeEntered, MS, flow="main", node="ask", cause="initial")
    say(recorder, count, start=2)
    if ended:
        recorder.add(CallEnded, 500 * MS, terminal="end")
    assert journal.sync(10)
    journal.end(kept=False, timeout_secs=10)
    return journal.path, recorder.record()


def files(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def outcomes(directory, **options):
    return [each.outcome for each in recover(directory, **options)]


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path, record = leave(tmp_path_factory.mktemp("calls"))
    return path.read_bytes(), record


def test_a_leftover_becomes_a_record_of_a_lost_process(tmp_path):
    _, known = leave(tmp_path, "a/b")
    (result,) = recover(tmp_path)

    record = CallRecord.load(result.record)
    assert (record.status, record.end_reason, record.exit_kind) == ("started", "process_lost", "lost")
    assert record.visits[-1].exit_kind == "lost"
    assert record.events == known.events
    assert record.started_at == known.started_at
    assert record.health.ok
    assert files(tmp_path) == ["a_b=c14cddc0.json"]
    assert result.record.stat().st_mode & 0o777 == 0o600
    assert outcomes(tmp_path) == []


def test_a_call_whose_end_was_written_keeps_its_own_ending(tmp_path):
    leave(tmp_path, ended=True)
    (result,) = recover(tmp_path)

    record = CallRecord.load(result.record)
    assert (record.status, record.end_reason, record.duration_ms) == ("completed", None, 500.0)


def test_a_torn_last_line_is_dropped_and_counted(content):
    whole, known = content
    read = read_journal(whole[:-5])

    assert read.events == known.events[:-1]
    assert read.health.count("journal_torn") == 1


@pytest.mark.parametrize("garbage", [b"\x00" * 4096, b"{", b"\xff\xfe", b"[]", b"7", b'{"seq":1}', b'{"facts":3}'])
def test_lines_that_cannot_be_read_cost_only_themselves(content, garbage):
    whole, known = content
    *first, last = whole.splitlines(keepends=True)

    in_the_middle = read_journal(b"".join([*first, garbage, b"\n", last]))
    assert in_the_middle.events == known.events
    assert in_the_middle.health.count("journal_torn") == 1
    at_the_end = read_journal(whole + garbage)
    assert at_the_end.events == known.events
    assert at_the_end.health.count("journal_torn") == 1


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_beginning_of_a_journal_gives_the_beginning_of_its_moments(content, data):
    whole, known = content
    cut = data.draw(st.integers(0, len(whole)))
    header = whole.index(b"\n") + 1
    if cut < header:
        with pytest.raises(RecordError, match="first line is no header"):
            read_journal(whole[:cut])
        return
    read = read_journal(whole[:cut])
    complete = sum(b'"kind"' in line for line in whole[:cut].split(b"\n")[:-1])
    assert read.events == known.events[:complete]
    assert read.health.count("journal_torn") == (whole[cut - 1 : cut] != b"\n")


@given(content=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_whatever_the_bytes_reading_them_ends_in_a_record_or_a_record_error(content):
    header = b'{"journal":1,"schema_version":2,"call_id":"x","wall_ns":0}\n'
    assert read_journal(header + content).call_id == "x"
    with pytest.raises(RecordError):
        read_journal(content.replace(b"journal", b""))


@pytest.mark.parametrize(
    "first", [b"\x00" * 100 + b"\n", b'{"journal":1,"call_\n', b'{"seq":0', b'{"seq":0}\n', b"\n"]
)
def test_a_journal_without_a_header_is_kept_aside_and_told(tmp_path, first):
    for name in ("x", "x~2"):
        (tmp_path / "journal").mkdir(exist_ok=True)
        (tmp_path / "journal" / f"{name}.jsonl").write_bytes(first)
    results = list(recover(tmp_path))

    assert [result.outcome for result in results] == ["unreadable"] * 2
    assert files(tmp_path) == ["journal/x.unreadable", "journal/x~2.unreadable"]
    assert (tmp_path / "journal" / "x.unreadable").read_bytes() == first
    assert outcomes(tmp_path) == []


def test_an_aside_is_not_overwritten(tmp_path):
    (tmp_path / "journal").mkdir()
    for content in (b"one", b"two"):
        (tmp_path / "journal" / "x.jsonl").write_bytes(content)
        assert outcomes(tmp_path) == ["unreadable"]

    assert [(tmp_path / "journal" / f"x{n}.unreadable").read_bytes() for n in ("", "~2")] == [b"one", b"two"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"journal":', b'{"journal":1,"call_'])
def test_a_journal_without_a_whole_line_is_removed_because_nothing_was_lost(tmp_path, content):
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "x.jsonl").write_bytes(content)

    assert outcomes(tmp_path) == ["empty"]
    assert list(tmp_path.iterdir()) == []


def test_what_a_process_left_half_written_is_removed_once_its_writer_cannot_be_alive(tmp_path):
    leave(tmp_path)
    half = tmp_path / ".0123456789abcdef.tmp"
    half.write_bytes(b"{")
    written = half.stat().st_mtime

    assert [each.outcome for each in recover(tmp_path, now=lambda: written + 60)] == ["recovered"]
    assert half.exists()
    assert list(recover(tmp_path, now=lambda: written + 86_400)) == []
    assert not half.exists()


def test_a_journal_of_a_later_release_is_left_where_it_is(tmp_path):
    path, _ = leave(tmp_path)
    header, *rest = path.read_text().splitlines(keepends=True)
    path.write_text(json.dumps({**json.loads(header), "schema_version": 99}) + "\n" + "".join(rest))

    assert outcomes(tmp_path) == ["too_new"]
    assert files(tmp_path) == ["journal/call.jsonl"]


def test_a_call_whose_record_is_there_becomes_no_second_one(tmp_path):
    _, record = leave(tmp_path)
    ended = record.model_copy(update={"events": (*record.events, CallEnded(seq=99, at_ms=1, terminal="end"))})
    ended.save(tmp_path / "call.json")
    before = (tmp_path / "call.json").read_bytes()

    assert outcomes(tmp_path) == ["known"]
    assert files(tmp_path) == ["call.json"]
    assert (tmp_path / "call.json").read_bytes() == before


def test_a_record_with_fewer_moments_than_its_journal_gives_way(tmp_path):
    _, record = leave(tmp_path)
    record.model_copy(update={"events": record.events[:3]}).save(tmp_path / "call.json")

    assert outcomes(tmp_path) == ["recovered"]
    assert files(tmp_path) == ["call.json"]
    assert CallRecord.load(tmp_path / "call.json").events == record.events


def test_another_call_of_the_same_id_stays_another_and_two_journals_of_one_call_become_one(tmp_path):
    _, record = leave(tmp_path)
    (tmp_path / "journal" / "call.jsonl").rename(tmp_path / "saved")
    leave(tmp_path, count=3)
    (tmp_path / "saved").rename(tmp_path / "journal" / "call~2.jsonl")
    other = record.model_copy(update={"started_at": record.started_at.replace(year=2001)})
    other.save(tmp_path / "call.json")

    # The two journals began at one time, and the shorter is the beginning of the longer: one call.
    assert outcomes(tmp_path) == ["recovered", "recovered"]
    assert files(tmp_path) == ["call.json", "call~2.json"]
    assert CallRecord.load(tmp_path / "call~2.json").events == record.events


def test_a_recoverer_that_dies_between_record_and_removal_is_made_good_by_the_next(tmp_path):
    leave(tmp_path)
    told = []

    def dies(*_):
        raise RuntimeError("killed here")

    assert outcomes(tmp_path, on_recovered=dies) == ["failed"]
    assert files(tmp_path) == ["call.json", "journal/call.jsonl"]
    assert outcomes(tmp_path, on_recovered=lambda path, *_: told.append(path)) == ["known"]
    assert files(tmp_path) == ["call.json"]
    assert told == [tmp_path / "call.json"]


def test_a_full_disk_leaves_the_journal_for_next_time(tmp_path, monkeypatch):
    leave(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(recovery, "write_new", full)
        (result,) = recover(tmp_path)
    assert (result.outcome, "No space left" in result.why) == ("failed", True)
    assert outcomes(tmp_path) == ["recovered"]


def test_a_dry_run_changes_nothing(tmp_path):
    leave(tmp_path)
    (tmp_path / "journal" / "x.jsonl").write_bytes(b"torn")
    before = files(tmp_path)

    assert outcomes(tmp_path, dry_run=True) == ["recovered", "unreadable"]
    assert files(tmp_path) == before


def test_records_go_where_they_are_wanted(tmp_path):
    leave(tmp_path / "spool", "one")
    leave(tmp_path / "spool", "two")

    assert outcomes(tmp_path / "spool" / "journal", dry_run=True) == ["recovered"] * 2
    assert outcomes(tmp_path / "spool", into=tmp_path / "calls") == ["recovered"] * 2
    assert files(tmp_path) == ["calls/one.json", "calls/two.json"]


def test_a_live_call_is_left_alone_and_the_dead_ones_beside_it_are_not(tmp_path):
    leave(tmp_path, "dead")
    recorder, journal = begin(tmp_path, "live")
    say(recorder, 5)
    assert journal.sync(10)

    assert sorted(outcomes(tmp_path)) == ["live", "recovered"]
    say(recorder, 5, start=5)
    assert journal.sync(10)
    assert read_journal(journal.path.read_bytes()).events == recorder.record().events
    journal.end(kept=True, timeout_secs=10)
    assert files(tmp_path) == ["dead.json"]


def test_several_recoverers_at_once_recover_each_call_once(tmp_path):
    for number in range(30):
        leave(tmp_path, f"call{number}", count=3)
    found = []
    threads = [threading.Thread(target=lambda: found.extend(outcomes(tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert found.count("recovered") == 30
    assert files(tmp_path) == sorted(f"call{number}.json" for number in range(30))


def test_locks_without_a_journal_are_tidied_away(tmp_path):
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "x.lock").touch()

    assert outcomes(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_goes_while_it_is_listed_has_no_journals(tmp_path, monkeypatch):
    leave(tmp_path)
    listed = Path.iterdir

    def gone(path):
        if path.name == "journal":
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", gone)

    assert list(recover(tmp_path)) == []


def test_recovery_in_the_background_says_what_it_could_not_recover(tmp_path):
    leave(tmp_path)
    (tmp_path / "journal" / "x.jsonl").write_bytes(b"torn")
    told = []
    recover_in_background(tmp_path, on_failure=told.append)
    wait_for_recovery()

    assert files(tmp_path) == ["call.json", "journal/x.unreadable"]
    assert len(told) == 1
    assert "x.unreadable: not a journal" in told[0]


def wait_for_recovery():
    for thread in threading.enumerate():
        if thread.name == "flows_analytics recovery":
            thread.join(30)


CHILD = """
import os, sys, time
from tests.recording.calls import begin, say
directory, pause = sys.argv[1], float(sys.argv[2])
calls = [begin(directory, f"call{n}") for n in range(3)]
told = [0] * 3
for number in range(100_000):
    for n, (recorder, journal) in enumerate(calls):
        say(recorder, 1, start=number)
        if journal.acknowledged > told[n]:
            told[n] = journal.acknowledged
            os.write(1, b"%d %d\\n" % (n, told[n]))
    time.sleep(pause)
"""


@pytest.mark.parametrize("seed", range(4))
def test_every_acknowledged_moment_survives_a_kill(tmp_path, seed):
    dice = random.Random(seed)  # noqa: S311  # a test's dice
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), str(dice.choice([0, 0.001]))],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    acknowledged = {}
    kill_after = dice.randint(1, 60)
    for line in child.stdout:
        call, count = map(int, line.split())
        acknowledged[call] = count
        kill_after -= 1
        if kill_after == 0:
            child.send_signal(signal.SIGKILL)
    assert child.wait(120) == -signal.SIGKILL

    results = {result.call.call_id: result.call for result in recover(tmp_path) if result.outcome == "recovered"}
    for call, count in acknowledged.items():
        record = results[f"call{call}"]
        assert len(record.events) >= count
        assert [event.seq for event in record.events] == list(range(len(record.events)))
        assert record.exit_kind == "lost"
    assert not list(tmp_path.glob("journal/*.jsonl"))
