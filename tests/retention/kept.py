"""Calls of any age, with all that is kept of them, written by the parts that write them for bots."""

from __future__ import annotations

import os
import time
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows_analytics import CallRecord
from flows_analytics.calls.sound import Recording
from flows_analytics.delivery.entry import at, entry_of
from flows_analytics.delivery.json_file import JSONFileSink
from flows_analytics.files.atomic import replace, write_new
from flows_analytics.files.names import safe_name
from flows_analytics.recording.journal import Journal
from flows_analytics.recording.recorder import CallHeader, CallRecorder
from flows_analytics.report.html import render_call_report
from tests.recording.calls import say

NOW = datetime.now(UTC).replace(microsecond=123456)
DAY = timedelta(days=1)


class Receiver:
    """A sink, as the outbox sees one."""

    def __init__(self, name="queue"):
        self.name = name


def record_of(call_id, days, *, status="completed", sound=False, text="SECRET WORDS", **fields):
    """A call that ended so many days ago, and lasted a minute."""
    ended = NOW - days * DAY
    return CallRecord(
        call_id=call_id,
        status=status,
        started_at=ended - timedelta(minutes=1),
        ended_at=None if status == "started" else ended,
        metadata={"said": text},
        recording=Recording(file=f"{safe_name(call_id)}.wav") if sound else None,
        **fields,
    )


def keep_record(directory, record):
    """Write the record as JSONFileSink does."""
    return JSONFileSink(directory)._write(record)


def keep_sound(directory, name):
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", "not compressed"))
        sound.writeframes(bytes(4 * 800))
    return path


def keep_page(directory, record):
    return write_new(directory, safe_name(record.call_id), ".html", render_call_report(record).encode())


def keep_entry(directory, record, file=None, *, folder="outbox", sink="queue", recording=None):
    """An entry of the outbox; without a file of the record, the outbox has one of its own."""
    stem = f"{file.stem if file else safe_name(record.call_id)}.{safe_name(sink)}"
    kept = file is None
    if file is None:
        file = write_new(directory / "outbox", stem, ".json", record.to_json().encode())
    ended = record.ended_at or record.started_at
    entry = entry_of(
        record,
        Receiver(sink),
        directory=directory,
        file=file,
        recording=recording,
        kept=kept,
        now=ended.timestamp(),
    )
    assert entry.first_at == at(ended.timestamp())
    return replace(directory / folder / f"{stem}.ref", entry.to_bytes())


def leave_journal(directory, call_id, days, *, live=False):
    """The journal of a call that ended so many days ago; of a dead process unless it is live."""
    wall_ns = int((NOW - days * DAY).timestamp() * 1e9)
    journal = Journal(directory)
    recorder = CallRecorder(CallHeader(call_id), wall_ns=wall_ns, journal=journal)
    recorder.place(0, wall_ns=wall_ns)
    say(recorder, 3)
    assert journal.sync(10)
    if not live:
        journal.end(kept=False, timeout_secs=10)
    return journal


def keep_all(directory, reports, call_id, days):
    """A call of which everything there is is kept."""
    record = record_of(call_id, days, sound=True)
    sound = keep_sound(directory, safe_name(call_id))
    file = keep_record(directory, record)
    keep_entry(directory, record, file, folder="failed", recording=sound)
    keep_entry(directory, record, folder="failed", sink="other")
    keep_page(directory, record)
    keep_page(reports, record)
    return record


def written(path, days):
    """Let a file have been written so many days ago."""
    then = time.time() - days * 86400
    os.utime(path, (then, then))
    return path


def names(*places):
    """Every file below some folders."""
    return sorted(
        str(path.relative_to(place)) for place in places for path in Path(place).rglob("*") if path.is_file()
    )
