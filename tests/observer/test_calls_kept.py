"""Calls that are kept whatever the bot's own code and its frames do at their end."""

from __future__ import annotations

import asyncio
import json
import math

import pytest
from pipecat.frames.frames import VADUserStoppedSpeakingFrame
from pipecat.observers.base_observer import FramePushed

from flows_analytics import FlowsObserver, JSONFileSink
from flows_analytics.testing import calls, says, user
from tests.bots import edge, end_node, hold_call, node
from tests.observer.test_by_hand import DOWN, heard, pushed

STEPS = (says("Hi"), user("yes"), calls("go"), says("bye"))


def start():
    return node("start", edge("go", end_node))


def kept(directory):
    return sorted(path.name for path in directory.glob("*.json"))


@pytest.mark.parametrize("secs", [math.nan, math.inf])
def test_a_voice_detection_that_reports_no_finite_time_costs_no_call(secs, tmp_path, monkeypatch):
    made = VADUserStoppedSpeakingFrame.__init__

    def strange(self, *args, **kwargs):
        made(self, *args, **kwargs)
        self.stop_secs = secs

    monkeypatch.setattr(VADUserStoppedSpeakingFrame, "__init__", strange)

    held = hold_call(start(), STEPS, call_id="c", strict=False, healthy=False, sinks=[JSONFileSink(tmp_path)])

    assert kept(tmp_path) == ["c.json"]
    json.loads((tmp_path / "c.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert [turn.text for turn in held.record.turns] == ["Hi", "yes", "bye"]


def cancelled_result():
    """What reading the result of a task that was cancelled raises."""
    raise asyncio.CancelledError


def test_a_resolver_that_reads_a_cancelled_task_costs_no_call(tmp_path):
    held = hold_call(
        start(),
        STEPS,
        call_id="c",
        strict=False,
        healthy=False,
        sinks=[JSONFileSink(tmp_path)],
        disconnection_reason_resolver=cancelled_result,
    )

    assert kept(tmp_path) == ["c.json"]
    assert [turn.text for turn in held.record.turns] == ["Hi", "yes", "bye"]
    assert held.observer.health.count("resolver_failed")


def test_a_cost_calculator_that_reads_a_cancelled_task_costs_no_call(tmp_path):
    held = hold_call(
        start(),
        STEPS,
        call_id="c",
        strict=False,
        healthy=False,
        sinks=[JSONFileSink(tmp_path)],
        cost_calculator=lambda _: cancelled_result(),
    )

    assert kept(tmp_path) == ["c.json"]
    assert held.observer.health.count("cost_failed")


def test_a_program_that_stops_while_the_resolver_is_waited_for_still_keeps_the_call(tmp_path):
    async def slow():
        await asyncio.sleep(3)

    async def main():
        observer = FlowsObserver(call_id="c", sinks=[JSONFileSink(tmp_path)], disconnection_reason_resolver=slow)
        flushing = asyncio.ensure_future(observer.aflush("client gone"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        # Ctrl-C: asyncio.run cancels whatever is still under way, and waits for it.
        return flushing

    asyncio.run(main())

    assert kept(tmp_path) == ["c.json"]


def test_a_frame_with_an_absurd_timestamp_costs_no_call(tmp_path):
    observer = FlowsObserver(call_id="c", sinks=[JSONFileSink(tmp_path)])

    async def main():
        await observer.on_push_frame(pushed(heard("a"), 1))
        await observer.on_push_frame(
            FramePushed(source=None, destination=None, frame=heard("b"), direction=DOWN, timestamp=10**24)
        )
        await observer.cleanup()

    asyncio.run(main())

    assert kept(tmp_path) == ["c.json"]
