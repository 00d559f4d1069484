"""Sinks that want to know at once that a call began."""

from __future__ import annotations

import asyncio

import pytest

from flows_analytics import FlowsObserver
from flows_analytics.delivery.roark_sink import RoarkSink
from flows_analytics.testing import ScriptedBot, run_virtual
from tests.bots import PIZZA_CALL, hold_pizza_call, initial_node
from tests.delivery.services import KEY, Service
from tests.services.loopback import serve
from tests.testing.flows_line import FlowManager


class Told:
    """A sink that keeps what it is told, and takes its time for the beginning."""

    def __init__(self, secs=0.0, error=None, stubborn=False):
        self.secs, self.error, self.stubborn = secs, error, stubborn
        self.log = []

    async def begin(self, record):
        self.log.append(("begin", record.call_id, record.status, asyncio.get_running_loop().time()))
        try:
            await asyncio.sleep(self.secs)
            if self.error:
                raise self.error
            self.log.append(("begun",))
        except asyncio.CancelledError:
            self.log.append(("cancelled",))
            if self.stubborn:
                await asyncio.Event().wait()
            raise

    async def deliver(self, record):
        self.log.append(("deliver", record.call_id, record.status))

    async def close(self):
        pass

    @property
    def steps(self):
        return [entry[0] for entry in self.log]


def plain_events():
    return hold_pizza_call(call_id="a").record.events


def test_a_beginning_is_told_once_and_at_once():
    sink = Told()
    record = hold_pizza_call(call_id="a", sinks=[sink]).record
    assert sink.steps == ["begin", "begun", "deliver"]
    assert sink.log[0][1:3] == ("a", "started")
    assert record.events == plain_events()


@pytest.mark.parametrize(
    "sink", [Told(secs=5), Told(secs=1e9), Told(error=ValueError("my secret")), Told(1e9, None, True)]
)
def test_nothing_waits_for_a_beginning_and_nothing_is_lost_by_one(sink, caplog):
    at_the_end = []

    def prepare(held):
        async def on_call_recorded(observer, record):
            at_the_end.extend(sink.steps)

        held.observer.add_event_handler("on_call_recorded", on_call_recorded)

    held = hold_pizza_call(call_id="a", sinks=[sink], prepare=prepare)
    assert held.record.events == plain_events()
    assert held.observer.health.ok
    assert "deliver" in sink.steps
    assert ("Told could not be told that the call began: ValueError" in caplog.text) == bool(sink.error)
    assert "secret" not in caplog.text
    if sink.secs > 1e6:
        assert at_the_end == ["begin", "deliver", "cancelled"]


def test_a_call_that_never_began_has_no_beginning():
    sink = Told()
    asyncio.run(FlowsObserver(sinks=[sink]).cleanup())
    assert sink.steps == ["deliver"]


@pytest.mark.parametrize("secs", [0.0, 5.0, 25.0])
def test_a_service_that_takes_its_time_shifts_nothing_in_the_record(secs):
    """The server answers on the call's own, virtual, clock."""
    service = Service(secs=secs)

    async def main():
        async with serve(service) as address:
            sink = RoarkSink(KEY, agent_id="pizza", base_url=f"http://{address}")
            observer = FlowsObserver(call_id="a", strict=True, sinks=[sink], upload_deadline_secs=120)
            bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
            observer.attach_flow_manager(bot.flow_manager)
            began = asyncio.get_running_loop().time()
            asked = []
            service.answer = lambda _: asked.append(asyncio.get_running_loop().time() - began)
            await bot.run(initial_node(), PIZZA_CALL)
            return observer.record, asked

    record, asked = run_virtual(main)
    assert record.events == plain_events()
    assert record.health.ok
    assert service.events == ["call-started", "call-ended"]
    assert service.took[1].json["transcript"][0]["content"] == "Hi! Pizza or sushi?"
    # Answered at the beginning, not at the end.
    assert asked[0] < secs + 0.1


def test_a_service_that_never_answers_at_the_beginning_delays_nothing_but_the_delivery():
    service = Service(secs=1e6)

    async def main():
        async with serve(service) as address:
            sink = RoarkSink(KEY, agent_id="pizza", base_url=f"http://{address}")
            observer = FlowsObserver(call_id="a", strict=True, sinks=[sink], sink_timeout_secs=10)
            bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
            observer.attach_flow_manager(bot.flow_manager)
            began = asyncio.get_running_loop().time()
            await bot.run(initial_node(), PIZZA_CALL)
            return observer.record, asyncio.get_running_loop().time() - began

    record, took = run_virtual(main)
    assert record.events == plain_events()
    assert record.health.count("sink_timeout") + record.health.count("sink_failed") == 1
    assert took < record.duration_ms / 1000 + 25
