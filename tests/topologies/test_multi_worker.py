"""One call, several workers: the transport in one, a router and a flow in others, hand-offs in both directions.

The observer watches the worker that has the transport; the FlowManager belongs to another worker with a clock of
its own. Shaped like Pipecat's own `multi_worker_handoff` example.
"""

from __future__ import annotations

import asyncio

import pytest
from pipecat.bus import BusBridgeProcessor
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.llm import LLMWorker, LLMWorkerActivationArgs, tool
from pipecat.workers.runner import WorkerRunner

from flows_analytics import FlowsObserver
from flows_analytics.testing import (
    BotActivity,
    Pace,
    Script,
    ScriptedCaller,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTransport,
    ScriptedTTS,
    calls,
    hangs_up,
    interrupts,
    run_virtual,
    says,
    user,
)
from tests.bots import node
from tests.testing.flows_line import FlowManager, flows
from tests.topologies.agreement import TOLERANCE_MS, assert_turns_agree
from tests.truth import Truth

NO_RESPONSE = getattr(flows, "NO_RESPONSE", None)


class Router(LLMWorker):
    """Talks freely, and hands over to the flow."""

    truth: Truth

    @tool(cancel_on_interruption=False)
    async def transfer_to_reservation(self, params, reason: str):
        """Transfer the caller.

        Args:
            reason (str): Why.
        """
        await self.activate_worker(
            "reservation",
            args=LLMWorkerActivationArgs(messages=[{"role": "developer", "content": reason}]),
            deactivate_self=True,
            result_callback=params.result_callback,
        )


class HandOffBot:
    """The three workers, and the call they take."""

    def __init__(self, steps, last_node):
        self.truth = Truth()
        self.observer = FlowsObserver(strict=True)
        self.script = Script(steps)
        self.pace = Pace()
        self.activity = BotActivity(self.truth.take)
        self.runner = WorkerRunner(handle_sigint=False)
        self.stt = ScriptedSTT(pace=self.pace, activity=self.activity)
        self.transport = ScriptedTransport(activity=self.activity, on_speech=self.stt.expect)
        strategies = UserTurnStrategies(
            start=[VADUserTurnStartStrategy()],
            stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.307)],
        )
        self.aggregators = LLMContextAggregatorPair(
            LLMContext(), user_params=LLMUserAggregatorParams(user_turn_strategies=strategies)
        )
        self.worker = PipelineWorker(
            Pipeline(
                [
                    self.transport.input(),
                    self.stt,
                    self.aggregators.user(),
                    BusBridgeProcessor(bus=self.runner.bus, worker_name="main", name="main::BusBridge"),
                    ScriptedTTS(pace=self.pace, activity=self.activity),
                    self.transport.output(),
                    self.aggregators.assistant(),
                ]
            ),
            name="main",
            params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
            enable_rtvi=False,
            observers=[self.observer],
        )
        self.router = Router("router", llm=self._llm("router-llm"), bridged=())
        self.reservation = self._reservation(last_node)

    def _llm(self, model):
        return ScriptedLLM(self.script, pace=self.pace, activity=self.activity, model=model)

    def _reservation(self, last_node):
        llm = self._llm("reservation-llm")
        worker = PipelineWorker(Pipeline([llm]), name="reservation", active=False, bridged=(), enable_rtvi=False)
        manager = FlowManager(worker=worker, llm=llm, context_aggregator=self.aggregators)
        self.observer.attach_flow_manager(manager)

        async def set_party_size(flow_manager, size: int):
            """Take the size.

            Args:
                size (int): How many.
            """
            await asyncio.sleep(0.6)
            return {"size": size}, confirm()

        async def transfer_to_router(flow_manager):
            """Hand back."""
            await worker.activate_worker(
                "router",
                args=LLMWorkerActivationArgs(messages=[{"role": "developer", "content": "back"}]),
                deactivate_self=True,
            )
            return {"status": "transferred"}, NO_RESPONSE

        async def finish(flow_manager):
            """Finish."""
            return "booked", last_node

        watched = self.truth.tool

        def party_size():
            return node("party_size", watched(set_party_size), watched(transfer_to_router), role_message="Book.")

        def confirm():
            return node("confirm", watched(finish), watched(transfer_to_router))

        async def end_conversation(action):
            await worker.end(reason="booked")

        manager.register_action("end_conversation", end_conversation)
        begun = []

        @worker.event_handler("on_activated")
        async def on_activated(worker, args):
            if begun:
                await manager.set_node_from_config(party_size())
            else:
                begun.append(True)
                await manager.initialize(party_size())

        return worker

    async def run(self):
        started = asyncio.Event()

        @self.worker.event_handler("on_pipeline_started")
        async def on_pipeline_started(*_):
            started.set()

        @self.transport.event_handler("on_client_connected")
        async def on_client_connected(*_):
            args = LLMWorkerActivationArgs(messages=[{"role": "developer", "content": "Greet."}])
            await self.worker.activate_worker("router", args=args)

        @self.transport.event_handler("on_client_disconnected")
        async def on_client_disconnected(*_):
            await self.runner.cancel()

        await self.runner.add_workers(self.router, self.reservation, self.worker)
        running = asyncio.create_task(self.runner.run())
        await started.wait()
        await self.transport.connect()
        caller = ScriptedCaller(self.script, self.transport, self.activity, pace=self.pace)
        calling = asyncio.create_task(caller.run())
        await asyncio.wait({running}, timeout=300)
        calling.cancel()
        await self.runner.cancel()
        await asyncio.wait({running}, timeout=60)
        return self


def hold(steps, last_node):
    return run_virtual(lambda: HandOffBot(steps, last_node).run())


def test_a_flow_in_another_worker_is_recorded_on_the_axis_of_the_call():
    bot = hold(
        [
            says("Hello there. How can I help you this evening?"),
            interrupts("A table please", after=1.0),
            calls("transfer_to_reservation", reason="table"),
            says("How many are you?"),
            user("Four of us"),
            calls("set_party_size", size=4),
            says("Four it is. Right?"),
            user("Yes"),
            calls("finish"),
            says("See you tonight. Goodbye!"),
            hangs_up(),
        ],
        node("end"),
    )
    record, truth = bot.observer.record, bot.truth

    assert bot.script.leftover == ()
    assert record.path == ("party_size", "confirm", "end")
    assert record.status == "cancelled"
    assert_turns_agree(record, truth)
    assert [call.function for call in record.tool_calls] == ["transfer_to_reservation", "set_party_size", "finish"]
    for call, run in zip(record.tool_calls[1:], truth.tools, strict=True):
        assert (call.started_ms, call.ended_ms) == pytest.approx((run.began_ms, run.ended_ms), abs=TOLERANCE_MS)
    assert [event.seq for event in record.events] == list(range(len(record.events)))
    assert record.health.ok, record.health
    names = [None if turn.visit is None else record.visits[turn.visit].node for turn in record.turns]
    assert names == [None, None, "party_size", "party_size", "confirm", "confirm", "end"]


@pytest.mark.skipif(NO_RESPONSE is None, reason="a flow cannot hand back without NO_RESPONSE (Pipecat 1.6)")
def test_a_hand_back_and_a_second_hand_over_enter_the_node_again():
    bot = hold(
        [
            says("Hello there. How can I help?"),
            user("A table please"),
            calls("transfer_to_reservation", reason="table"),
            says("How many are you?"),
            user("What is the soup today"),
            calls("transfer_to_router"),
            says("Tomato. Shall we go on?"),
            user("Yes a table"),
            calls("transfer_to_reservation", reason="table"),
            says("So how many are you?"),
            user("Four of us"),
            calls("set_party_size", size=4),
            says("Four it is. Right?"),
            user("Yes"),
            calls("finish"),
            says("See you tonight. Goodbye!"),
        ],
        node("end", post_actions=[{"type": "end_conversation"}]),
    )
    record, truth = bot.observer.record, bot.truth

    assert bot.script.leftover == ()
    assert record.path == ("party_size", "party_size", "confirm", "end")
    assert [visit.cause for visit in record.visits] == ["initial", "code", "function", "function"]
    assert_turns_agree(record, truth)
    assert record.health.ok, record.health
    recorded = [call for call in record.tool_calls if call.function != "transfer_to_reservation"]
    assert len(record.tool_calls) == len(truth.tools) + 2
    for call, run in zip(recorded, truth.tools, strict=True):
        assert (call.function, call.started_ms) == (run.function, pytest.approx(run.began_ms, abs=TOLERANCE_MS))
