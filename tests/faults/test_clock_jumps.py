"""The wall clock may jump: the times of a call are those of the clock that does not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from flows_analytics import CallRecord, FlowsObserver, HTMLReportSink, JSONFileSink
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.delivery.upload import UploadError
from flows_analytics.testing import EPOCH
from tests.faults.course import hold_both

HOURS = [-5, 5, -24 * 365 * 30, 24 * 365 * 30]


class Refusing:
    name = "refusing"

    async def upload(self, upload):
        raise UploadError("refused", "HTTP 503", retry=True)

    async def close(self):
        pass


def jumping(hours):
    """The wall clock is set four seconds into the call, and back again three seconds later."""

    async def jump():
        loop = asyncio.get_running_loop()
        for wait, by in ((4, hours), (3, -hours), (2, hours)):
            await asyncio.sleep(wait)
            loop._epoch_ns += by * 3600 * 10**9

    return jump


@pytest.mark.parametrize("hours", HOURS)
def test_a_wall_clock_that_jumps_moves_no_moment_of_the_call(tmp_path, hours):
    def make():
        return FlowsObserver(
            call_id="c", sinks=[JSONFileSink(tmp_path), HTMLReportSink(tmp_path), Refusing()], strict=True
        )

    steady = hold_both(lambda: FlowsObserver(call_id="c", strict=True)).observer.record
    both = hold_both(make, meanwhile=jumping(hours))

    both.assert_unhurt()
    assert not both.faulty.leftover
    for record in (both.observer.record, CallRecord.load(tmp_path / "c.json")):
        # What services measure by the wall clock is theirs; all else is where it was.
        moved, unmoved = ([e for e in each.events if e.kind != "measured"] for each in (record, steady))
        assert [event.kind for event in moved] == [event.kind for event in unmoved]
        for event, there in zip(moved, unmoved, strict=True):
            assert event.at_ms == pytest.approx(there.at_ms, abs=0.002)
        assert record.duration_ms == pytest.approx(steady.duration_ms, abs=0.002)
        assert record.started_at == datetime.fromtimestamp(EPOCH, UTC)
        # Pipecat itself reports nothing of some of what it measured so.
        assert record.health.count("clock_set_back") <= len(steady.events) - len(record.events)
        assert record.health.losses.keys() == ({"clock_set_back"} if hours < 0 else set())
    assert [entry.call_id for entry in Outbox(tmp_path).entries()] == ["c"]
    assert (tmp_path / "c.html").exists()
