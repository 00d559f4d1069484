"""A disk that is slow, or hangs, holds up its own thread and nobody else. Calls in real time."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import defaultdict
from contextlib import contextmanager

import pytest

from flows_analytics import CallRecord, FlowsObserver, HTMLReportSink, HTTPSink, JSONFileSink
from flows_analytics.observer.audio import AudioRecording
from flows_analytics.testing import Pace, calls, says, user
from tests.bots import edge, end_node, node
from tests.delivery.receiver import receiver
from tests.faults.course import Course, take_course

FAST = Pace(
    llm_ttfb=0.02, llm_token=0.001, stt_interim=0.02, stt_final=0.02, tts_ttfb=0.02, bot_word=0.06,
    caller_word=0.05, think=0.05,
)  # fmt: skip
STEPS = (says("Hello there, shall we go on?"), user("Yes please"), calls("go"), says("Good bye."))


def start():
    return node("start", edge("go", end_node))


def arrange(bot, observer):
    return [
        *(bot.transport.input(), bot.stt, bot.context_aggregator.user(), bot.llm, bot.tts, bot.transport.output()),
        *([observer.audio_processor] if observer is not None else []),
        bot.context_aggregator.assistant(),
    ]


async def hold(make):
    course = Course()
    began = time.perf_counter()
    observer = await take_course(course, make, initial=start, steps=STEPS, arrange=arrange, pace=FAST)
    course.secs = time.perf_counter() - began
    return course, observer


@contextmanager
def disk(monkeypatch, secs):
    """Every write and flush of ours takes so long; None for ever, until the block ends.

    Yields the threads of each, by what they did.
    """
    works = threading.Event()
    slow = defaultdict(list)

    def slowed(name, real):
        def call(*args):
            slow[name].append(threading.current_thread())
            works.wait(30 if secs is None else secs)
            return real(*args)

        return call

    for name in ("write", "fsync", "link", "replace", "unlink"):
        monkeypatch.setattr(os, name, slowed(name, getattr(os, name)))
    try:
        yield slow
    finally:
        works.set()
        monkeypatch.undo()
        for thread in threading.enumerate():
            if thread.name.startswith("flows_analytics") and thread is not threading.current_thread():
                thread.join(10)


def observing(directory, url, **options):
    return lambda: FlowsObserver(
        call_id="c",
        sinks=[JSONFileSink(directory), HTMLReportSink(directory), HTTPSink(url, name="http")],
        recording=AudioRecording(directory, chunk_secs=0.1),
        **options,
    )


def assert_frames_flowed(faulty, alone, slow):
    assert not faulty.leftover
    assert not alone.leftover
    assert faulty.path == alone.path == ["start", "end"]
    # Nothing of the loop waited for the disk.
    assert threading.main_thread() not in {thread for threads in slow.values() for thread in threads}
    # From the first frame to the last, the call took as long.
    lasted, lasted_alone = (course.pushes[-1][0] - course.pushes[0][0] for course in (faulty, alone))
    assert lasted < 1.5 * lasted_alone


def test_a_slow_disk_holds_up_no_frame_and_loses_nothing(tmp_path, monkeypatch):
    async def main():
        async with receiver() as server:
            return *(await hold(observing(tmp_path, server.url))), server

    alone, _ = asyncio.run(hold(None))
    with disk(monkeypatch, 0.1) as slow:
        faulty, observer, server = asyncio.run(main())

    assert_frames_flowed(faulty, alone, slow)
    assert len(slow["write"]) > 2
    assert len(slow["fsync"]) > 2
    for record in (observer.record, CallRecord.load(tmp_path / "c.json")):
        assert list(record.path) == alone.path
        assert record.health.ok, record.health
        assert record.recording.duration_ms == pytest.approx(record.duration_ms, abs=400)
    assert server.calls == ["c"]


def test_a_disk_that_hangs_costs_what_it_was_to_keep_and_the_call_is_sent_and_says_so(tmp_path, monkeypatch):
    async def main():
        async with receiver() as server:
            make = observing(tmp_path, server.url, sink_timeout_secs=0.3, upload_deadline_secs=60)
            return *(await hold(make)), server.bodies

    alone, _ = asyncio.run(hold(None))
    with disk(monkeypatch, None) as slow:
        faulty, observer, bodies = asyncio.run(main())

    assert_frames_flowed(faulty, alone, slow)
    assert faulty.secs < 5 * alone.secs
    assert list(observer.record.path) == alone.path
    assert observer.record.health.count("sink_timeout") == 2  # the file and the page
    assert observer.record.health.count("journal_failed") >= 1
    (body,) = bodies
    sent = CallRecord.from_json(body.decode())
    assert list(sent.path) == alone.path
    assert sent.health.count("sink_timeout") == 1  # the file: the page was still being written
    # What hung was finished once it could be.
    assert list(CallRecord.load(tmp_path / "c.json").path) == alone.path


_FILES = {"open", "os.mkdir", "os.remove", "os.rename", "os.link", "os.rmdir", "os.truncate"}
_watched: list[tuple[str, list]] = []


def _audit(event, arguments):
    for directory, touched in _watched:
        if event in _FILES and threading.current_thread() is threading.main_thread():
            name = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else ""
            if name.startswith(directory):
                touched.append((event, name))


def test_the_loop_itself_touches_no_file_until_the_call_is_over(tmp_path):
    """However a disk misbehaves, a loop that never asks it anything is not held up."""
    sys.addaudithook(_audit)
    touched = []

    async def main():
        async with receiver() as server:
            _watched.append((str(tmp_path), touched))
            course, observer = await hold(observing(tmp_path, server.url))
            _watched.clear()
            return course, observer

    course, observer = asyncio.run(main())

    assert course.path == ["start", "end"]
    assert observer.health.ok
    assert (tmp_path / "c.json").exists()
    assert [each for each in touched if ".lock" not in each[1]] == []
