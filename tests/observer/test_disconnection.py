"""Why a call was over: every way in which Pipecat ends one, and what the bot itself says of it."""

from __future__ import annotations

import asyncio
from enum import Enum

import pytest
from pipecat.frames.frames import CancelFrame, EndFrame, StopFrame
from pipecat.processors.frame_processor import FrameProcessor

from flows_analytics import FlowsObserver
from flows_analytics.calls.ending import DisconnectionReason
from flows_analytics.testing import ScriptedBot, calls, hangs_up, run_virtual, says, silence, user
from tests.bots import PIZZA_CALL, edge, end_node, hold_call, hold_pizza_call, initial_node, node
from tests.observer.test_endings import Keeping
from tests.observer.test_events import DailySIPTransferFrame, prompt_when_idle
from tests.testing.flows_line import FlowManager

TALK = [says("Hi"), user("x"), says("y")]
WAITING = [says("Hi"), user("x", after=60)]


def attach_transport(held):
    held.observer.attach_transport(held.bot.transport)


def later(held, secs, action):
    async def wait():
        await asyncio.sleep(secs)
        await action()

    held.seen.setdefault("tasks", []).append(asyncio.get_running_loop().create_task(wait()))


def ending(record):
    told = record.disconnection
    return record.status, record.end_reason, (told.reason, told.source), record.exit_kind


# --- the ways in which Pipecat ends a call


def test_a_flow_that_ends_the_conversation_hangs_up():
    record = hold_pizza_call(prepare=attach_transport).record

    assert ending(record) == ("completed", None, ("agent_hangup", "moments"), "end")


@pytest.mark.parametrize("when", ["pre_actions", "post_actions"])
@pytest.mark.parametrize("immediately", [True, False])
def test_wherever_a_node_has_the_action_that_ends_the_conversation_the_bot_hung_up(when, immediately):
    last = node(
        "end", respond_immediately=immediately, **{when: [{"type": "end_conversation", "text": "Goodbye"}]}
    )
    steps = [says("Hi"), user("x"), calls("go"), *([says("So long")] if immediately else [])]
    record = hold_call(node("ask", edge("go", last)), steps).record

    assert record.path == ("ask", "end")
    assert ending(record) == ("completed", None, ("agent_hangup", "moments"), "end")


def test_an_end_frame_of_the_bots_own_ends_the_call_without_saying_who():
    record = hold_call(initial_node(), TALK, prepare=attach_transport).record

    assert ending(record) == ("completed", None, ("unknown", None), "end")


def test_a_stop_frame_completes_the_call():
    def prepare(held):
        later(held, 5.0, lambda: held.bot.worker.queue_frame(StopFrame()))

    record = hold_call(initial_node(), WAITING, prepare=prepare).record

    assert ending(record) == ("completed", None, ("unknown", None), "end")
    assert record.events[-1].terminal == "stop"


@pytest.mark.parametrize("noise", ["runner exiting", "interrupt signal"])
@pytest.mark.parametrize("attached", [False, True])
def test_what_pipecat_says_for_want_of_a_reason_is_no_hang_up(noise, attached):
    def prepare(held):
        if attached:
            attach_transport(held)
        later(held, 5.0, lambda: held.bot.worker.cancel(reason=noise))

    record = hold_call(initial_node(), WAITING, prepare=prepare).record

    assert ending(record) == ("cancelled", noise, ("unknown", None), "cancelled")


@pytest.mark.parametrize(
    ("attached", "kind", "told"),
    [(True, "hangup", ("user_hangup", "moments")), (False, "cancelled", ("unknown", None))],
)
def test_a_hang_up_that_the_bot_answers_with_a_plain_cancel(attached, kind, told):
    prepare = attach_transport if attached else None
    record = hold_call(initial_node(), [*TALK, hangs_up()], prepare=prepare).record

    assert record.status == "cancelled"
    assert (record.disconnection.reason, record.disconnection.source) == told
    assert (record.exit_kind, record.visits[-1].exit_kind) == (kind, kind)


@pytest.mark.parametrize("frame", [EndFrame, StopFrame])
def test_a_hang_up_that_the_bot_answers_with_an_end_frame_is_a_hang_up(frame):
    def prepare(held):
        attach_transport(held)
        transport, worker = held.bot.transport, held.bot.worker

        async def vanish():
            transport._event_handlers["on_client_disconnected"].handlers[1:] = []
            transport.add_event_handler(
                "on_client_disconnected", lambda *_: asyncio.ensure_future(worker.queue_frame(frame()))
            )
            await transport.hang_up()

        later(held, 5.0, vanish)

    record = hold_call(initial_node(), WAITING, prepare=prepare).record

    assert ending(record) == ("completed", None, ("user_hangup", "moments"), "hangup")


@pytest.mark.parametrize(
    ("attached", "kind", "told"),
    [(True, "hangup", ("user_hangup", "moments")), (False, "timeout", ("timeout", "frame"))],
)
def test_a_hang_up_that_the_bot_ignores_until_it_idles(attached, kind, told):
    def prepare(held):
        if attached:
            attach_transport(held)

        async def vanish():
            held.bot.transport._event_handlers["on_client_disconnected"].handlers[int(attached) :] = []
            await held.bot.transport.hang_up()

        later(held, 8.0, vanish)

    record = hold_call(initial_node(), [*TALK, silence(1000)], prepare=prepare).record

    assert ending(record) == ("cancelled", "idle timeout", told, kind)
    assert record.duration_ms > 300_000


def test_a_client_that_leaves_because_the_bot_ends_the_call_has_not_hung_up():
    class Closing(FrameProcessor):
        """Closes the connection when the call is cancelled, as transports do."""

        async def process_frame(self, frame, direction):
            await super().process_frame(frame, direction)
            if isinstance(frame, CancelFrame):
                await asyncio.sleep(0.05)
                await seen["bot"].transport.hang_up()
                await asyncio.sleep(0.05)
            await self.push_frame(frame, direction)

    seen = {}

    def prepare(held):
        seen["bot"] = held.bot
        attach_transport(held)
        later(held, 5.0, held.bot.worker.cancel)

    record = hold_call(
        initial_node(),
        WAITING,
        prepare=prepare,
        flow_options={"arrange": lambda bot: [*bot.processors, Closing()]},
    ).record

    assert [event.kind for event in record.events].count("client_disconnected") == 1
    assert ending(record) == ("cancelled", None, ("unknown", None), "cancelled")
    assert record.events[-1].lag_ms == pytest.approx(100, abs=5)


def test_an_exception_in_a_processor_ends_nothing():
    class Broken(FrameProcessor):
        async def process_frame(self, frame, direction):
            await super().process_frame(frame, direction)
            if type(frame).__name__ == "TranscriptionFrame":
                raise RuntimeError("broken")
            await self.push_frame(frame, direction)

    def arrange(bot):
        return [*bot.processors[:2], Broken(), *bot.processors[2:]]

    record = hold_call(
        initial_node(), [says("Hi"), user("x"), silence(3)], flow_options={"arrange": arrange}
    ).record

    assert record.status == "completed"
    (error,) = [event for event in record.events if event.kind == "error"]
    assert not error.fatal


def test_a_cancel_that_a_processor_swallows_still_ends_the_call():
    class Swallowing(FrameProcessor):
        async def process_frame(self, frame, direction):
            await super().process_frame(frame, direction)
            if not isinstance(frame, CancelFrame):
                await self.push_frame(frame, direction)

    def prepare(held):
        attach_transport(held)

    sink = Keeping()
    record = hold_call(
        initial_node(),
        [*TALK, hangs_up()],
        prepare=prepare,
        sinks=[sink],
        flow_options={"arrange": lambda bot: [*bot.processors, Swallowing()]},
    ).record

    assert ending(record)[0] == "cancelled"
    assert ending(record)[2:] == (("user_hangup", "moments"), "hangup")
    assert sink.records == [record]


def test_a_bot_whose_task_is_cancelled_is_no_hang_up():
    async def main():
        from pipecat.workers.runner import WorkerRunner

        observer = FlowsObserver(strict=True)
        bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
        observer.attach_transport(bot.transport)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(bot.worker)
        running = asyncio.create_task(runner.run())
        await asyncio.sleep(2.0)
        running.cancel()
        await asyncio.wait([running], timeout=60)
        return observer.record

    assert ending(run_virtual(main)) == ("cancelled", "runner exiting", ("unknown", None), "cancelled")


def test_a_runner_that_is_told_to_end_is_no_hang_up():
    async def main():
        from pipecat.workers.runner import WorkerRunner

        observer = FlowsObserver(strict=True)
        bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(bot.worker)
        running = asyncio.create_task(runner.run())
        await asyncio.sleep(2.0)
        await runner.end()
        await asyncio.wait([running], timeout=60)
        return observer.record

    assert ending(run_virtual(main)) == ("cancelled", "runner exiting", ("unknown", None), "cancelled")


def test_a_fatal_error_is_an_error_whatever_else_is_known():
    def prepare(held):
        attach_transport(held)
        later(held, 5.0, lambda: held.bot.llm.push_error("quota exceeded", fatal=True))

    record = hold_call(initial_node(), WAITING, prepare=prepare).record

    assert (record.status, record.exit_kind) == ("error", "error")
    assert (record.disconnection.reason, record.disconnection.source) == ("error", "moments")


def test_a_caller_who_stays_idle_until_the_bot_ends_the_call_timed_out():
    def prepare(held):
        prompt_when_idle(held)
        later(held, 12.0, held.bot.worker.stop_when_done)

    record = hold_call(
        initial_node(),
        [says("Hi"), silence(100)],
        prepare=prepare,
        flow_options={"user_idle_timeout": 5.0},
    ).record

    assert ending(record) == ("completed", None, ("timeout", "moments"), "timeout")
    assert len(record.idles) >= 1


def test_a_caller_who_is_passed_on_was_transferred():
    def prepare(held):
        attach_transport(held)
        frame = DailySIPTransferFrame(settings={"toEndPoint": "sip:sales@example.com"})
        later(held, 8.0, lambda: held.bot.worker.queue_frame(frame))

    record = hold_call(initial_node(), [*TALK, hangs_up(after=6.0)], prepare=prepare).record

    assert ending(record)[2:] == (("transfer", "moments"), "transfer")


# --- what the bot says


class Cause(Enum):
    NORMAL = "user_hangup"


@pytest.mark.parametrize(
    ("answer", "kept", "kind"),
    [
        ("user_hangup", "user_hangup", "hangup"),
        (DisconnectionReason.TIMEOUT, "timeout", "timeout"),
        (Cause.NORMAL, "user_hangup", "hangup"),
        ("  carrier said 486  ", "carrier said 486", "end"),
        (None, None, "end"),
        ("", None, "end"),
        ("   ", None, "end"),
        ("unknown", "unknown", "end"),
    ],
)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_the_resolver_says_is_kept(answer, kept, kind, asynchronous):
    async def later():
        await asyncio.sleep(1.0)
        return answer

    resolver = later if asynchronous else lambda: answer
    sink = Keeping()
    record = hold_pizza_call(sinks=[sink], disconnection_reason_resolver=resolver).record

    assert (record.disconnection_reason, record.exit_kind, record.visits[-1].exit_kind) == (kept, kind, kind)
    assert sink.records == [record]
    assert record.disconnection.source == ("moments" if kept in (None, "unknown") else "resolver")
    assert record.health.ok


@pytest.mark.parametrize("silent", [None, "", "unknown", DisconnectionReason.UNKNOWN])
def test_the_resolver_is_asked_at_the_first_terminal_frame_and_again_at_the_finish(silent):
    asked = []

    def resolver():
        asked.append(asyncio.get_running_loop().time())
        return silent if len(asked) == 1 else "user_hangup"

    record = hold_pizza_call(disconnection_reason_resolver=resolver).record

    assert record.disconnection_reason == "user_hangup"
    assert len(asked) == 2
    # The end was asked for before the goodbye was spoken.
    assert record.events[-1].lag_ms > 500
    assert (asked[1] - asked[0]) * 1000 == pytest.approx(record.events[-1].lag_ms, abs=100)


def test_the_first_meaningful_answer_wins_and_nobody_is_asked_again():
    answers = iter(["agent_hangup", "user_hangup"])
    record = hold_pizza_call(disconnection_reason_resolver=lambda: next(answers)).record

    assert record.disconnection_reason == "agent_hangup"
    assert next(answers) == "user_hangup"


def test_a_coroutine_function_is_asked_once():
    asked = []

    class Carrier:
        async def __call__(self):
            asked.append(True)
            return "user_hangup"

    record = hold_pizza_call(disconnection_reason_resolver=Carrier()).record

    assert (record.disconnection_reason, len(asked)) == ("user_hangup", 1)


def test_a_plain_function_that_gives_something_to_await_is_waited_for():
    async def ask_carrier():
        return "user_hangup"

    record = hold_pizza_call(disconnection_reason_resolver=lambda: ask_carrier()).record  # noqa: PLW0108  # it is a plain function

    assert record.disconnection_reason == "user_hangup"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_resolver_that_raises_costs_nothing_and_is_counted(asynchronous, caplog):
    def broken():
        raise LookupError("caller said hello")

    async def broken_later():
        broken()

    sink = Keeping()
    resolver = broken_later if asynchronous else broken
    record = hold_pizza_call(sinks=[sink], disconnection_reason_resolver=resolver).record

    assert record.disconnection_reason is None
    assert record.exit_kind == "end"
    assert record.health.count("resolver_failed") == (1 if asynchronous else 2)
    assert "LookupError" in record.health.losses["resolver_failed"].why
    assert sink.records == [record]
    assert "caller said" not in caplog.text


def test_a_resolver_that_hangs_holds_the_call_no_longer_than_the_sinks_may():
    async def hanging():
        try:
            await asyncio.sleep(10_000)
        except asyncio.CancelledError:
            await asyncio.sleep(10_000)

    told = []

    def prepare(held):
        held.observer.add_event_handler(
            "on_call_recorded", lambda *_: told.append(asyncio.get_running_loop().time())
        )
        held.bot.worker.add_event_handler(
            "on_pipeline_finished", lambda *_: told.append(asyncio.get_running_loop().time())
        )

    record = hold_pizza_call(prepare=prepare, disconnection_reason_resolver=hanging, sink_timeout_secs=4.0).record

    assert record.health.count("resolver_failed") == 1
    finished, recorded = told
    assert recorded - finished == pytest.approx(4.0, abs=0.2)


def test_whoever_flushes_a_call_asks_the_resolver_too():
    def prepare(held):
        later(held, 6.0, held.observer.aflush)

    record = hold_pizza_call(prepare=prepare, disconnection_reason_resolver=lambda: "user_hangup").record

    assert (record.status, record.disconnection_reason, record.exit_kind) == ("cancelled", "user_hangup", "hangup")


def test_the_reason_is_in_the_document_and_reads_back(tmp_path):
    from flows_analytics import CallRecord

    record = hold_call(
        initial_node(), [*PIZZA_CALL, hangs_up()], disconnection_reason_resolver=lambda: "user_hangup"
    ).record
    read = CallRecord.load(record.save(tmp_path / "call.json"))

    assert read.disconnection == record.disconnection
    assert read.summary.disconnection.reason == "user_hangup"
    assert end_node()["name"] == record.path[-1]
