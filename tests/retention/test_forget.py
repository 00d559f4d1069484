"""A call that is forgotten is nowhere: no file of it, and no byte of its id or of what was said."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics.calls.sound import Recording
from flows_analytics.cli import main
from flows_analytics.delivery.claim import claim
from flows_analytics.delivery.entry import Entry
from flows_analytics.files.names import safe_name
from flows_analytics.report.html import render_call_report
from flows_analytics.retention.forget import find_traces
from flows_analytics.retention.grouping import group
from flows_analytics.retention.holder import holders_of
from flows_analytics.retention.look import look
from flows_analytics.retention.mentions import find_mentions
from flows_analytics.retention.places import Places
from tests.retention.kept import (
    NOW,
    keep_all,
    keep_entry,
    keep_page,
    keep_record,
    keep_sound,
    leave_journal,
    names,
    record_of,
)

HOSTILE = '../../etc/pass wd"<b>é'


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "calls"


def keep_everything(calls, reports, call_id):
    """Every kind of file that can be left of a call, namesakes and torn ones included."""
    keep_all(calls, reports, call_id, 1)
    again = record_of(call_id, 2)
    file = keep_record(calls, again)
    keep_page(reports, again)
    keep_entry(calls, again, file)
    keep_entry(calls, again, sink="third.host:1")
    keep_entry(calls, again, sink="fourth").unlink()
    leave_journal(calls, call_id, 3)
    leave_journal(calls, call_id, 4)
    name = safe_name(call_id)
    keep_sound(calls, f"{name}~2")
    (calls / "failed" / f"{name}.queue.ref.torn").write_bytes(b"")
    (calls / "outbox" / f"{name}.torn.ref").write_bytes(b"{")
    (calls / "outbox" / f"{name}.gone.ref.lock").write_bytes(b"")
    (calls / "journal" / f"{name}~7.unreadable").write_bytes(b"SECRET WORDS")
    (calls / "journal" / f"{name}~8.lock").write_bytes(b"")
    (calls / "journal" / f"{name}~9.jsonl").write_bytes(b"")
    (calls / ".0123456789abcdef.tmp").write_bytes(again.to_json().encode()[:900])


@pytest.mark.parametrize("call_id", ["order-1", "a.b", HOSTILE, "x" * 300])
def test_no_byte_of_a_forgotten_call_is_left(calls, tmp_path, call_id, capsys):
    reports = tmp_path / "reports"
    keep_all(calls, reports, "order-10", 1)
    keep_all(calls, reports, "a", 1)
    keep_all(calls, reports, "a.b.c", 1)
    there = {path: path.read_bytes() for place in (calls, reports) for path in place.rglob("*") if path.is_file()}
    keep_everything(calls, reports, call_id)

    assert main(["forget", call_id, "calls", "--reports", "reports", "--yes"]) == 0
    left = {path: path.read_bytes() for place in (calls, reports) for path in place.rglob("*") if path.is_file()}
    assert left == there
    assert "1 journals" not in capsys.readouterr().out
    # The id of another may begin with this one and a dot.
    assert all("a.b.c" in path.name for path in find_mentions(call_id, Places((calls,), (reports,))))

    # Once more: there is nothing, and that is said.
    assert main(["forget", call_id, "calls", "--reports", "reports", "--yes"]) == 1
    assert "nothing is kept of a call" in capsys.readouterr().err


@settings(max_examples=25, deadline=None)
@given(call_id=st.text(min_size=1, max_size=12), other=st.text(min_size=1, max_size=12))
def test_whatever_its_id_a_call_is_forgotten_and_the_others_are_not(call_id, other):
    if call_id == other:
        return
    with TemporaryDirectory() as folder:
        calls, reports = Path(folder, "calls"), Path(folder, "reports")
        record = record_of(other, 1, text="OTHER")
        keep_record(calls, record)
        keep_page(reports, record)
        stays = names(Path(folder))
        clean = record_of(call_id, 1)
        keep_entry(calls, clean, keep_record(calls, clean))
        keep_page(reports, clean)
        places = Places((calls,), (reports,))
        there = look(holders_of(places))
        # What a record holds of an id is what UTF-8 can hold of it.
        found = find_traces(clean.call_id, places, there.traces)
        assert {erasure.outcome for erasure in there.erase(found.mine, group(there.traces, NOW))} == {"erased"}

        assert names(Path(folder)) == stays
        assert not any(b"SECRET WORDS" in path.read_bytes() for path in Path(folder).rglob("*") if path.is_file())


def test_a_call_under_way_is_refused_and_nothing_is_touched(calls, capsys):
    keep_record(calls, record_of("order-1", 1))
    live = leave_journal(calls, "order-1", 0, live=True)
    there = names(calls)

    assert main(["forget", "order-1", "--yes"]) == 1
    assert "is being recorded now, so nothing was removed" in capsys.readouterr().err
    assert names(calls) == there
    live.end(kept=True, timeout_secs=10)
    assert main(["forget", "order-1", "--yes"]) == 0
    assert names(calls) == []


def test_a_call_that_is_just_being_sent_keeps_its_record_and_the_command_says_so(calls, capsys):
    record = record_of("order-1", 1)
    entry = keep_entry(calls, record, keep_record(calls, record))
    held = claim(entry, calls / "failed")

    assert main(["forget", "order-1", "--yes"]) == 1
    assert (calls / "order-1.json").exists()
    told = capsys.readouterr().err
    assert "not removed: calls/outbox/order-1.queue.ref: somebody works with it" in told
    assert "Not forgotten: 2 are left. Try again." in told
    held.release()
    assert main(["forget", "order-1", "--yes"]) == 0
    assert names(calls) == []


def test_it_asks_first_and_a_no_removes_nothing(calls, capsys, monkeypatch):
    keep_record(calls, record_of("order-1", 1))
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert main(["forget", "order-1"]) == 1
    assert names(calls) == ["order-1.json"]
    told = capsys.readouterr()
    assert told.out.split() == ["calls/order-1.json"]
    assert "Remove these 1 files for good?" in told.err


def test_a_dry_run_lists_and_removes_nothing(calls, tmp_path, capsys):
    keep_everything(calls, tmp_path / "reports", "order-1")
    there = names(calls)

    assert main(["forget", "order-1", "--dry-run"]) == 0
    told = capsys.readouterr()
    # Asking for a lock that nobody holds leaves none behind.
    assert names(calls) == there
    # A journal's lock goes with it, and has no line of its own.
    there.remove("journal/order-1.lock")
    assert sorted(str(Path(line).relative_to("calls")) for line in told.out.splitlines()) == there
    assert "files would be removed" in told.err


def test_a_call_that_is_not_there_is_an_error_that_says_where_it_looked(calls, tmp_path, capsys):
    calls.mkdir()
    (tmp_path / "reports").mkdir()
    assert main(["forget", "nobody", "--reports", "reports"]) == 1
    told = capsys.readouterr().err
    assert "nothing is kept of a call 'nobody' in calls, reports (records, pages, recordings, journal/" in told
    assert main(["forget", "nobody", "elsewhere"]) == 2


def test_without_a_directory_of_calls_one_must_be_named(calls, capsys):
    assert main(["forget", "order-1"]) == 2
    assert "there is no directory calls here" in capsys.readouterr().err


def test_what_cannot_be_reached_is_named(calls, tmp_path, capsys):
    elsewhere = tmp_path / "elsewhere"
    record = record_of("order-1", 1)
    record = record.model_copy(update={"recording": Recording(url="https://carrier.example/rec/1")})
    keep_record(calls, record)
    keep_entry(calls, record, keep_record(elsewhere, record), sink="tuner:api:7:pizza")
    other = record_of("order-2", 1, text="order-1 called before")
    keep_entry(calls, other, keep_record(calls, other), sink="roark:api:pizza")
    (calls / "flow.html").write_text('<a href="order-1.html">order-1</a>')

    assert main(["forget", "order-1", "--yes"]) == 0
    told = capsys.readouterr().err
    blocks = {
        title: told.partition(title)[2].splitlines()[1].strip()
        for title in (
            "Pages that mention the call, to be made again:",
            "Files that mention the call:",
            "Files of the call that lie elsewhere:",
            "It may have reached in part:",
            "Other calls of these directories go to:",
            "A recording made elsewhere is at:",
        )
    }
    assert list(blocks.values()) == [
        "calls/flow.html",
        "calls/order-2.json",
        str(elsewhere / "order-1.json"),
        "tuner:api:7:pizza",
        "roark:api:pizza",
        "https://carrier.example/rec/1",
    ]
    assert "Out of reach from here: receivers that have the call already, backups, and logs" in told
    assert (elsewhere / "order-1.json").exists()


def test_a_record_that_was_given_another_name_is_found_by_what_it_says(calls):
    path = keep_record(calls, record_of("order-1", 1, sound=True))
    keep_sound(calls, "order-1")
    path.rename(calls / "renamed.json")
    keep_page(calls, record_of("order-1", 1)).rename(calls / "renamed.html")

    assert main(["forget", "order-1", "--yes"]) == 0
    assert names(calls) == []


def test_a_page_of_another_that_has_the_calls_name_stays(calls):
    keep_record(calls, record_of("index", 1))
    (calls / "index.html").write_text("<p>All calls")

    assert main(["forget", "index", "--yes"]) == 0
    assert names(calls) == ["index.html"]


def test_an_entry_that_names_a_file_outside_cannot_have_that_removed(calls, tmp_path):
    victim = keep_record(tmp_path, record_of("victim", 1))
    record = record_of("order-1", 1)
    path = keep_entry(calls, record)
    entry = Entry.load(path)
    path.write_bytes(entry.model_copy(update={"record": "outbox/../../victim.json"}).to_bytes())

    assert main(["forget", "order-1", "--yes"]) == 0
    assert victim.exists()
    assert [name for name in names(calls) if name.endswith(".ref")] == []


def test_a_link_is_not_followed_and_stays(calls, tmp_path, capsys):
    target = keep_record(tmp_path / "outside", record_of("order-1", 1))
    keep_record(calls, record_of("order-1", 1))
    (calls / "order-1~2.json").symlink_to(target)

    assert main(["forget", "order-1", "--yes"]) == 0
    assert target.exists()
    assert [path.name for path in calls.iterdir()] == ["order-1~2.json"]
    assert "calls/order-1~2.json" in capsys.readouterr().err


def test_the_record_of_a_later_release_is_forgotten_too(calls):
    path = keep_record(calls, record_of("order-1", 1))
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "schema_version": 99, "events": [{"kind": "from_the_future"}]}))

    assert main(["forget", "order-1", "--yes"]) == 0
    assert names(calls) == []


def test_a_file_that_is_just_being_written_for_another_call_stays(calls):
    keep_record(calls, record_of("word", 1))
    other = record_of("other", 1, text="a word, word, word")
    for number, content in enumerate([other.to_json().encode(), render_call_report(other).encode()]):
        (calls / f".{number:016x}.tmp").write_bytes(content)

    assert main(["forget", "word", "--yes"]) == 0
    assert names(calls) == [".0000000000000000.tmp", ".0000000000000001.tmp"]
    assert main(["forget", "other", "--yes"]) == 0
    assert names(calls) == []
