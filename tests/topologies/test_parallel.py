"""Pipelines with branches: services inside them, and a second LLM beside the one that speaks."""

from __future__ import annotations

import pytest
from pipecat.frames.frames import LLMFullResponseEndFrame, LLMFullResponseStartFrame, LLMTextFrame
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.sync_parallel_pipeline import SyncParallelPipeline
from pipecat.processors.frame_processor import FrameProcessor

from flows_analytics.testing import Script, ScriptedLLM, says
from tests.topologies.agreement import TOLERANCE_MS, assert_tools_agree
from tests.topologies.bots import PIZZA_PATH, PIZZA_STEPS, assert_pizza_call, hold, pizza_flow

ANSWER = (LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame)


class Pass(FrameProcessor):
    """Passes everything on, or all but some kinds of frames."""

    def __init__(self, *dropped):
        super().__init__()
        self._dropped = dropped

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if not isinstance(frame, self._dropped):
            await self.push_frame(frame, direction)


def classifier(bot):
    """An LLM that answers every context with one word nobody hears."""
    return ScriptedLLM(Script([says("PERSON")] * 20), pace=bot.pace, activity=bot.activity, model="classifier")


def around(bot, *middle):
    return [
        bot.transport.input(),
        bot.stt,
        bot.context_aggregator.user(),
        *middle,
        bot.transport.output(),
        bot.context_aggregator.assistant(),
    ]


def test_the_usual_pipeline_is_recorded_as_it_was():
    assert_pizza_call(hold(pizza_flow, PIZZA_STEPS))


def test_a_speech_service_in_one_of_two_branches_is_recorded_as_it_was():
    def arrange(bot):
        return around(bot, bot.llm, ParallelPipeline([bot.tts], [Pass(*ANSWER)]))

    assert_pizza_call(hold(pizza_flow, PIZZA_STEPS, arrange=arrange))


def test_text_that_bypasses_the_speech_service_is_not_counted_as_spoken():
    # The branch beside passes the LLM's text on to the context. Nobody hears it there.
    def arrange(bot):
        return around(bot, bot.llm, ParallelPipeline([bot.tts], [Pass()]))

    assert_pizza_call(hold(pizza_flow, PIZZA_STEPS, arrange=arrange))


def test_llm_and_speech_service_in_a_branch_beside_an_idle_one_are_recorded_as_they_were():
    def arrange(bot):
        return around(bot, ParallelPipeline([bot.llm, bot.tts], [Pass()]))

    assert_pizza_call(hold(pizza_flow, PIZZA_STEPS, arrange=arrange))


def test_a_recognizer_in_a_branch_is_recorded_as_it_was():
    def arrange(bot):
        aggregators = bot.context_aggregator
        return [
            bot.transport.input(),
            ParallelPipeline([bot.stt], [Pass()]),
            aggregators.user(),
            bot.llm,
            bot.tts,
            bot.transport.output(),
            aggregators.assistant(),
        ]

    assert_pizza_call(hold(pizza_flow, PIZZA_STEPS, arrange=arrange))


def said_or_unsaid(record):
    """What the turns hold; that an LLM wrote something stands in its inference all the same."""
    return " ".join(f"{turn.text} {turn.unspoken}" for turn in record.turns)


def test_an_llm_that_classifies_in_a_branch_beside_says_nothing():
    def arrange(bot):
        return around(bot, ParallelPipeline([bot.llm, bot.tts], [classifier(bot), Pass(*ANSWER)]))

    call = hold(pizza_flow, PIZZA_STEPS, arrange=arrange)

    assert_pizza_call(call)
    assert len({run.llm for run in call.truth.inferences}) == 2
    assert "PERSON" not in said_or_unsaid(call.record)


def test_an_llm_that_classifies_after_the_one_that_speaks_says_nothing():
    # Its branch comes second, and so its inference is the last that began before the bot speaks.
    def arrange(bot):
        side = [classifier(bot), Pass(*ANSWER)]
        return around(bot, ParallelPipeline([bot.llm], side), bot.tts)

    call = hold(pizza_flow, PIZZA_STEPS, arrange=arrange)

    assert_pizza_call(call)
    assert "PERSON" not in said_or_unsaid(call.record)


def test_a_speech_service_in_lockstep_with_another_branch_says_everything_once():
    # Lockstep holds back the audio until the service is done with the sentence, but not the times of its words:
    # by Pipecat itself a word may be released before it sounds. No barge-in here, so no word depends on it.
    def arrange(bot):
        return around(bot, bot.llm, SyncParallelPipeline([bot.tts], [Pass(*ANSWER)]))

    steps = [*PIZZA_STEPS[2:]]
    call = hold(pizza_flow, steps, arrange=arrange)

    assert call.script.leftover == ()
    assert call.record.path == PIZZA_PATH
    recorded = [turn.text for turn in call.record.turns if turn.speaker == "bot"]
    assert " ".join(recorded) == " ".join(speech.heard for speech in call.truth.bot)
    assert_tools_agree(call.record, call.truth)
    first = next(turn for turn in call.record.turns if turn.speaker == "bot")
    assert first.start_ms == pytest.approx(call.truth.bot[0].start_ms, abs=TOLERANCE_MS)


def test_a_branch_within_a_branch_is_recorded_as_it_was():
    def arrange(bot):
        return around(bot, ParallelPipeline([ParallelPipeline([bot.llm], [Pass()]), bot.tts], [Pass()]))

    assert_pizza_call(hold(pizza_flow, PIZZA_STEPS, arrange=arrange))
