"""What looks wrong in calls that really went wrong, held on real pipelines."""

from __future__ import annotations

import asyncio

import pytest
from pipecat.frames.frames import LLMRunFrame

from flows_analytics.calls.findings import Thresholds
from flows_analytics.testing import (
    calls,
    hangs_up,
    interrupts,
    says,
    several,
    silence,
    user,
)
from tests.bots import edge, hold_call, hold_pizza_call, node, stay


def found(record, **thresholds):
    return {finding.code: finding for finding in record.find(Thresholds(**thresholds))}


def node_of(record, finding):
    return record.visits[finding.visit].node


def test_in_a_call_that_went_well_nothing_is_found():
    assert hold_pizza_call().record.findings == ()


def test_a_flow_is_stuck_when_the_words_of_a_node_being_entered_are_interrupted():
    booked = node(
        "booked", pre_actions=[{"type": "tts_say", "text": "One moment, I am writing all of this down."}]
    )
    start = node("start", edge("book", booked))
    steps = [says("Hello!"), user("Book it"), calls("book"), interrupts("Wait a second", after=0.8), silence(9)]
    record = hold_call(start, steps).record

    stuck = found(record)["flow_stuck"]
    assert (stuck.evidence["to_node"], stuck.evidence["function"]) == ("booked", "book")
    assert stuck.evidence["stood_ms"] > 5000
    assert node_of(record, stuck) == "start"


def test_a_flow_is_stuck_when_a_transition_is_never_executed():
    start = node("start", edge("move", node("next")), stay("linger", secs=1.0))
    steps = [
        says("Hello!"),
        user("Both"),
        several(calls("move"), calls("linger")),
        says("Well?"),
        silence(8),
    ]
    record = hold_call(start, steps).record
    assert found(record)["flow_stuck"].evidence["function"] == "move"


def test_a_handlers_exception_that_pipecat_flows_swallowed_is_found_with_its_message():
    async def book(flow_manager):
        """Book."""
        raise ValueError("no table left")

    record = hold_call(node("start", book), [says("Hi!"), user("Book"), calls("book"), says("Sorry.")]).record
    failed = found(record)["function_failed"]
    assert (failed.evidence["function"], failed.evidence["error"]) == ("book", "no table left")
    assert node_of(record, failed) == "start"


def test_a_message_that_was_not_to_be_kept_is_not_in_the_evidence():
    async def book(flow_manager):
        """Book."""
        raise ValueError("no table left")

    record = hold_call(
        node("start", book), [says("Hi!"), user("Book"), calls("book"), says("Sorry.")], include_results=False
    ).record
    assert "error" not in found(record)["function_failed"].evidence
    assert "no table left" not in record.to_json()


def test_an_opening_spoken_twice_is_found():
    async def run_again(action, flow_manager):
        await flow_manager.worker.queue_frame(LLMRunFrame())

    start = node("start", post_actions=[{"type": "function", "handler": run_again}])
    record = hold_call(start, [says("Welcome to the pizza house!"), says("Welcome to the pizza house!")]).record
    assert found(record)["opening_repeated"].evidence["text"] == "Welcome to the pizza house!"


def test_a_node_that_stays_silent_is_found():
    async def drop(held):
        # Pipecat can lose the frame that runs the LLM: an interruption takes it away.
        queue = held.bot.worker.queue_frames

        async def queue_frames(frames):
            if held.bot.flow_manager.current_node == "next":
                frames = [frame for frame in frames if not isinstance(frame, LLMRunFrame)]
            await queue(frames)

        held.bot.worker.queue_frames = queue_frames

    start = node("start", edge("move", node("next")))
    steps = [says("Hello!"), user("Go on"), calls("move"), silence(9)]
    record = hold_call(start, steps, prepare=drop).record
    silent = found(record)["silent_after_entry"]
    assert (silent.evidence["node"], node_of(record, silent)) == ("next", "next")
    assert silent.evidence["silent_ms"] > 5000


def test_a_node_that_is_to_wait_for_the_caller_is_not_called_silent():
    start = node("start", edge("move", node("next", respond_immediately=False)))
    record = hold_call(start, [says("Hello!"), user("Go on"), calls("move"), silence(9)]).record
    assert "silent_after_entry" not in found(record)


def test_a_node_entered_again_and_again_is_found():
    start = node("start")
    start["functions"] = [edge("again", lambda: start)]
    record = hold_call(start, [says("A"), *[user("No"), calls("again"), says("So?")] * 3]).record
    assert [f.evidence["visit_no"] for f in record.findings if f.code == "node_reentered"] == [3, 4]


def test_a_caller_who_says_the_same_again_is_found():
    steps = [
        says("Hi!"),
        user("I want a large pizza"),
        says("Which size?"),
        user("I want a large pizza!"),
        says("Right."),
    ]
    record = hold_call(node("start"), steps).record
    repeated = found(record)["caller_repeated"]
    assert repeated.evidence["turns"] == (1, 3)


def test_a_second_yes_is_no_repetition():
    record = hold_call(node("start"), [says("Hi!"), user("Yes"), says("Sure?"), user("Yes"), says("Good.")]).record
    assert "caller_repeated" not in found(record)


@pytest.mark.parametrize(
    ("goals", "outside"), [(None, True), (["pizza"], True), (["start"], False)], ids=["none", "missed", "reached"]
)
def test_a_call_that_ended_before_it_got_anywhere_is_found(goals, outside):
    record = hold_call(node("start"), [says("Hi!"), user("Bye"), says("Wait!"), hangs_up()], goals=goals).record
    assert ("ended_outside_goal" in found(record)) is outside


def test_a_slow_answer_is_found_with_what_took_most_of_it():
    start = node("start", stay("look_up", secs=6.0))
    record = hold_call(start, [says("Hi!"), user("Look"), calls("look_up"), says("Here.")]).record
    slow = found(record)["slow_answer"]
    assert slow.evidence["mostly"] == "function"
    assert slow.evidence["latency_ms"] == record.turns[slow.evidence["turn"]].latency_ms


def test_a_wait_far_above_the_calls_own_is_found():
    start = node("start", stay("look_up", secs=2.8))
    talk = [step for _ in range(5) for step in (user("Well"), says("Yes?"))]
    record = hold_call(start, [says("Hi!"), *talk, user("Look"), calls("look_up"), says("Here.")]).record
    assert found(record, slow_ms=60_000)["slow_answer"].evidence["latency_ms"] > 3000


def test_a_caller_of_whom_nothing_was_transcribed_is_found():
    def deaf(held):
        held.bot.stt.expect = lambda text: None
        held.bot.transport._on_speech = None

    record = hold_call(node("start"), [says("Hi!"), user("Hello?"), silence(6)], prepare=deaf).record
    assert found(record)["transcript_empty"].evidence == {"speaker": "caller"}


def test_findings_say_when_and_are_in_order():
    async def book(flow_manager):
        """Book."""
        await asyncio.sleep(5)
        raise ValueError("no")

    steps = [says("Hi!"), user("Book it now"), calls("book"), says("Sorry."), user("Book it now"), says("No.")]
    record = hold_call(node("start", book), [*steps, hangs_up()]).record
    assert [finding.code for finding in record.findings] == [
        "function_failed",
        "slow_answer",
        "caller_repeated",
        "ended_outside_goal",
    ]
    times = [finding.at_ms for finding in record.findings]
    assert times == sorted(times)
