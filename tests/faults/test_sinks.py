"""A sink that fails, in whatever way, costs what it was to take and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from flows_analytics import CallRecord, FlowsObserver, HTMLReportSink, JSONFileSink
from tests.bots import PIZZA_PATH
from tests.faults.course import hold_both


class Unprintable:
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


class UnprintableError(OSError):
    strerror = Unprintable()
    __str__ = __repr__ = Unprintable.__str__


class Faulty:
    """A sink that raises what it was given."""

    def __init__(self, error=None, *, closing=None):
        self.error, self.closing = error, closing

    async def deliver(self, record):
        if self.error is not None:
            raise self.error

    async def close(self):
        if self.closing is not None:
            raise self.closing


class Hanging(Faulty):
    """A sink that never comes to an end, whatever it is told."""

    def __init__(self, *, heeds_cancellation, times=50):
        super().__init__()
        self.heeds, self.times = heeds_cancellation, times

    async def deliver(self, record):
        for _ in range(self.times):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if self.heeds:
                    raise


class HangingUpload(Hanging):
    name = "hanging"

    async def upload(self, upload):
        await self.deliver(upload.record)


class HangingBeginning(Hanging):
    """Hangs when it is told that the call began."""

    async def begin(self, record):
        await super().deliver(record)

    async def deliver(self, record):
        pass


def observing(directory, *sinks, **options):
    return lambda: FlowsObserver(call_id="c", sinks=[JSONFileSink(directory / "calls"), *sinks], **options)


def records_of(both, directory):
    """The record in memory, and the one on disk."""
    return both.observer.record, CallRecord.load(directory / "calls" / "c.json")


@pytest.mark.parametrize(
    "sink",
    [
        Faulty(ValueError("4111 1111 1111 1111")),
        Faulty(OSError(28, "No space left on device")),
        Faulty(UnprintableError()),
        Faulty(asyncio.CancelledError()),
        Faulty(BaseExceptionGroup("many", [ValueError(), asyncio.CancelledError()])),
        Faulty(SystemExit(3)),
        Faulty(closing=ValueError("closing")),
        Faulty(ValueError(), closing=KeyError()),
    ],
    ids=lambda sink: type(sink.error or sink.closing).__name__ + ("" if sink.error else " in close"),
)
def test_a_sink_that_raises_is_counted_in_memory_and_on_disk(tmp_path, sink, caplog):
    both = hold_both(observing(tmp_path, sink, HTMLReportSink(tmp_path / "pages")))

    both.assert_unhurt()
    for record in records_of(both, tmp_path):
        assert record.path == PIZZA_PATH
        assert record.health.losses.keys() == {"sink_failed"}
        assert record.health.count("sink_failed") == 1
    assert "4111" not in caplog.text + records_of(both, tmp_path)[1].to_json()
    assert (tmp_path / "pages" / "c.html").exists()


@pytest.mark.parametrize("heeds_cancellation", [True, False])
def test_a_sink_that_hangs_is_left_behind_and_counted_in_memory_and_on_disk(tmp_path, heeds_cancellation):
    sink = Hanging(heeds_cancellation=heeds_cancellation)
    both = hold_both(observing(tmp_path, sink, HTMLReportSink(tmp_path / "pages"), sink_timeout_secs=2.0))

    both.assert_unhurt()
    for record in records_of(both, tmp_path):
        assert {code: loss.count for code, loss in record.health.losses.items()} == {"sink_timeout": 1}
    assert (tmp_path / "pages" / "c.html").exists()


@pytest.mark.parametrize("heeds_cancellation", [True, False])
def test_an_upload_that_hangs_loses_nothing_that_the_outbox_keeps(tmp_path, heeds_cancellation):
    both = hold_both(observing(tmp_path, HangingUpload(heeds_cancellation=heeds_cancellation)))

    both.assert_unhurt()
    assert all(record.health.ok for record in records_of(both, tmp_path))
    assert [path.name for path in (tmp_path / "calls" / "outbox").glob("*.ref")] == ["c@hanging.ref"]


@pytest.mark.parametrize("heeds_cancellation", [True, False])
def test_an_upload_that_hangs_without_an_outbox_is_counted_in_memory_and_on_disk(tmp_path, heeds_cancellation):
    both = hold_both(observing(tmp_path, HangingUpload(heeds_cancellation=heeds_cancellation), outbox=None))

    both.assert_unhurt()
    for record in records_of(both, tmp_path):
        assert {code: loss.count for code, loss in record.health.losses.items()} == {"sink_timeout": 1}


@pytest.mark.parametrize("heeds_cancellation", [True, False])
def test_a_sink_that_hangs_at_the_beginning_of_a_call_takes_it_all_the_same(tmp_path, heeds_cancellation):
    both = hold_both(observing(tmp_path, HangingBeginning(heeds_cancellation=heeds_cancellation)))

    both.assert_unhurt()
    assert all(record.health.ok for record in records_of(both, tmp_path))


def test_a_file_that_could_not_be_written_is_counted_in_the_one_that_could_and_in_what_is_sent(tmp_path):
    (tmp_path / "no directory").write_text("")
    sent = []

    class Sending(Faulty):
        name = "sending"

        async def upload(self, upload):
            sent.append(CallRecord.from_json(upload.record.to_json()))
            assert CallRecord.load(upload.file).health == sent[0].health

    broken = JSONFileSink(tmp_path / "no directory")
    both = hold_both(observing(tmp_path, broken, Sending()))

    both.assert_unhurt()
    for record in (*records_of(both, tmp_path), *sent):
        assert {code: loss.count for code, loss in record.health.losses.items()} == {"sink_failed": 1}


def test_a_call_that_no_file_could_keep_says_so_where_it_is_sent(tmp_path):
    (tmp_path / "calls").write_text("")
    sent = []

    class Sending(Faulty):
        name = "sending"

        async def upload(self, upload):
            sent.append(upload.record)

    both = hold_both(observing(tmp_path, Sending()))

    both.assert_unhurt()
    for record in (both.observer.record, *sent):
        assert record.health.count("sink_failed") == 1
    assert len(sent) == 1
