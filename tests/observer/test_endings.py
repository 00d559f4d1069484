"""How a call ends, and that it is delivered whatever happens."""

from __future__ import annotations

import asyncio
import json

import pytest

from flows_analytics import CallRecord, FlowsObserver, JSONFileSink
from flows_analytics.testing import ScriptedBot, hangs_up, run_virtual, says, user
from tests.bots import PIZZA_PATH, hold_call, hold_pizza_call, initial_node
from tests.testing.flows_line import FlowManager


class Keeping:
    """A sink that keeps what it is given."""

    def __init__(self):
        self.records: list[CallRecord] = []
        self.closed = 0

    async def deliver(self, record):
        self.records.append(record)

    async def close(self):
        self.closed += 1


class Raising(Keeping):
    async def deliver(self, record):
        raise OSError("disk on fire: caller said hello")


class Hanging(Keeping):
    async def deliver(self, record):
        try:
            await asyncio.sleep(10_000)
        except asyncio.CancelledError:
            await asyncio.sleep(10_000)


def test_a_goodbye_spoken_after_the_end_frame_passed_is_recorded():
    record = hold_pizza_call().record

    goodbye = record.turns[-1]
    assert goodbye.text == "Thank you, goodbye!"
    assert record.visits[goodbye.visit].node == "end"
    assert goodbye.end_ms <= record.duration_ms


def test_a_completed_call_is_delivered_once():
    sink = Keeping()
    held = hold_pizza_call(sinks=[sink])

    (delivered,) = sink.records
    assert delivered == held.record
    assert delivered.status == "completed"
    assert sink.closed == 1


def test_a_cancelled_call_is_delivered():
    sink = Keeping()
    hold_call(initial_node(), [says("Hi"), user("x"), hangs_up()], sinks=[sink])

    (delivered,) = sink.records
    assert (delivered.status, delivered.path) == ("cancelled", ("initial",))


def test_the_reason_of_a_cancel_becomes_the_end_reason():
    def prepare(held):
        asyncio.get_running_loop().call_later(
            5.0, lambda: asyncio.ensure_future(held.bot.worker.cancel(reason="idle timeout"))
        )

    record = hold_call(initial_node(), [says("Hi"), user("x", after=60)], prepare=prepare).record

    assert (record.status, record.end_reason, record.exit_kind) == ("cancelled", "idle timeout", "timeout")
    assert record.visits[-1].exit_kind == "timeout"


@pytest.mark.parametrize("bad", [Raising, Hanging])
def test_a_sink_that_raises_or_hangs_costs_no_other_sink_and_is_counted(bad, caplog):
    good, told = Keeping(), []

    def prepare(held):
        held.observer.add_event_handler("on_call_recorded", lambda _, record: told.append(record))

    held = hold_pizza_call(sinks=[bad(), good], sink_timeout_secs=5.0, prepare=prepare)

    assert [record.path for record in good.records] == [PIZZA_PATH]
    assert [record.path for record in told] == [PIZZA_PATH]
    code = "sink_failed" if bad is Raising else "sink_timeout"
    assert held.observer.health.count(code) == 1
    assert "caller said" not in caplog.text


def test_a_handler_of_on_call_recorded_that_raises_costs_nothing():
    sink = Keeping()

    def prepare(held):
        async def handler(observer, record):
            raise RuntimeError("mine")

        held.observer.add_event_handler("on_call_recorded", handler)

    hold_pizza_call(sinks=[sink], prepare=prepare)

    assert len(sink.records) == 1


def test_pipecat_waits_for_a_slow_handler_of_on_call_recorded():
    done = []

    def prepare(held):
        async def handler(observer, record):
            await asyncio.sleep(2.0)
            done.append(record.path)

        held.observer.add_event_handler("on_call_recorded", handler)

    hold_pizza_call(prepare=prepare)

    assert done == [PIZZA_PATH]


def test_aflush_ends_the_recording_once_with_its_own_time_and_reason():
    sink = Keeping()

    def prepare(held):
        async def vanish():
            await asyncio.sleep(6.0)
            await asyncio.gather(*(held.observer.aflush(reason="client-disconnected") for _ in range(3)))
            await held.observer.aflush(reason="again")

        held.seen["task"] = asyncio.get_running_loop().create_task(vanish())

    held = hold_pizza_call(sinks=[sink], prepare=prepare)

    (delivered,) = sink.records
    assert (delivered.status, delivered.end_reason) == ("cancelled", "client-disconnected")
    assert delivered.duration_ms == pytest.approx(6000, abs=5)
    assert delivered.visits[-1].exit_kind == "hangup"
    assert delivered.path == PIZZA_PATH[:2]
    # The call went on; what came later was not recorded but counted.
    assert held.observer.health.count("after_end") > 0
    assert held.record.path == PIZZA_PATH[:2]


def test_a_fatal_error_makes_the_status_error():
    def prepare(held):
        asyncio.get_running_loop().call_later(
            5.0, lambda: asyncio.ensure_future(held.bot.llm.push_error("quota exceeded", fatal=True))
        )

    record = hold_call(initial_node(), [says("Hi"), user("x", after=60)], prepare=prepare).record

    assert (record.status, record.exit_kind) == ("error", "error")
    (error,) = [event for event in record.events if event.kind == "error"]
    assert (error.message, error.fatal) == ("quota exceeded", True)
    assert error.processor.startswith("ScriptedLLM")


def test_an_error_that_ends_nothing_is_a_moment_only():
    from flows_analytics.testing import fails

    steps = [says("Hi"), user("x"), fails("try again"), user("Hello?"), says("Sorry"), user("bye"), hangs_up()]
    record = hold_call(initial_node(), steps).record

    assert [event.message for event in record.events if event.kind == "error"] == ["try again"]
    assert record.status == "cancelled"


def test_a_call_cancelled_before_the_pipeline_started_is_delivered():
    sink = Keeping()

    async def main():
        from pipecat.workers.runner import WorkerRunner

        observer = FlowsObserver(sinks=[sink], strict=True)
        bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
        observer.attach_flow_manager(bot.flow_manager)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(bot.worker)
        running = asyncio.create_task(runner.run())
        await asyncio.sleep(0)
        await runner.cancel()
        await asyncio.wait([running], timeout=60)

    run_virtual(main)

    (delivered,) = sink.records
    assert delivered.status == "cancelled"
    assert delivered.path == ()


def test_a_call_delivered_to_a_directory_is_on_disk_and_reads_back(tmp_path):
    held = hold_pizza_call(call_id="order-1", sinks=[JSONFileSink(tmp_path / "calls")])

    (file,) = (tmp_path / "calls").iterdir()
    assert file.name == "order-1.json"
    assert CallRecord.load(file) == held.record
    assert json.loads(file.read_text())["summary"]["path"] == list(PIZZA_PATH)
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_interrupted_answer_is_recorded_as_far_as_it_was_heard():
    from flows_analytics.testing import interrupts

    long_answer = "one two three four five six seven eight nine ten eleven twelve"
    steps = [says(long_answer), interrupts("stop it", after=1.5), says("All right"), user("bye"), hangs_up()]
    record = hold_call(initial_node(), steps).record

    first = record.turns[0]
    assert first.interrupted
    assert long_answer.startswith(first.text)
    assert 0 < len(first.text) < len(long_answer)
    assert [turn.interrupted for turn in record.turns[1:]] == [False] * (len(record.turns) - 1)
    assert sum(event.kind == "interrupted" for event in record.events) == 1


def test_a_caller_who_speaks_while_the_bot_is_silent_interrupts_nothing():
    record = hold_pizza_call().record

    assert not any(event.kind == "interrupted" for event in record.events)
