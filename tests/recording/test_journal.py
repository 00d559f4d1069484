"""What a journal has written, when, and what it does when the disk refuses."""

from __future__ import annotations

import errno
import json
import os
import threading
import time

import pytest

from flows_analytics.calls.declared import DeclaredGraph
from flows_analytics.calls.sound import Recording
from flows_analytics.files.locks import try_lock
from flows_analytics.recording.journal_thread import JournalThread
from flows_analytics.recording.recovery import read_journal
from tests.recording.calls import MS, WALL_NS, begin, say


@pytest.fixture
def impatient():
    """A thread that tries again at once."""
    return JournalThread(retry_secs=0.01)


def lines(journal):
    return [json.loads(line) for line in journal.path.read_text().splitlines()]


def files(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_nothing_is_written_before_something_happens(tmp_path):
    recorder, journal = begin(tmp_path, placed=False)
    recorder.lose("sink_failed", "why")

    assert journal.sync(10)
    journal.end(kept=True, timeout_secs=10)
    assert list(tmp_path.iterdir()) == []


def test_the_lines_are_a_header_and_then_the_moments_as_the_record_has_them(tmp_path):
    recorder, journal = begin(tmp_path, "a/b")
    say(recorder, 200)
    assert journal.sync(10)

    header, *rest = lines(journal)
    assert (header["journal"], header["call_id"], header["metadata"]) == (1, "a/b", {"n": 1})
    assert header["pid"] == os.getpid()
    assert [line for line in rest if "kind" in line] == json.loads(recorder.record().to_json())["events"]
    assert journal.acknowledged == 201
    assert journal.path.stat().st_mode & 0o777 == 0o600
    journal.end(kept=True, timeout_secs=10)


def test_a_journal_tells_all_that_its_recorder_knows(tmp_path):
    recorder, journal = begin(tmp_path, placed=False)
    say(recorder, 3, start=5)
    recorder.place(5 * MS, wall_ns=WALL_NS + 7_000)
    say(recorder, 3, start=9)
    recorder.name_flows("pipecat.flows")
    recorder.declare("main", DeclaredGraph(initial_node="a", nodes=("a",), edges=()))
    recorder.lose("reused", "once")
    recorder.lose("reused", "twice")
    recorder.price(1.5)
    recorder.keep_recording(Recording(file="call.wav", sample_rate=8000, peaks=((0.5,),)))
    recorder.tell_disconnection_reason("transfer")
    assert journal.sync(10)

    read = read_journal(journal.path.read_bytes())
    assert read == recorder.record().model_copy(update={"end_reason": "process_lost"})
    journal.end(kept=True, timeout_secs=10)


def test_moments_that_were_never_placed_are_read_as_the_record_shows_them(tmp_path):
    recorder, journal = begin(tmp_path, placed=False)
    say(recorder, 3, start=5)
    assert journal.sync(10)

    assert read_journal(journal.path.read_bytes()).events == recorder.record().events
    journal.end(kept=True, timeout_secs=10)


def test_the_second_journal_of_an_id_gets_a_name_of_its_own(tmp_path):
    both = [begin(tmp_path) for _ in range(2)]
    for recorder, journal in both:
        say(recorder, 1)
        assert journal.sync(10)

    assert [journal.path.name for _, journal in both] == ["call.jsonl", "call~2.jsonl"]
    for _, journal in both:
        journal.end(kept=True, timeout_secs=10)


@pytest.mark.parametrize("error", [FileNotFoundError, FileExistsError])
def test_a_folder_that_another_call_removes_as_it_ends_costs_nothing(tmp_path, monkeypatch, error):
    removed = []

    def lock(path):
        if len(removed) < 3:
            removed.append(path.parent.rmdir())
            raise error
        return try_lock(path)

    monkeypatch.setattr("flows_analytics.recording.journal.try_lock", lock)
    recorder, journal = begin(tmp_path)
    say(recorder, 1)

    assert journal.sync(10)
    assert (len(removed), journal.failures) == (3, 0)
    journal.end(kept=True, timeout_secs=10)


def test_a_journal_is_removed_with_its_folder_once_the_call_is_kept(tmp_path):
    recorder, journal = begin(tmp_path)
    say(recorder, 1)
    journal.end(kept=True, timeout_secs=10)

    assert list(tmp_path.iterdir()) == []
    recorder.lose("late", "after the end")
    say(recorder, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_journal_stays_and_is_unlocked_if_the_call_is_kept_nowhere(tmp_path):
    recorder, journal = begin(tmp_path)
    say(recorder, 5)
    assert journal.sync(10)
    assert try_lock(tmp_path / "journal" / "call.lock") is None
    journal.end(kept=False, timeout_secs=10)

    assert files(tmp_path) == ["journal/call.jsonl"]
    held = try_lock(tmp_path / "journal" / "call.lock")
    assert held is not None
    held.release(remove=True)


def test_the_thread_is_gone_when_no_call_is_under_way(tmp_path):
    thread = JournalThread()
    recorder, journal = begin(tmp_path, thread=thread)
    say(recorder, 1)
    worker = thread._thread
    journal.end(kept=True, timeout_secs=10)
    worker.join(10)

    assert not worker.is_alive()
    recorder, journal = begin(tmp_path, thread=thread)
    say(recorder, 1)
    assert journal.sync(10)
    journal.end(kept=True, timeout_secs=10)


def test_a_moment_is_on_its_way_within_the_limit(tmp_path):
    """Fifty milliseconds are promised. The machine of a test may be busy with others, so the median is judged."""
    recorder, journal = begin(tmp_path)
    say(recorder, 1)
    assert journal.sync(10)
    lags = []
    for number in range(1, 40):
        before = journal.acknowledged
        say(recorder, 1, start=number)
        began = time.perf_counter()
        while journal.acknowledged == before:
            assert time.perf_counter() - began < 10
            time.sleep(0.0005)
        lags.append(time.perf_counter() - began)
    journal.end(kept=True, timeout_secs=10)

    assert sorted(lags)[len(lags) // 2] < 0.05


class Disk:
    """Stands in for `os.write`, and refuses for a while."""

    def __init__(self, monkeypatch):
        self.refuses, self.takes, self.stalls = False, 0, threading.Event()
        self.stalls.set()
        self._write = os.write
        monkeypatch.setattr("flows_analytics.recording.journal.os.write", self.write)

    def write(self, descriptor, data):
        self.stalls.wait(30)
        if self.refuses:
            if self.takes:
                taken, self.takes = self.takes, 0
                return self._write(descriptor, data[:taken])
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(descriptor, data)


@pytest.mark.parametrize("takes", [0, 30])
def test_a_full_disk_is_counted_and_what_it_refused_is_written_later(tmp_path, monkeypatch, impatient, takes):
    disk, told = Disk(monkeypatch), []
    recorder, journal = begin(tmp_path, thread=impatient, on_failure=told.append)
    say(recorder, 10)
    assert journal.sync(10)
    disk.refuses, disk.takes = True, takes
    say(recorder, 10, start=10)
    assert not journal.sync(10)
    assert journal.acknowledged == 11
    # Half a line was taken back.
    assert read_journal(journal.path.read_bytes()).health.count("journal_torn") == 0

    disk.refuses = False
    say(recorder, 10, start=20)
    assert journal.sync(10)
    read = read_journal(journal.path.read_bytes())
    assert read.events == recorder.record().events
    assert read.health == recorder.record().health
    assert read.health.count("journal_failed") == 1
    assert told == ["the journal could not be written: No space left on device"]
    journal.end(kept=True, timeout_secs=10)


def test_half_a_line_that_cannot_be_taken_back_costs_no_other(tmp_path, monkeypatch, impatient):
    disk = Disk(monkeypatch)
    recorder, journal = begin(tmp_path, thread=impatient)
    say(recorder, 10)
    assert journal.sync(10)
    monkeypatch.setattr(
        "flows_analytics.recording.journal.os.ftruncate", lambda *_: (_ for _ in ()).throw(OSError(5, "x"))
    )
    disk.refuses, disk.takes = True, 30
    say(recorder, 10, start=10)
    assert not journal.sync(10)
    disk.refuses = False
    assert journal.sync(10)

    read = read_journal(journal.path.read_bytes())
    assert read.events == recorder.record().events
    assert read.health.count("journal_torn") == 1
    journal.end(kept=True, timeout_secs=10)


def test_a_disk_that_stalls_holds_up_nobody_and_takes_a_bounded_memory(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    recorder, journal = begin(tmp_path, thread=JournalThread(), most_pending=500)
    say(recorder, 10)
    assert journal.sync(10)
    disk.stalls.clear()
    began = time.perf_counter()
    say(recorder, 5_000, start=10)
    assert time.perf_counter() - began < 5
    assert journal.waiting <= 502
    assert not journal.sync(0.01)
    assert recorder.health.count("journal_failed") >= 4_000
    # The record misses nothing.
    assert len(recorder.record().events) == 5_011

    disk.stalls.set()
    say(recorder, 10, start=6_000)
    assert journal.sync(10)
    read = read_journal(journal.path.read_bytes())
    assert read.health.count("journal_failed") >= 4_000
    assert read.events[:11] == recorder.record().events[:11]
    assert len(read.events) + read.health.count("journal_failed") >= 5_021
    journal.end(kept=True, timeout_secs=10)


def test_a_directory_that_cannot_be_made_is_counted_and_raises_nothing(tmp_path, impatient):
    (tmp_path / "file").write_text("")
    recorder, journal = begin(tmp_path / "file", thread=impatient)
    say(recorder, 10)
    assert not journal.sync(10)
    journal.end(kept=True, timeout_secs=10)

    assert recorder.health.losses["journal_failed"].why.startswith("the journal could not be written: Not a dir")
    assert len(recorder.record().events) == 11


def test_what_the_end_of_a_full_disk_leaves_is_still_the_beginning(tmp_path, monkeypatch, impatient):
    disk = Disk(monkeypatch)
    recorder, journal = begin(tmp_path, thread=impatient)
    say(recorder, 10)
    assert journal.sync(10)
    disk.refuses = True
    say(recorder, 10, start=10)
    journal.end(kept=False, timeout_secs=10)

    read = read_journal(journal.path.read_bytes())
    assert read.events == recorder.record().events[:11]
    assert files(tmp_path) == ["journal/call.jsonl"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_leaves_the_journal_to_its_parent(tmp_path):
    recorder, journal = begin(tmp_path)
    say(recorder, 10)
    assert journal.sync(10)
    child = os.fork()
    if child == 0:
        say(recorder, 10, start=10)
        other, its = begin(tmp_path, "of the child")
        say(other, 3)
        os._exit(0 if its.sync(10) and journal.waiting == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    # The child's end did not unlock what the parent holds.
    assert try_lock(tmp_path / "journal" / "call.lock") is None
    say(recorder, 5, start=10)
    assert journal.sync(10)

    assert read_journal(journal.path.read_bytes()).events == recorder.record().events
    journal.end(kept=True, timeout_secs=10)
