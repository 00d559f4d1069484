"""Handing a call to sinks, outside any pipeline."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from flows_analytics import CallRecord, HTMLReportSink, JSONFileSink
from flows_analytics.delivery.sink import deliver

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

    assert outcomes(*sinks) == [None, "ValueError", "timeout"]
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

    assert outcomes(bad, Sink(), timeout_secs=10) == ["NotADirectoryError", None]
