"""Recorders with a journal, for the tests of this room."""

from __future__ import annotations

import threading

from flows_analytics.calls.events import CallerText
from flows_analytics.recording.journal import Journal
from flows_analytics.recording.recorder import CallHeader, CallRecorder

WALL_NS = 1_760_000_000_000_000_000
MS = 1_000_000


def begin(directory, call_id="call", *, placed=True, **options):
    """A recorder whose journal lies in `directory`."""
    journal = Journal(directory, **options)
    recorder = CallRecorder(CallHeader(call_id, metadata={"n": 1}), wall_ns=WALL_NS, journal=journal)
    if placed:
        recorder.place(0, wall_ns=WALL_NS)
    return recorder, journal


def say(recorder, count, *, start=0):
    """Record moments a millisecond apart."""
    for number in range(start, start + count):
        recorder.add(CallerText, number * MS, text=f"word {number} é \n\x00")


def wait_for_recovery():
    """Wait for recoveries in the background to end."""
    for thread in threading.enumerate():
        if thread.name == "flows_analytics recovery":
            thread.join(30)
