"""A server that fails, in whatever way, costs the call nothing, and the outbox keeps what it did not take."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import repeat
from pathlib import Path

import pytest

from flows_analytics import CallRecord, FlowsObserver, HTTPSink, JSONFileSink
from flows_analytics.delivery.outbox import Outbox
from flows_analytics.testing import run_virtual
from tests.bots import PIZZA_PATH
from tests.delivery.receiver import half, never, receiver, status
from tests.faults.course import Both, Course, hold_both, take_course


async def slow_500(request):
    await asyncio.sleep(2.0)
    return await status(500)(request)


async def drop(request):
    request.transport.abort()
    await asyncio.sleep(1)


FAULTS = {
    "500 for ever": status(500),
    "500 for ever, slowly": slow_500,
    "busy for ever": status(429, Retry_After="1"),
    "half an answer": half,
    "no answer": never,
    "a dropped connection": drop,
    "a redirect to itself": status(307, Location="/calls"),
}
REFUSED_FOR_GOOD = {"a redirect to itself"}


def hold_with_server(answer, sinks, **options) -> tuple[Both, int]:
    """Hold the call while a server answers so to whatever it is sent."""
    alone = hold_both(FlowsObserver).alone
    course, came = Course(), []

    async def main():
        async with receiver() as server:
            server.answers = deque(repeat(answer, 10_000))
            made = FlowsObserver(
                call_id="c", sinks=sinks(HTTPSink(server.url, name="http", timeout_secs=5.0)), **options
            )
            await take_course(course, lambda: made)
            came.append(len(server.requests))
            return made

    return Both(run_virtual(main), faulty=course, alone=alone), came[0]


def leave(directory: Path, number: int) -> None:
    """Have earlier calls wait for the server."""
    sink = HTTPSink("http://127.0.0.1:9/calls", name="http")
    outbox = Outbox(directory, now=lambda: 0.0)
    for each in range(number):
        record = CallRecord(call_id=f"earlier{each}", started_at="2026-01-01T00:00:00Z")
        outbox.keep(record, sink, file=record.save(directory / f"{record.call_id}.json"))


@pytest.mark.parametrize("fault", FAULTS)
def test_frames_flow_while_earlier_calls_are_not_taken_and_none_of_them_is_lost(tmp_path, fault):
    leave(tmp_path, 20)

    both, requests = hold_with_server(FAULTS[fault], lambda http: [JSONFileSink(tmp_path), http])

    both.assert_same_frames()
    assert requests > 2
    outbox = Outbox(tmp_path)
    waiting = {entry.call_id for entry in [*outbox.entries(), *outbox.failures()]}
    assert waiting == {"c", *(f"earlier{number}" for number in range(20))}
    assert bool(outbox.failures()) is (fault in REFUSED_FOR_GOOD)
    for record in (both.observer.record, CallRecord.load(tmp_path / "c.json")):
        assert record.health.ok


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_server_does_not_take_is_counted_in_memory_and_on_disk_if_nothing_keeps_it(tmp_path, fault):
    both, requests = hold_with_server(FAULTS[fault], lambda http: [JSONFileSink(tmp_path), http], outbox=None)

    both.assert_same_frames()
    assert requests == 1
    for record in (both.observer.record, CallRecord.load(tmp_path / "c.json")):
        assert record.path == PIZZA_PATH
        assert {code: loss.count for code, loss in record.health.losses.items()} == {"sink_failed": 1}


def test_a_server_that_is_not_there_is_no_loss_either(tmp_path):
    both = hold_both(
        lambda: FlowsObserver(
            call_id="c", sinks=[JSONFileSink(tmp_path), HTTPSink("http://127.0.0.1:1/calls", name="http")]
        )
    )

    both.assert_unhurt()
    assert both.observer.health.ok
    assert [entry.call_id for entry in Outbox(tmp_path).entries()] == ["c"]
