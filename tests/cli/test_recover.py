"""``flows-analytics recover``."""

from __future__ import annotations

import pytest

from flows_analytics import CallRecord, HTTPSink
from flows_analytics.cli import main
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.targets import sink_of
from flows_analytics.recording.journal_lines import Receiver, Sending
from flows_analytics.recording.recovery import read_journal
from tests.recording.calls import begin, say


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "calls"


def leave(directory, call_id="call", count=9, **options):
    recorder, journal = begin(directory, call_id, **options)
    say(recorder, count)
    journal.end(kept=False, timeout_secs=10)


def test_recover_prints_each_record_and_a_summary(calls, capsys):
    for number in range(12):
        leave(calls, f"call{number:02}")
    path = calls / "journal" / "call00.jsonl"
    path.write_bytes(path.read_bytes()[:-3])

    assert main(["recover", "calls"]) == 0
    told = capsys.readouterr()
    assert told.out.split() == [f"calls/call{number:02}.json" for number in range(12)]
    assert "12 calls recovered, with 119 moments; 1 torn lines left out." in told.err
    assert CallRecord.load("calls/call01.json").exit_kind == "lost"
    assert main(["recover", "calls"]) == 0
    assert "nothing to recover" in capsys.readouterr().err


@pytest.mark.parametrize("recorded", [False, True])
def test_a_call_that_was_to_be_sent_waits_in_the_outbox_then(calls, recorded):
    sink = HTTPSink("http://127.0.0.1:9/calls")
    leave(calls, sending=Sending(receivers=(Receiver(name=sink.name, target=sink.target),)))
    if recorded:
        # Its process died between the file and the outbox.
        read_journal((calls / "journal" / "call.jsonl").read_bytes()).save(calls / "call.json")

    assert main(["recover", "calls"]) == 0
    (entry,) = Outbox(calls).entries()
    assert (entry.call_id, entry.record, entry.attempts) == ("call", "call.json", 0)
    assert sink_of(entry.target, {}).name == sink.name


def test_a_dry_run_says_what_would_be_done_and_does_nothing(calls, capsys):
    leave(calls)

    assert main(["recover", "calls", "--dry-run"]) == 0
    told = capsys.readouterr()
    assert told.out.split() == ["calls/call.json"]
    assert "1 call would be recovered, with 10 moments." in told.err
    assert [path.name for path in calls.rglob("*") if path.is_file()] == ["call.jsonl"]


def test_calls_under_way_are_left_alone(calls, capsys):
    recorder, journal = begin(calls)
    say(recorder, 3)
    assert journal.sync(10)

    assert main(["recover", "calls"]) == 0
    assert "0 calls recovered, with 0 moments; 1 under way, left alone." in capsys.readouterr().err
    journal.end(kept=True, timeout_secs=10)


def test_a_journal_that_cannot_be_read_is_named_and_the_command_fails(calls, capsys):
    leave(calls)
    (calls / "journal" / "x.jsonl").write_bytes(b"torn")

    assert main(["recover", "calls"]) == 1
    told = capsys.readouterr()
    assert told.out.split() == ["calls/call.json"]
    assert "not recovered: calls/journal/x.unreadable: not a journal" in told.err
    assert "1 call recovered, with 10 moments; 1 not readable, kept aside." in told.err


def test_records_go_elsewhere_when_asked(calls, capsys):
    leave(calls)

    assert main(["recover", "calls", "--into", "there"]) == 0
    assert capsys.readouterr().out.split() == ["there/call.json"]


def test_a_directory_that_is_not_there_makes_no_command(calls, capsys):
    assert main(["recover", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err
