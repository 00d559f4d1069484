"""What recordings of calls are known to get wrong, held on real pipelines: ours gets it right."""

from __future__ import annotations

import asyncio
import logging

import pytest
from loguru import logger
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    EndFrame,
    InputDTMFFrame,
    TranscriptionFrame,
    UserIdleTimeoutUpdateFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMSpecificMessage
from pipecat.processors.frame_processor import FrameDirection
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.utils.time import time_now_iso8601

from flows_analytics import CallRecord, FlowsObserver, JSONFileSink
from flows_analytics.testing import (
    Pace,
    ScriptedBot,
    calls,
    hangs_up,
    interrupts,
    run_virtual,
    says,
    silence,
    user,
)
from flows_analytics.testing.stt import ScriptedSTT
from tests.bots import edge, end_node, hold_call, initial_node, node
from tests.testing.flows_line import FlowManager
from tests.topologies.bots import hold

WITHIN_MS = 20


def said(record):
    return [(turn.speaker, turn.text) for turn in record.turns]


def bots(record):
    return [turn for turn in record.turns if turn.speaker == "bot"]


# What the context holds is not what was said


def test_messages_of_any_role_and_shape_in_the_context_are_nobodys_words():
    def odd(name, *functions):
        config = node(name, *functions)
        config["task_messages"] = [
            {"role": "user", "content": "The user wants to order."},
            {"role": "user", "content": [{"type": "text", "text": "In parts."}]},
            {"role": "assistant", "content": None},
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
        ]
        return config

    def prepare(held):
        message = LLMSpecificMessage(llm="other", message={"role": "user", "content": "Only for another LLM."})
        held.bot.context_aggregator.user().context.add_message(message)

    steps = [says("Hi!"), user("Go on"), calls("go"), says("There."), user("Bye then"), says("Bye.")]
    held = hold_call(odd("start", edge("go", odd("next"))), steps, prepare=prepare)
    assert said(held.record) == [
        ("bot", "Hi!"),
        ("caller", "Go on"),
        ("bot", "There."),
        ("caller", "Bye then"),
        ("bot", "Bye."),
    ]
    for turn, speech in zip(bots(held.record), held.truth.bot, strict=True):
        assert turn.start_ms == pytest.approx(speech.start_ms, abs=WITHIN_MS)


# Nothing is lost


def test_a_call_in_which_nobody_says_a_word_is_delivered(tmp_path):
    silent = node("wait", respond_immediately=False)
    held = hold_call(silent, [silence(3), hangs_up()], sinks=[JSONFileSink(tmp_path)])
    (path,) = tmp_path.glob("*.json")
    record = CallRecord.load(path)
    assert (record.path, record.turns, record.status) == (("wait",), (), "cancelled")
    assert record.call_id == held.record.call_id


def test_what_comes_in_a_burst_right_before_the_end_is_recorded_to_the_last():
    async def prepare(held):
        async def burst():
            await asyncio.sleep(3)
            frames = [InputDTMFFrame(button=KeypadEntry.ONE) for _ in range(500)]
            await held.bot.worker.queue_frames([*frames, EndFrame(reason="burst")])

        held.seen["task"] = asyncio.ensure_future(burst())

    record = hold_call(initial_node(), [says("Hi!"), silence(9)], prepare=prepare).record
    assert sum(event.kind == "keys_pressed" for event in record.events) == 500
    assert (record.status, record.end_reason) == ("completed", "burst")
    assert record.events[-1].kind == "call_ended"


def test_an_observer_added_in_mid_call_records_from_there_on():
    async def main():
        observer = FlowsObserver(strict=True)
        bot = ScriptedBot(flow_manager_class=FlowManager)

        async def add():
            await asyncio.sleep(3)
            bot.worker.add_observer(observer)
            observer.attach_flow_manager(bot.flow_manager)

        adding = asyncio.ensure_future(add())
        steps = [says("Hi!"), silence(3), user("Go"), calls("go"), says("There."), user("Bye"), says("Bye.")]
        await bot.run(node("start", edge("go", node("next"))), steps)
        await adding
        return observer.record

    record = run_virtual(main)
    assert record.path == ("start", "next")
    assert said(record) == [("caller", "Go"), ("bot", "There."), ("caller", "Bye"), ("bot", "Bye.")]
    assert [call.function for call in record.tool_calls] == ["go"]
    assert record.status == "completed"


# One call is one call


def story(number):
    """A call that differs from others in its words, its pace, its tools and its barge-in."""
    pace = Pace(llm_ttfb=0.2513 + 0.0137 * number, bot_word=0.2011 + 0.0071 * number, caller_word=0.3007)

    async def book(flow_manager):
        """Book."""
        logging.getLogger("bot").warning("log line of call %s", number)
        logger.warning(f"loguru line of call {number}")
        await asyncio.sleep(0.1 * number)
        return {"booked": number}, node(f"end-{number}", post_actions=[{"type": "end_conversation"}])

    steps = [
        says(f"Hello caller {number}. This greeting of mine is long enough to be cut off."),
        interrupts(f"Stop {number}", after=0.9),
        says(f"Sorry {number}."),
        user(f"Book {number} please"),
        calls("book"),
        says(f"Booked {number}. Bye."),
    ]
    return pace, node(f"start-{number}", book), steps


async def hold_story(number, after=0.0):
    await asyncio.sleep(after)
    pace, start, steps = story(number)
    observer = FlowsObserver(call_id=f"call-{number}", strict=True)
    bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager, pace=pace)
    observer.attach_flow_manager(bot.flow_manager)
    script = await bot.run(start, steps)
    assert script.leftover == ()
    return observer.record


def outline(record):
    turns = [
        (t.speaker, t.text, t.unspoken, t.visit, t.interrupted, t.latency_from, [p.name for p in t.contributions])
        for t in record.turns
    ]
    tools = [(call.function, call.result, call.outcome) for call in record.tool_calls]
    return record.path, turns, tools, record.status, record.usage.prompt_tokens


def times(record):
    turns = [[turn.start_ms, turn.end_ms, turn.latency_ms] for turn in record.turns]
    tools = [[call.started_ms, call.ended_ms] for call in record.tool_calls]
    visits = [[visit.entered_ms, visit.left_ms] for visit in record.visits]
    return [value for row in (*turns, *tools, *visits) for value in row if value is not None]


def test_twenty_calls_at_once_are_recorded_as_if_each_were_alone():
    async def together():
        return await asyncio.gather(*(hold_story(number, after=0.013 * number) for number in range(20)))

    for number, record in enumerate(run_virtual(together)):
        alone = run_virtual(lambda number=number: hold_story(number))
        assert outline(record) == outline(alone)
        assert times(record) == pytest.approx(times(alone), abs=2)
        written = record.model_dump_json()
        assert "line of call" not in written
        assert not any(f"call-{other}" in written for other in range(20) if not f"{number}".startswith(f"{other}"))


def test_no_stretch_of_time_is_negative():
    record = run_virtual(lambda: hold_story(7))
    assert all(turn.end_ms >= turn.start_ms for turn in record.turns)
    assert all(turn.latency_ms >= 0 for turn in record.turns if turn.latency_ms is not None)
    assert all(part.ms > 0 for turn in record.turns for part in turn.contributions)
    assert all(visit.left_ms >= visit.entered_ms for visit in record.visits)
    assert [turn.seq for turn in record.turns] == list(range(len(record.turns)))
    starts = [turn.start_ms for turn in record.turns]
    assert starts == sorted(starts)


def test_nothing_that_was_said_is_logged():
    lines: list[str] = []
    sink = logger.add(lines.append, level=0, filter=lambda line: line["name"].startswith("flows_analytics"))
    heard = logging.Handler(level=0)
    heard.emit = lambda line: lines.append(line.getMessage()) if line.name.startswith("flows_analytics") else None
    logging.getLogger().addHandler(heard)
    try:

        def prepare(held):
            def fails(*_):
                raise ValueError("secret words")

            held.observer._recorder.add = fails

        def healthy(held):
            pass

        for prepared in (healthy, prepare):
            steps = [says("secret words"), user("secret words"), calls("go"), says("secret words")]
            start = node("start", edge("go", node("next"), result="secret words"))
            hold_call(start, steps, prepare=prepared, strict=False, healthy=False)
    finally:
        logger.remove(sink)
        logging.getLogger().removeHandler(heard)
    assert lines
    assert not any("secret words" in line for line in lines)


# Settings are no events


def test_a_change_of_how_long_the_caller_may_be_silent_is_no_silence():
    async def prepare(held):
        held.observer.attach_user_aggregator(held.bot.context_aggregator.user())

        async def later():
            await asyncio.sleep(3)
            await held.bot.worker.queue_frame(UserIdleTimeoutUpdateFrame(timeout=60.0))

        held.seen["task"] = asyncio.ensure_future(later())

    options = {"user_idle_timeout": 30.0}
    held = hold_call(initial_node(), [says("Hi!"), silence(9), hangs_up()], prepare=prepare, flow_options=options)
    assert held.record.idles == ()


# Late words, and who spoke first


class LateSTT(ScriptedSTT):
    """Gives the second half of what it heard 1.3 s after the first."""

    async def _final(self, text):
        words = text.split()
        half = len(words) // 2
        self.confirm_finalize()
        await self.push_frame(TranscriptionFrame(" ".join(words[:half]), "", time_now_iso8601()))
        await asyncio.sleep(1.3)
        await self.push_frame(TranscriptionFrame(" ".join(words[half:]), "", time_now_iso8601()))


class LateBot(ScriptedBot):
    def _voice_processors(self):
        processors = super()._voice_processors()
        before, self.stt = self.stt, LateSTT(pace=self.pace, dice=self._dice, activity=self.activity)
        self.transport._on_speech = self.stt.expect
        return [self.stt if processor is before else processor for processor in processors]


def test_words_transcribed_when_the_bot_answers_already_stand_before_its_answer():
    steps = [user("I would like a pizza please"), says("Which size would you like to have today?"), silence(5)]
    call = hold(node("start", respond_immediately=False), steps, bot_class=LateBot)
    first, answer = call.record.turns
    (text,) = [event for event in call.record.events if event.kind == "caller_text"][1:]
    assert text.at_ms > answer.start_ms
    assert (first.speaker, first.text) == ("caller", "I would like a pizza please")
    assert (answer.speaker, answer.text) == ("bot", "Which size would you like to have today?")
    (spoken,) = call.truth.caller
    assert first.start_ms == pytest.approx(spoken.start_ms, abs=WITHIN_MS)
    assert first.end_ms == pytest.approx(spoken.end_ms, abs=WITHIN_MS)
    assert answer.latency_ms == pytest.approx(call.truth.latency_ms(call.truth.bot[0]), abs=WITHIN_MS)


# Nothing is taken over from another turn


def test_a_turn_without_voice_activity_is_measured_by_itself():
    def prepare(held):
        microphone = held.bot.transport.input()
        push, stt = microphone.push_frame, held.bot.stt
        spoken = []

        async def push_frame(frame, direction=FrameDirection.DOWNSTREAM):
            if isinstance(frame, VADUserStartedSpeakingFrame):
                spoken.append(frame)
                await push(UserStartedSpeakingFrame(), direction)
            if len(spoken) == 1 or not isinstance(
                frame, VADUserStartedSpeakingFrame | VADUserStoppedSpeakingFrame
            ):
                await push(frame, direction)
            elif isinstance(frame, VADUserStoppedSpeakingFrame):
                await push(TranscriptionFrame(stt._expected.popleft(), "", time_now_iso8601()), direction)
            if isinstance(frame, VADUserStoppedSpeakingFrame):
                await asyncio.sleep(0.5 if len(spoken) == 1 else 1.1)
                await push(UserStoppedSpeakingFrame(), direction)

        microphone.push_frame = push_frame

    external = {"user_turn_strategies": ExternalUserTurnStrategies()}
    steps = [says("Hi!"), user("One"), says("Two."), user("Three"), says("Four.")]
    held = hold_call(initial_node(), steps, prepare=prepare, flow_options=external)
    _, first, second = bots(held.record)
    assert [turn.latency_from for turn in (first, second)] == ["speech", "turn"]
    assert first.latency_ms == pytest.approx(held.truth.latency_ms(held.truth.bot[1]), abs=WITHIN_MS)
    stopped = [event.at_ms for event in held.record.events if event.kind == "caller_turn_stopped"]
    assert second.latency_ms == pytest.approx(held.truth.bot[2].start_ms - stopped[-1], abs=WITHIN_MS)


# What a function did


def test_one_function_that_leads_to_two_nodes_makes_two_transitions_with_their_own_arguments():
    async def go(flow_manager, to: str):
        """Go.

        Args:
            to (str): Where to.
        """
        return {"to": to}, node(to, go) if to != "end" else end_node()

    steps = [
        says("Hi!"),
        user("A"),
        calls("go", to="a"),
        says("At a."),
        user("B"),
        calls("go", to="b"),
        says("At b."),
        user("Bye"),
        calls("go", to="end"),
        says("Bye."),
    ]
    record = hold_call(node("start", go), steps).record
    assert [(move.from_node, move.to_node, move.function, move.arguments) for move in record.transitions][-3:] == [
        ("start", "a", "go", {"to": "a"}),
        ("a", "b", "go", {"to": "b"}),
        ("b", "end", "go", {"to": "end"}),
    ]
    assert len({move.tool_call_id for move in record.transitions if move.function}) == 3
