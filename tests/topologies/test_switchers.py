"""Services that are exchanged in mid-call: by the bot, or because one fails."""

from __future__ import annotations

import asyncio

import pytest
from pipecat.frames.frames import ManuallySwitchServiceFrame
from pipecat.pipeline.llm_switcher import LLMSwitcher
from pipecat.pipeline.service_switcher import ServiceSwitcher, ServiceSwitcherStrategyFailover
from pipecat.processors.frame_processor import FrameProcessor

from flows_analytics.testing import ScriptedLLM, ScriptedSTT, ScriptedTransport, ScriptedTTS, calls, says, user
from tests.bots import end_node, node
from tests.topologies.agreement import assert_agrees
from tests.topologies.bots import PIZZA_STEPS, assert_pizza_call, hold, pizza_flow


class LLMs(LLMSwitcher):
    """Scripted LLMs that all answer from the script of the call."""

    @property
    def script(self):
        return self.llms[0].script

    @script.setter
    def script(self, script):
        for llm in self.llms:
            llm.script = script


def switching_flow(service_of):
    """The pizza flow; on the way to `end` it switches to the second service."""

    def flow(call):
        async def switch(flow_manager):
            """Switch."""
            await flow_manager.worker.queue_frame(ManuallySwitchServiceFrame(service=service_of(call)))
            await asyncio.sleep(0.5)
            return "switched", end_node()

        async def look_up(flow_manager):
            """Look up."""
            await asyncio.sleep(0.7)
            return "ok", node("second", call.truth.tool(switch))

        return node("first", call.truth.tool(look_up))

    return flow


SWITCHING_STEPS = (
    says("Hello there. What would you like?"),
    user("A pizza please"),
    calls("look_up"),
    says("One moment. Shall I pass you on?"),
    user("Yes please do"),
    calls("switch"),
    says("Here I am. Good night to you!"),
)


def assert_switching_call(call):
    assert call.script.leftover == ()
    assert call.record.path == ("first", "second", "end")
    assert call.record.status == "completed"
    assert_agrees(call.record, call.truth)


def two_voices(bot, strategy=None, first=None):
    voices = [first or bot.tts, ScriptedTTS(pace=bot.pace, activity=bot.activity, model="second-tts")]
    switcher = ServiceSwitcher(voices, **({"strategy_type": strategy} if strategy else {}))
    bot.tts = switcher
    return [
        bot.transport.input(),
        bot.stt,
        bot.context_aggregator.user(),
        bot.llm,
        switcher,
        bot.transport.output(),
        bot.context_aggregator.assistant(),
    ]


def test_a_call_through_a_switcher_that_never_switches_is_recorded_as_it_was():
    assert_pizza_call(hold(pizza_flow, PIZZA_STEPS, arrange=two_voices))


def test_a_voice_that_is_switched_in_mid_call_is_recorded_as_it_was():
    call = hold(switching_flow(lambda call: call.bot.tts.services[1]), SWITCHING_STEPS, arrange=two_voices)

    assert_switching_call(call)
    assert len({speech.tts for speech in call.truth.bot}) == 2


def test_a_recognizer_that_is_switched_in_mid_call_is_recorded_as_it_was():
    def arrange(bot):
        second = ScriptedSTT(pace=bot.pace, activity=bot.activity, model="second-stt")
        switcher = ServiceSwitcher([bot.stt, second])
        bot.stt = switcher

        def expect(text):
            switcher.strategy.active_service.expect(text)

        bot.transport = ScriptedTransport(activity=bot.activity, on_speech=expect)
        return [
            bot.transport.input(),
            switcher,
            bot.context_aggregator.user(),
            bot.llm,
            bot.tts,
            bot.transport.output(),
            bot.context_aggregator.assistant(),
        ]

    def flow(call):
        async def switch(flow_manager):
            """Switch."""
            second = call.bot.stt.services[1]
            await flow_manager.worker.queue_frame(ManuallySwitchServiceFrame(service=second))
            return "switched", node("second", call.truth.tool(finish))

        async def finish(flow_manager):
            """Finish."""
            return "ok", end_node()

        return node("first", call.truth.tool(switch))

    steps = [
        says("Hello there."),
        user("A pizza please"),
        calls("switch"),
        says("Go on."),
        user("A large one"),
        says("Anything else?"),
        user("No thanks"),
        calls("finish"),
        says("Goodbye!"),
    ]
    call = hold(flow, steps, arrange=arrange)

    assert_switching_call(call)
    heard_by = [happening.who for happening in call.truth.happenings if happening.what == "transcribed"]
    assert len(heard_by) == 3
    assert heard_by[0] != heard_by[1] == heard_by[2]


def two_llms(bot):
    llms = [bot.llm, ScriptedLLM(pace=bot.pace, activity=bot.activity, model="second-llm")]
    bot.llm = LLMs(llms=llms)
    return [
        bot.transport.input(),
        bot.stt,
        bot.context_aggregator.user(),
        bot.llm,
        bot.tts,
        bot.transport.output(),
        bot.context_aggregator.assistant(),
    ]


def test_a_flow_on_an_llm_switcher_is_recorded_as_it_was():
    assert_pizza_call(hold(pizza_flow, PIZZA_STEPS, arrange=two_llms))


def test_an_llm_that_is_switched_between_two_nodes_is_recorded_as_it_was():
    call = hold(switching_flow(lambda call: call.bot.llm.llms[1]), SWITCHING_STEPS, arrange=two_llms)

    assert_switching_call(call)
    assert [run.llm for run in call.truth.inferences][-1] != call.truth.inferences[0].llm


class FailingTTS(ScriptedTTS):
    """Cannot say one of the texts, and reports itself unusable then."""

    async def run_tts(self, text, context_id):
        if text == "This is lost.":
            permanent = {"force_treat_as_permanent": True} if hasattr(FrameProcessor, "is_usable") else {}
            await self.push_error("no such voice", **permanent)
            return
        async for frame in super().run_tts(text, context_id):
            yield frame


def test_a_voice_that_fails_over_to_another_is_recorded_as_it_was():
    def arrange(bot):
        failing = FailingTTS(pace=bot.pace, activity=bot.activity)
        return two_voices(bot, ServiceSwitcherStrategyFailover, failing)

    def flow(call):
        async def finish(flow_manager):
            """Finish."""
            return "ok", end_node()

        return node("first", call.truth.tool(finish))

    steps = [
        says("Hello there."),
        user("A pizza please"),
        says("This is lost."),
        user("Are you still there"),
        says("Yes. I am here."),
        user("Fine"),
        calls("finish"),
        says("Goodbye!"),
    ]
    call = hold(flow, steps, arrange=arrange, patience=4.0)

    assert call.script.leftover == ()
    assert [speech.heard for speech in call.truth.bot] == ["Hello there.", "Yes. I am here.", "Goodbye!"]
    assert len({speech.tts for speech in call.truth.bot}) == 2
    assert_agrees(call.record, call.truth)
    (error,) = [event for event in call.record.events if event.kind == "error"]
    assert (error.message, error.fatal) == ("no such voice", False)
    assert call.record.status == "completed"


@pytest.mark.parametrize("after", [0.05, 0.9], ids=["before the answer", "while it is spoken"])
def test_a_switch_while_the_bot_answers_loses_no_turn_and_doubles_none(after):
    def prepare(call):
        async def switch(*_):
            await asyncio.sleep(after)
            second = call.bot.tts.services[1]
            await call.bot.worker.queue_frame(ManuallySwitchServiceFrame(service=second))

        call.bot.transport.add_event_handler("on_client_connected", switch)

    call = hold(pizza_flow, PIZZA_STEPS, arrange=two_voices, prepare=prepare)

    assert call.script.leftover == ()
    assert_agrees(call.record, call.truth)
