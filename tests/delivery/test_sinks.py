"""Handing a call to sinks, outside any pipeline."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from flows_analytics import CallRecord, HTMLReportSink, JSONFileSink
from flows_analytics.delivery.sink import deliver
from flows_analytics.files.threads import in_own_thread

RECORD = CallRecord(call_id="../../x", started_at=datetime(2026, 1, 1, tzinfo=UTC))


class Sink:
    def __init__(self, error=None, hang=False):
        self.error, self.hang, self.log = error, hang, []

    async def deliver(self, record):
        self.log.append("deliver")
        if self.hang:
            await asyncio.Event().wait()
        if self.error:
            raise self.error

    async def close(self):
        self.log.append("close")


def outcomes(*sinks, timeout_secs=0.05):
    return [outcome.error for outcome in asyncio.run(deliver(RECORD, sinks, timeout_secs=timeout_secs))]


def test_every_sink_is_closed_whatever_came_of_it():
    sinks = [Sink(), Sink(error=ValueError("x")), Sink(hang=True)]

    assert [str(error).partition(" at ")[0] for error in outcomes(*sinks)] == ["None", "ValueError", "timeout"]
    assert [sink.log for sink in sinks] == [["deliver", "close"]] * 3


def test_a_sink_that_is_cancelled_from_within_is_an_error_of_its_own():
    assert outcomes(Sink(error=asyncio.CancelledError()), Sink()) == ["CancelledError", None]


def test_no_sinks_no_outcomes():
    assert outcomes() == []


@pytest.mark.parametrize("sink_class", [JSONFileSink, HTMLReportSink])
def test_a_hostile_call_id_stays_in_its_directory(sink_class, tmp_path):
    directory = tmp_path / "deep" / "calls"

    assert outcomes(sink_class(directory), timeout_secs=10) == [None]
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file.parent == directory


@pytest.mark.parametrize("sink_class", [JSONFileSink, HTMLReportSink])
def test_a_directory_that_cannot_be_made_is_the_sinks_failure_alone(sink_class, tmp_path):
    (tmp_path / "file").write_text("")

    bad = sink_class(tmp_path / "file" / "calls")

    failed, fine = outcomes(bad, Sink(), timeout_secs=10)
    assert failed.startswith("NotADirectoryError: Not a directory: ")
    assert fine is None


def test_a_call_is_written_however_busy_the_programs_threads_are(tmp_path):
    """The loop's own threads are all taken, and whoever waits has long given up."""
    release = threading.Event()

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
        busy = [loop.run_in_executor(None, release.wait, 30) for _ in range(3)]
        delivered = await deliver(RECORD, [HTMLReportSink(tmp_path), JSONFileSink(tmp_path)], timeout_secs=20)
        release.set()
        await asyncio.gather(*busy)
        return delivered

    assert [outcome.error for outcome in asyncio.run(main())] == [None, None]
    assert len(list(tmp_path.iterdir())) == 2


def test_what_keeps_a_call_is_served_before_what_shows_it():
    order = []

    class Logged(Sink):
        async def deliver(self, record):
            order.append(self)
            await super().deliver(record)

    shows, keeps = Logged(), Logged()
    keeps.keeps = True

    assert outcomes(shows, keeps) == [None, None]
    assert order == [keeps, shows]


def test_a_write_that_was_given_up_is_still_finished(tmp_path):
    begun, release = threading.Event(), threading.Event()

    def slow():
        begun.set()
        release.wait(30)
        (tmp_path / "late").write_text("here")

    class Slow(Sink):
        async def deliver(self, record):
            await in_own_thread(slow)

    assert outcomes(Slow()) == ["timeout"]
    assert begun.wait(30)
    release.set()
    for thread in threading.enumerate():
        if thread.name.startswith("flows_analytics"):
            thread.join(30)
    assert (tmp_path / "late").read_text() == "here"


def test_a_failure_says_where_and_of_a_file_also_what_but_never_quotes_the_call(tmp_path):
    (told,) = outcomes(Sink(error=ValueError("my card is 4111")))
    (of_a_file,) = outcomes(Sink(error=FileNotFoundError(2, "No such file or directory", "/calls/x.json")))

    assert told.startswith("ValueError at test_sinks.py:")
    assert "4111" not in told
    assert of_a_file.startswith("FileNotFoundError: No such file or directory: /calls/x.json at test_sinks.py:")
