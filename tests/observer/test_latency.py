"""How long the caller waits, on real pipelines, compared with what the script says."""

from __future__ import annotations

import asyncio

import pytest
from pipecat.frames.frames import (
    TranscriptionFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.user_bot_latency_observer import UserBotLatencyObserver
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.utils.time import time_now_iso8601

from flows_analytics.testing import Pace, calls, interrupts, says, silence, user
from tests.bots import PIZZA_CALL, edge, hold_call, hold_pizza_call, initial_node, node

PACE = Pace()
WITHIN_MS = 20


def parts(turn):
    return {part.name: part.ms for part in turn.contributions}


def total(turn):
    return sum(round(part.ms * 1000) for part in turn.contributions) / 1000


def bot_turns(record):
    return [turn for turn in record.turns if turn.speaker == "bot"]


def test_an_answer_is_measured_from_the_end_of_the_speech_and_every_part_is_the_scripts():
    record = hold_pizza_call().record
    greeting, *answers = bot_turns(record)

    assert (greeting.latency_from, greeting.latency_ms) == ("connected", pytest.approx(618.3, abs=WITHIN_MS))
    assert list(parts(greeting)) == ["llm_first_token", "text_aggregation", "speech_synthesis"]
    assert [turn.latency_from for turn in answers] == ["speech"] * 3
    for turn in answers:
        assert parts(turn) == {
            "end_of_turn_wait": pytest.approx(200, abs=WITHIN_MS),
            "transcription": pytest.approx(PACE.stt_final * 1000, abs=WITHIN_MS),
            "turn_decision": pytest.approx(307 - PACE.stt_final * 1000, abs=WITHIN_MS),
            "llm_first_token": pytest.approx(PACE.llm_ttfb * 1000, abs=WITHIN_MS),
            "second_inference": pytest.approx(PACE.llm_ttfb * 1000, abs=WITHIN_MS),
            "text_aggregation": pytest.approx(len(turn.text.split()) * 20.3, abs=WITHIN_MS),
            "speech_synthesis": pytest.approx(PACE.tts_ttfb * 1000, abs=WITHIN_MS),
        }
        assert total(turn) == turn.latency_ms


def test_pipecats_own_latency_observer_measures_the_same():
    theirs = []

    def watch():
        observer = UserBotLatencyObserver()

        @observer.event_handler("on_latency_measured")
        async def on_latency_measured(_, secs):
            theirs.append(secs * 1000)

        return [observer]

    record = hold_pizza_call(observers=watch).record
    ours = [turn.latency_ms for turn in bot_turns(record) if turn.latency_from == "speech"]
    assert ours == [pytest.approx(secs, abs=WITHIN_MS) for secs in theirs]
    assert len(ours) == 3


def test_a_function_and_a_node_change_are_parts_of_the_wait():
    async def look(action, flow_manager):
        await asyncio.sleep(0.5)

    slow = node("slow", pre_actions=[{"type": "function", "handler": look}])
    start = node("start", edge("book", slow, secs=1.25))
    record = hold_call(start, [says("Hello!"), user("Book it"), calls("book"), says("Booked.")]).record

    answer = bot_turns(record)[-1]
    assert parts(answer)["function"] == pytest.approx(1250, abs=WITHIN_MS)
    assert parts(answer)["node_change"] == pytest.approx(500, abs=WITHIN_MS)
    assert [(part.name, part.by) for part in answer.contributions if part.by][-3:] == [
        ("function", "book"),
        ("node_change", "slow"),
        ("second_inference", record_processor(record)),
    ]
    assert total(answer) == answer.latency_ms


def record_processor(record):
    return next(event.processor for event in record.events if event.kind == "inference_started")


def test_a_transition_takes_from_the_start_of_its_function_to_the_first_audio_of_the_new_node():
    start = node("start", edge("book", node("booked"), secs=1.25))
    record = hold_call(start, [says("Hello!"), user("Book it"), calls("book"), says("Booked.")]).record

    (move,) = record.transitions
    called = next(event for event in record.events if event.kind == "function_called")
    assert move.latency_ms == pytest.approx(bot_turns(record)[-1].start_ms - called.at_ms, abs=0.001)
    assert list(parts(move)) == ["function", "second_inference", "text_aggregation", "speech_synthesis"]
    assert total(move) == move.latency_ms


def test_a_node_that_says_nothing_of_its_own_has_no_transition_latency():
    start = node("start", edge("book", node("booked", respond_immediately=False)))
    record = hold_call(start, [says("Hello!"), user("Book it"), calls("book")]).record
    assert [move.latency_ms for move in record.transitions] == [None]


def test_a_holding_line_ends_the_wait_and_the_answer_behind_it_has_none():
    async def hold(flow_manager):
        """Hold."""
        await flow_manager.worker.queue_frame(TTSSpeakFrame("One moment please."))
        await asyncio.sleep(4)
        return "done", None

    record = hold_call(node("start", hold), [says("Hi!"), user("Go"), calls("hold"), says("Here it is.")]).record
    _, line, answer = bot_turns(record)
    assert (line.text, line.latency_from) == ("One moment please.", "speech")
    assert "second_inference" not in parts(line)
    assert total(line) == line.latency_ms
    assert (answer.text, answer.latency_ms, answer.contributions) == ("Here it is.", None, ())


def test_speech_of_the_bots_own_accord_has_no_latency():
    async def prompt(held):
        async def later():
            await asyncio.sleep(8)
            await held.bot.worker.queue_frame(TTSSpeakFrame("Are you there?"))

        held.seen["task"] = asyncio.ensure_future(later())

    record = hold_call(initial_node(), [says("Hi!"), user("Hm"), says("Yes?"), silence(12)], prepare=prompt).record
    assert [(turn.text, turn.latency_from) for turn in bot_turns(record)] == [
        ("Hi!", "connected"),
        ("Yes?", "speech"),
        ("Are you there?", None),
    ]


def test_the_answer_to_a_barge_in_is_measured_from_its_end():
    greeting = "This is a long greeting that nobody wants to hear to its end."
    steps = [says(greeting), interrupts("Stop it", after=1.0), says("Sorry.")]
    record = hold_call(initial_node(), steps).record
    first, caller, answer = record.turns
    assert first.interrupted_ms == pytest.approx(caller.start_ms + 200, abs=WITHIN_MS)
    assert f"{first.text} {first.unspoken}" == greeting
    assert answer.latency_ms == pytest.approx(answer.start_ms - caller.end_ms, abs=0.001)
    assert total(answer) == answer.latency_ms


def test_what_was_typed_is_answered_from_its_arrival_to_the_first_text():
    record = hold_call(initial_node(), PIZZA_CALL, text_only=True).record
    typed = [turn for turn in record.turns if turn.typed]
    answers = [turn for turn in bot_turns(record) if turn.latency_ms is not None]
    assert [turn.latency_from for turn in answers] == ["typed"] * 3
    assert [turn.text for turn in typed] == ["Pizza please", "Large pepperoni", "Yes"]
    for question, answer in zip(typed, answers, strict=True):
        assert answer.latency_ms == pytest.approx(2 * PACE.llm_ttfb * 1000, abs=WITHIN_MS)
        assert answer.start_ms == pytest.approx(question.start_ms + answer.latency_ms, abs=0.001)
        assert list(parts(answer)) == ["llm_first_token", "second_inference"]


def without_voice_activity(held):
    """Have turns decided from outside: no voice activity is reported."""
    microphone = held.bot.transport.input()
    push = microphone.push_frame

    async def push_frame(frame, *args):
        if isinstance(frame, VADUserStartedSpeakingFrame):
            held.bot.stt._hearing = held.bot.stt._expected.popleft()
            await push(UserStartedSpeakingFrame(), *args)
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            await push(TranscriptionFrame(held.bot.stt._hearing, "", time_now_iso8601()), *args)
            await push(UserStoppedSpeakingFrame(), *args)
        else:
            await push(frame, *args)

    microphone.push_frame = push_frame


def test_without_voice_activity_the_wait_begins_at_the_end_of_the_turn():
    external = {"user_turn_strategies": ExternalUserTurnStrategies()}
    record = hold_pizza_call(prepare=without_voice_activity, flow_options=external).record
    answers = [turn for turn in bot_turns(record) if turn.latency_from != "connected"]
    assert [turn.latency_from for turn in answers] == ["turn"] * 3
    stops = [event.at_ms for event in record.events if event.kind == "caller_turn_stopped"]
    for stop_ms, answer in zip(stops, answers, strict=True):
        assert answer.latency_ms == pytest.approx(answer.start_ms - stop_ms, abs=0.001)
        assert "end_of_turn_wait" not in parts(answer)
        assert total(answer) == answer.latency_ms
