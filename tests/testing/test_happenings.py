"""What the scripted services and the loudspeaker tell of a call."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.filters.identity_filter import IdentityFilter

from flows_analytics.testing import BotActivity, ScriptedBot, ScriptedLLM, run_virtual, says, user
from tests.bots import node
from tests.testing.flows_line import FlowManager


def hold(steps, **options):
    async def main():
        happenings = []
        bot = ScriptedBot(flow_manager_class=FlowManager, on_happening=happenings.append, **options)
        await bot.run(node("only"), steps)
        return bot, happenings

    return run_virtual(main)


def test_the_life_of_a_spoken_answer_is_told_from_the_request_to_the_last_sample():
    _, happenings = hold([says("Hello there.")])

    played = [happening for happening in happenings if happening.what == "audio_played"]
    others = [happening.what for happening in happenings if happening.what != "audio_played"]
    assert others == [
        "clock_started",
        "connected",
        "llm_asked",
        "llm_answered",
        "llm_done",
        "tts_asked",
        "tts_audio",
        "tts_done",
    ]
    (audio,) = [happening for happening in happenings if happening.what == "tts_audio"]
    assert [(word.word, word.at, word.until) for word in audio.words] == [
        ("Hello", 0.0, 0.301),
        ("there.", 0.301, 0.602),
    ]
    assert {word.mark for chunk in played for word in chunk.words} == {word.mark for word in audio.words}
    pauses = [following.at - chunk.until for chunk, following in pairwise(played)]
    assert pauses == pytest.approx([0.0] * len(pauses), abs=1e-6)


def test_a_bot_whose_happenings_nobody_watches_plays_the_same():
    async def main():
        bot = ScriptedBot(flow_manager_class=FlowManager)
        await bot.run(node("only"), [says("Hello there."), user("Hi"), says("Bye.")])
        return asyncio.get_running_loop().time()

    unwatched = run_virtual(main)

    async def watched():
        bot = ScriptedBot(flow_manager_class=FlowManager, on_happening=lambda _: None)
        await bot.run(node("only"), [says("Hello there."), user("Hi"), says("Bye.")])
        return asyncio.get_running_loop().time()

    assert run_virtual(watched) == unwatched


def test_word_marks_begin_anew_before_a_sample_overflows():
    activity = BotActivity()

    marks = [activity.mark_word() for _ in range(30_001)]

    assert (marks[0], marks[-2], marks[-1]) == (1, 30_000, 1)


def test_an_llm_asked_beside_the_conversation_answers_with_its_summary():
    async def main():
        return await ScriptedLLM(summary="All about pizza.").run_inference(LLMContext())

    assert run_virtual(main) == "All about pizza."


def test_processors_can_be_arranged_and_the_worker_told_options():
    added = IdentityFilter()

    def arrange(bot):
        line = [bot.transport.input(), bot.stt, bot.context_aggregator.user(), bot.llm, added, bot.tts]
        return [*line, bot.transport.output(), bot.context_aggregator.assistant()]

    options = {"params": PipelineParams(), "conversation_id": "given"}
    bot, happenings = hold([says("Hello.")], arrange=arrange, worker_options=options)

    assert added.get_clock().get_time() > 0
    assert not bot.worker.params.enable_metrics
    assert "audio_played" in {happening.what for happening in happenings}
