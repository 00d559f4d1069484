"""Calls in which something goes wrong or ends early: what was said and done until then is recorded as it was."""

from __future__ import annotations

import asyncio

import pytest
from pipecat.frames.frames import LLMContextFrame, TranscriptionFrame
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.frame_processor import FrameProcessor

from flows_analytics.testing import ScriptedTTS, calls, fails, hangs_up, says, silence, user
from tests.bots import end_node, node
from tests.topologies.agreement import TOLERANCE_MS, assert_agrees
from tests.topologies.bots import PIZZA_PATH, PIZZA_STEPS, assert_pizza_call, hold, pizza_flow


class Stumbles(FrameProcessor):
    """Does something at the n-th frame of a kind, once; everything passes."""

    def __init__(self, kind, nth, act):
        super().__init__()
        self._kind, self._left, self._act = kind, nth, act

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, self._kind):
            self._left -= 1
            if self._left == 0:
                await self.push_frame(frame, direction)
                await self._act(self)
                return
        await self.push_frame(frame, direction)


def with_processor(make):
    def arrange(bot):
        aggregators = bot.context_aggregator
        bot.stumbles = make(bot)
        return [
            bot.transport.input(),
            bot.stt,
            bot.stumbles,
            aggregators.user(),
            bot.llm,
            bot.tts,
            bot.transport.output(),
            aggregators.assistant(),
        ]

    return arrange


def errors(call):
    return [event for event in call.record.events if event.kind == "error"]


def test_a_call_without_metrics_is_recorded_as_it_was():
    call = hold(pizza_flow, PIZZA_STEPS, worker_options={"params": PipelineParams()})

    assert_pizza_call(call)


def test_an_exception_in_a_processor_is_recorded_and_the_call_goes_on():
    async def raises(processor):
        raise RuntimeError("broken pipe")

    call = hold(
        pizza_flow, PIZZA_STEPS, arrange=with_processor(lambda bot: Stumbles(TranscriptionFrame, 2, raises))
    )

    assert_pizza_call(call)
    (error,) = errors(call)
    assert "broken pipe" in error.message
    assert (error.processor, error.fatal) == (call.bot.stumbles.name, False)
    assert error.at_ms == pytest.approx(call.truth.caller[1].transcribed_ms, abs=TOLERANCE_MS)
    assert call.record.end_reason is None


def test_a_fatal_error_ends_the_call_as_an_error_with_everything_until_then():
    async def dies(processor):
        await asyncio.sleep(0.002)
        await processor.push_error("out of credit", fatal=True)

    call = hold(pizza_flow, PIZZA_STEPS, arrange=with_processor(lambda bot: Stumbles(TranscriptionFrame, 3, dies)))

    assert call.record.path == PIZZA_PATH[:2]
    assert call.record.status == "error"
    assert call.record.visits[-1].exit_kind == "error"
    assert_agrees(call.record, call.truth)
    assert [(error.message, error.fatal) for error in errors(call)] == [("out of credit", True)]
    assert call.record.duration_ms == pytest.approx(call.truth.caller[-1].transcribed_ms, abs=TOLERANCE_MS)


def test_a_call_that_is_cancelled_while_the_bot_speaks_ends_its_turn_with_the_call():
    at = {}

    def prepare(call):
        async def cancel(*_):
            await asyncio.sleep(1.5)
            at["ms"] = call.truth.at_ms(asyncio.get_running_loop().time())
            await call.bot.worker.cancel(reason="shift over")

        call.bot.transport.add_event_handler("on_client_connected", cancel)

    call = hold(pizza_flow, PIZZA_STEPS[:1], prepare=prepare)

    assert call.record.path == ("greet",)
    assert (call.record.status, call.record.end_reason) == ("cancelled", "shift over")
    assert call.record.duration_ms == pytest.approx(at["ms"], abs=TOLERANCE_MS)
    (turn,) = call.record.turns
    (speech,) = call.truth.bot
    assert turn.text == speech.heard == "Hello there. What"
    assert turn.start_ms == pytest.approx(speech.start_ms, abs=TOLERANCE_MS)
    assert turn.end_ms == pytest.approx(speech.end_ms, abs=TOLERANCE_MS)
    assert call.record.health.ok


def test_a_caller_who_hangs_up_while_speaking_ends_with_the_call():
    steps = [says("Hello there. What would you like to eat?"), hangs_up(after=0.8, while_bot_speaks=True)]
    call = hold(pizza_flow, steps)

    assert call.record.status == "cancelled"
    (turn,) = call.record.turns
    (speech,) = call.truth.bot
    assert turn.text == speech.heard == "Hello there. What"
    assert turn.end_ms == pytest.approx(speech.end_ms, abs=TOLERANCE_MS)


def test_an_idle_call_is_ended_by_the_pipeline_and_says_so():
    steps = [says("Hello there. What would you like?"), silence(60.0)]
    call = hold(pizza_flow, steps, worker_options={"idle_timeout_secs": 20})

    assert call.record.path == ("greet",)
    assert (call.record.status, call.record.end_reason) == ("cancelled", "idle timeout")
    assert call.record.visits[-1].exit_kind == "timeout"
    assert_agrees(call.record, call.truth)
    # Pipecat counts from the last frame that showed life: the end of the bot's speech.
    assert call.record.duration_ms == pytest.approx(call.truth.bot[0].sounded_until_ms + 20_000, abs=300)


def test_an_llm_that_fails_leaves_a_gap_and_no_turn():
    steps = [
        says("Hello there."),
        user("A pizza please"),
        fails("overloaded"),
        user("Are you there"),
        calls("choose_pizza"),
        says("Which size?"),
        user("Large"),
        calls("finish"),
        says("Goodbye!"),
    ]
    call = hold(pizza_flow, steps, patience=4.0)

    assert call.script.leftover == ()
    assert call.record.path == PIZZA_PATH
    assert_agrees(call.record, call.truth)
    assert [(error.message, error.fatal) for error in errors(call)] == [("overloaded", False)]


class FailingTTS(ScriptedTTS):
    """Cannot say one of the texts."""

    async def run_tts(self, text, context_id):
        if text == "This is lost.":
            await self.push_error("no such voice")
            return
        async for frame in super().run_tts(text, context_id):
            yield frame


def test_words_that_the_speech_service_failed_to_say_are_no_turn():
    # Pipecat releases the text of a context without audio all the same, a few seconds later.
    def arrange(bot):
        bot.tts = FailingTTS(pace=bot.pace, activity=bot.activity)
        return with_processor(lambda bot: Stumbles(LLMContextFrame, 0, None))(bot)

    async def finish(flow_manager):
        """Finish."""
        return "ok", end_node()

    steps = [
        says("Hello there."),
        user("A pizza please"),
        says("This is lost."),
        user("Are you still there", after=6.0),
        says("Yes. I am here."),
        user("Fine"),
        calls("finish"),
        says("Goodbye!"),
    ]
    call = hold(lambda call: node("first", call.truth.tool(finish)), steps, arrange=arrange, patience=4.0)

    assert call.script.leftover == ()
    assert [speech.heard for speech in call.truth.bot] == ["Hello there.", "Yes. I am here.", "Goodbye!"]
    assert_agrees(call.record, call.truth)
    assert errors(call)[0].message == "no such voice"


@pytest.mark.parametrize("outcome", ["raised", "cancelled"])
def test_a_function_that_does_not_return_is_recorded_once_with_its_time(outcome):
    begun = asyncio.Event()

    def flow(call):
        async def stumble(flow_manager):
            """Stumble."""
            begun.set()
            await asyncio.sleep(0.9)
            raise ValueError("no such size")

        async def finish(flow_manager):
            """Finish."""
            return "ok", end_node()

        tool = call.truth.tool
        return node("first", tool(stumble), tool(finish))

    if outcome == "raised":
        steps = [
            says("Hello there."),
            user("A pizza please"),
            calls("stumble"),
            says("That went wrong."),
            user("Bye"),
            calls("finish"),
            says("Goodbye!"),
        ]
    else:
        steps = [says("Hello there."), user("A pizza please"), calls("stumble"), hangs_up(after=0.0)]

    def prepare(call):
        if outcome == "cancelled":

            async def cancel_in_the_middle(*_):
                await begun.wait()
                await asyncio.sleep(0.4)
                await call.bot.worker.cancel(reason="shift over")

            call.bot.transport.add_event_handler("on_client_connected", cancel_in_the_middle)

    call = hold(flow, steps, prepare=prepare)

    run = call.truth.tools[0]
    recorded = call.record.tool_calls[0]
    assert len(call.record.tool_calls) == len(call.truth.tools)
    assert recorded.started_ms == pytest.approx(run.began_ms, abs=TOLERANCE_MS)
    if outcome == "raised":
        assert run.outcome == "raised"
        assert recorded.ended_ms == pytest.approx(run.ended_ms, abs=TOLERANCE_MS)
        assert "no such size" in (recorded.error or "")
        assert_agrees(call.record, call.truth)
    else:
        assert recorded.outcome == "unfinished"
        assert call.record.status == "cancelled"
