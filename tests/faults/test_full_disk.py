"""A disk that is full: the call goes on, and each part counts what it could not keep."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows_analytics import CallRecord, FlowsObserver, HTTPSink, JSONFileSink
from flows_analytics.observer.audio import AudioRecording
from flows_analytics.testing import run_virtual
from tests.delivery.receiver import receiver, status
from tests.faults.course import Course, hold_both, take_course

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def small_disk(directory, size):
    """A disk of its own; None where this machine does not let us mount one."""
    directory.mkdir()
    command = [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield directory if mounted else None
    finally:
        if mounted:
            subprocess.run([shutil.which("umount") or "umount", "-l", str(directory)], check=True)


def fill(directory, spare):
    """Leave so many bytes free."""
    with (directory / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(file.tell() - spare, 0))


def losses(record):
    return {code: loss.count for code, loss in record.health.losses.items()}


def arrange(bot, observer):
    return [
        *(bot.transport.input(), bot.stt, bot.context_aggregator.user(), bot.llm, bot.tts, bot.transport.output()),
        *([observer.audio_processor] if observer is not None else []),
        bot.context_aggregator.assistant(),
    ]


def hold_on(directory, server_url=None, **options):
    sinks = [JSONFileSink(directory), *([HTTPSink(server_url, name="http")] if server_url else [])]
    return FlowsObserver(call_id="c", sinks=sinks, recording=AudioRecording(directory), **options)


@pytest.mark.parametrize("spare", [0, 12_288])
def test_a_full_disk_costs_what_it_was_to_keep_and_the_call_is_sent_and_says_so(tmp_path, spare):
    alone = hold_both(lambda: FlowsObserver(call_id="c")).alone
    course = Course()

    async def main(directory):
        async with receiver() as server:
            observer = await take_course(course, lambda: hold_on(directory, server.url), arrange=arrange)
            return observer, server.bodies

    with small_disk(tmp_path / "disk", "256k") as disk:
        if disk is None:
            pytest.skip("no disk can be mounted here; the limit on files below is tested everywhere")
        fill(disk, spare)
        observer, bodies = run_virtual(lambda: main(disk))
        left = sorted(path.name for path in disk.rglob("*") if path.is_file() and path.name != "filler")

    assert (course.leftover, course.path) == (alone.leftover, alone.path)
    assert list(observer.record.path) == alone.path
    assert losses(observer.record).keys() == {"journal_failed", "recording_failed", "sink_failed"}
    (sent,) = (CallRecord.from_json(body.decode()) for body in bodies)
    assert list(sent.path) == alone.path
    assert losses(sent) == losses(observer.record)
    # Nothing half-written passes for a call: the journal may hold its beginning, and the recording its own.
    assert [name for name in left if not name.endswith((".jsonl", ".wav"))] == []


CHILD = """
import resource, sys
from pathlib import Path
from tests.faults.test_full_disk import hold_in_child
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
hold_in_child(Path(sys.argv[1]))
"""


def hold_in_child(directory):
    both = hold_both(lambda: hold_on(directory), arrange=arrange)
    assert both.faulty.path == both.alone.path
    assert list(both.observer.record.path) == both.alone.path
    assert both.faulty.leftover == both.alone.leftover
    print(*losses(both.observer.record))


def test_files_that_may_not_grow_cost_what_they_were_to_hold(tmp_path):
    """Also where no disk can be mounted."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), "100"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert child.returncode == 0, child.stderr[-2000:]
    assert set(child.stdout.split()) == {"journal_failed", "recording_failed", "sink_failed"}
    assert [path.name for path in tmp_path.iterdir() if path.suffix in {".json", ".tmp"}] == []


def test_an_outbox_that_is_full_sends_the_call_once_and_counts_it_only_if_that_fails(tmp_path):
    (tmp_path / "outbox").write_text("no directory")
    course = Course()

    async def main(answers):
        async with receiver(*answers) as server:
            sinks = [JSONFileSink(tmp_path / "calls"), HTTPSink(server.url, name="http")]
            observer = await take_course(course, lambda: FlowsObserver(call_id="c", sinks=sinks, outbox=tmp_path))
            return observer, server.calls

    observer, came = run_virtual(lambda: main([]))
    assert came == ["c"]
    assert observer.record.health.ok

    observer, came = run_virtual(lambda: main([status(500)]))
    assert came == ["c"]
    for record in (observer.record, CallRecord.load(tmp_path / "calls" / "c~2.json")):
        assert losses(record) == {"sink_failed": 1}
        assert "the outbox could not be written" in record.health.losses["sink_failed"].why
