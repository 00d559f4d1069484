"""Speech that no LLM asked for, and speeches that follow each other closely."""

from __future__ import annotations

import asyncio

import pytest
from pipecat.frames.frames import TTSSpeakFrame

from flows_analytics.testing import calls, interrupts, says, user
from tests.bots import end_node, node
from tests.topologies.agreement import assert_agrees
from tests.topologies.bots import hold


def holding_flow(secs, *lines):
    """`look` says lines and takes its time; the node it leads to says a line before it is entered."""

    def flow(call):
        async def look(flow_manager):
            """Look."""
            for line in lines:
                await flow_manager.worker.queue_frame(TTSSpeakFrame(line))
            await asyncio.sleep(secs)
            return "found", node(
                "found",
                pre_actions=[{"type": "tts_say", "text": "Please hold on a second"}],
                post_actions=[{"type": "end_conversation"}],
            )

        return node("ask", call.truth.tool(look))

    return flow


@pytest.mark.parametrize("secs", [0.1, 1.3, 3.0])
def test_a_holding_line_and_a_line_said_on_entering_a_node_are_turns_of_their_own(secs):
    steps = [says("Hello there."), user("What do you have"), calls("look"), says("Here it is. Goodbye then")]
    call = hold(holding_flow(secs, "One moment please"), steps)

    assert call.script.leftover == ()
    assert call.record.path == ("ask", "found")
    assert [speech.heard for speech in call.truth.bot] == [
        "Hello there.",
        "One moment please",
        "Please hold on a second",
        "Here it is. Goodbye then",
    ]
    assert_agrees(call.record, call.truth)


def test_two_holding_lines_at_once_are_said_once_each():
    # Pipecat 1.4 releases the words of such lines twice: word by word, and once more as a whole.
    steps = [says("Hello there."), user("What do you have"), calls("look"), says("Here it is. Goodbye then")]
    call = hold(holding_flow(0.1, "One moment please", "I am looking it up"), steps)

    heard = " ".join(speech.heard for speech in call.truth.bot)
    assert heard.count("looking") == 1
    assert " ".join(turn.text for turn in call.record.turns if turn.speaker == "bot") == heard


def test_a_holding_line_that_the_caller_cuts_off_keeps_the_words_heard():
    steps = [
        says("Hello there."),
        user("What do you have"),
        calls("look"),
        interrupts("Hurry up please", after=0.7),
        says("Yes. I do."),
    ]

    def flow(call):
        async def look(flow_manager):
            """Look."""
            await flow_manager.worker.queue_frame(TTSSpeakFrame("One moment please while I look it up"))
            await asyncio.sleep(0.3)
            return "found", end_node()

        return node("ask", call.truth.tool(look))

    call = hold(flow, steps)

    cut = next(speech for speech in call.truth.bot if speech.cut)
    assert cut.heard == "One moment please"
    assert_agrees(call.record, call.truth)
