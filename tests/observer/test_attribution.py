"""What belongs to which visit, by the time things happened and not by when they were seen."""

from __future__ import annotations

import asyncio

import pytest
from pipecat.frames.frames import EndFrame, TTSSpeakFrame
from pipecat.observers.base_observer import BaseObserver
from pipecat.observers.turn_tracking_observer import TurnTrackingObserver
from pipecat.observers.user_bot_latency_observer import UserBotLatencyObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.workers.runner import WorkerRunner

from flows_analytics import FlowsObserver
from flows_analytics.calls.transitions import CUT_OFF
from flows_analytics.testing import ScriptedBot, calls, hangs_up, interrupts, run_virtual, says, user
from tests.bots import (
    PIZZA_CALL,
    PIZZA_PATH,
    edge,
    end_node,
    hold_call,
    hold_pizza_call,
    initial_node,
    node,
)
from tests.testing.flows_line import FlowManager


class Late(BaseObserver):
    """Hands every frame to another observer, some time after it was pushed."""

    def __init__(self, inner, secs):
        super().__init__()
        self._inner = inner
        self._secs = secs
        self._waiting = []

    async def on_push_frame(self, data):
        self._waiting.append((asyncio.get_running_loop().time() + self._secs, data))
        while self._waiting and self._waiting[0][0] <= asyncio.get_running_loop().time():
            await self._inner.on_push_frame(self._waiting.pop(0)[1])

    async def cleanup(self):
        for _, data in self._waiting:
            await self._inner.on_push_frame(data)
        await self._inner.cleanup()
        await super().cleanup()


def nodes_of_turns(record):
    names = [visit.node for visit in record.visits]
    return [(t.speaker, t.text, None if t.visit is None else names[t.visit]) for t in record.turns]


@pytest.mark.parametrize("attach_at", [0.0, 1.0], ids=["attached before initialize", "attached after"])
def test_frames_that_reach_the_observer_two_seconds_late_change_nothing(attach_at):
    async def main(secs, attach_at):
        inner = FlowsObserver(call_id="x", strict=True)
        bot = ScriptedBot(observers=[Late(inner, secs)], flow_manager_class=FlowManager)
        if attach_at:
            asyncio.get_running_loop().call_later(attach_at, inner.attach_flow_manager, bot.flow_manager)
        else:
            inner.attach_flow_manager(bot.flow_manager)
        await bot.run(initial_node(), PIZZA_CALL)
        return inner.record

    on_time = run_virtual(lambda: main(0.0, attach_at))
    late = run_virtual(lambda: main(2.0, attach_at))

    assert late.path == PIZZA_PATH
    assert nodes_of_turns(late) == nodes_of_turns(on_time)
    assert late.visits == on_time.visits
    assert late.turns == on_time.turns
    assert late.tool_calls == on_time.tool_calls
    assert late.transitions == on_time.transitions
    assert [call.outcome for call in late.tool_calls] == ["moved"] * 3
    assert late.duration_ms == on_time.duration_ms


def holding_node():
    return node(
        "target",
        pre_actions=[{"type": "tts_say", "text": "Please hold on while I look that up for you"}],
        post_actions=[{"type": "end_conversation"}],
    )


def test_what_a_node_says_by_its_pre_action_belongs_to_it_though_it_comes_first():
    steps = [says("?"), user("x"), calls("go"), says("Here. Goodbye")]
    record = hold_call(node("ask", edge("go", holding_node())), steps).record

    assert nodes_of_turns(record)[2:] == [
        ("bot", "Please hold on while I look that up for you", "target"),
        ("bot", "Here. Goodbye", "target"),
    ]
    assert record.turns[2].start_ms < record.visits[1].entered_ms
    assert record.visits[1].setup_ms == pytest.approx(3500, abs=500)


def test_a_pre_action_that_the_caller_interrupts_leaves_the_flow_in_the_old_node():
    # The interruption drops the frame the FlowManager waits for, and it waits for good.
    steps = [
        says("?"),
        user("x"),
        calls("go"),
        interrupts("hurry", after=1.0),
        says("Yes?"),
        user("bye"),
        hangs_up(),
    ]
    record = hold_call(node("ask", edge("go", holding_node())), steps).record

    assert record.path == ("ask",)
    (transition,) = record.transitions
    assert (transition.to_node, transition.entered_ms, transition.error) == ("target", None, CUT_OFF)
    assert {node for _, _, node in nodes_of_turns(record)} == {"ask"}
    assert record.turns[2].interrupted


def test_a_holding_line_of_a_handler_belongs_to_the_node_in_which_it_was_asked_for():
    async def look_up(flow_manager):
        """Look up."""
        await flow_manager.worker.queue_frame(TTSSpeakFrame("One moment please"))
        await asyncio.sleep(0.5)
        return "found", end_node()

    steps = [says("?"), user("x"), calls("look_up"), says("Here it is. Goodbye")]
    record = hold_call(node("ask", look_up), steps).record

    assert nodes_of_turns(record)[2:] == [
        ("bot", "One moment please", "ask"),
        ("bot", "Here it is. Goodbye", "end"),
    ]


def test_a_sentence_before_a_tool_call_belongs_to_the_old_node():
    record = hold_pizza_call().record

    assert [record.visits[call.visit].node for call in record.tool_calls] == list(PIZZA_PATH[:3])


def test_it_composes_with_other_observers_and_agrees_with_them_on_latency():
    measured = []

    def others():
        latency = UserBotLatencyObserver()
        latency.add_event_handler("on_latency_measured", lambda _, secs: measured.append(secs))
        return [latency, TurnTrackingObserver()]

    record = hold_pizza_call(observers=others).record

    gaps = [
        (turn.start_ms - before.end_ms) / 1000
        for before, turn in zip(record.turns, record.turns[1:], strict=False)
        if (before.speaker, turn.speaker) == ("caller", "bot")
    ]
    assert len(gaps) == 3
    assert gaps == pytest.approx(measured, abs=0.02)


@pytest.mark.parametrize("switch", ["include_transcripts", "include_arguments", "include_results"])
def test_content_that_is_switched_off_is_nowhere_in_the_record(switch):
    words = {
        "include_transcripts": ["pepperoni please", "What size", "goodbye"],
        "include_arguments": ['"pizza_type":"pepperoni"'],
        "include_results": ['"price"'],
    }[switch]
    steps = [*PIZZA_CALL[:4], user("Large pepperoni please"), *PIZZA_CALL[5:]]
    kept = hold_call(initial_node(), steps).record.to_json()
    dropped = hold_call(initial_node(), steps, **{switch: False}).record

    assert all(word in kept for word in words)
    assert not any(word in dropped.to_json() for word in words)
    assert dropped.path == PIZZA_PATH
    if switch == "include_arguments":
        assert {transition.arguments for transition in dropped.transitions} == {None}
        assert {call.arguments for call in dropped.tool_calls} == {None}
    if switch == "include_transcripts":
        assert {turn.text for turn in dropped.turns} == {""}
        assert len(dropped.turns) == 7
    if switch == "include_results":
        assert {transition.result for transition in dropped.transitions} == {None}


def test_state_is_kept_only_as_far_as_it_is_allowed():
    closed = hold_pizza_call().record
    opened = hold_pizza_call(include_state=["order", "missing"]).record

    assert {event.state for event in closed.events if event.kind == "node_entered"} == {None}
    assert [event.state for event in opened.events if event.kind == "node_entered"] == [
        {},
        {},
        {"order": {"size": "large", "pizza_type": "pepperoni"}},
        {"order": {"size": "large", "pizza_type": "pepperoni"}},
    ]


def test_values_that_json_cannot_hold_are_recorded_as_stand_ins():
    from datetime import UTC, datetime

    loop: dict = {}
    loop["self"] = loop
    result = {"when": datetime(2026, 1, 1, tzinfo=UTC), "raw": b"xx", "loop": loop, "nan": float("nan")}
    steps = [says("?"), user("x"), calls("go"), says("!")]
    record = hold_call(node("ask", edge("go", end_node, result)), steps).record

    assert record.transitions[0].result == {
        "when": "2026-01-01T00:00:00+00:00",
        "raw": "<bytes: 2 bytes>",
        "loop": {"self": "<cycle: dict>"},
        "nan": "<float: nan>",
    }
    assert record.health.ok


def test_hostile_text_everywhere_is_recorded_as_it_is_and_harms_nothing(tmp_path):
    from flows_analytics import CallRecord, JSONFileSink

    hostile = "</script><img src=x onerror=alert(1)>"
    hostile_end = node(hostile, post_actions=[{"type": "end_conversation"}])
    steps = [says(hostile), user(hostile), calls("go"), says(hostile)]
    record = hold_call(
        node("ask", edge("go", hostile_end, {hostile: hostile})),
        steps,
        call_id=f"../../{hostile}",
        agent_name=hostile,
        metadata={hostile: hostile},
        sinks=[JSONFileSink(tmp_path / "calls")],
    ).record

    (file,) = tmp_path.rglob("*.json")
    assert file.parent == tmp_path / "calls"
    assert CallRecord.load(file) == record
    assert record.path == ("ask", hostile)
    # Pipecat 1.4 releases a sentence with tags in it twice: word by word, and once more as a whole.
    assert hostile in record.turns[0].text


def test_the_same_call_id_twice_makes_two_files(tmp_path):
    from flows_analytics import JSONFileSink

    for _ in range(2):
        hold_pizza_call(call_id="../../x", sinks=[JSONFileSink(tmp_path)])

    first, second = sorted(tmp_path.iterdir())
    assert second.stem == f"{first.stem}~2"


def test_what_several_requests_say_belongs_to_each_of_them():
    async def talk(flow_manager):
        """Talk."""
        await flow_manager.worker.queue_frame(TTSSpeakFrame("First holding line"))
        await flow_manager.worker.queue_frame(TTSSpeakFrame("Second holding line"))
        return "ok", end_node()

    record = hold_call(node("ask", talk), [says("?"), user("x"), calls("talk"), says("Bye")]).record

    requests = {e.seq: e for e in record.events if e.kind in ("speak_requested", "inference_started")}
    heard = [e for e in record.events if e.kind == "bot_text" and e.source == "transport"]
    asked = {event.text: requests[event.origin] for event in heard}
    assert asked["First"].text == "First holding line"
    assert asked["Second"].text == "Second holding line"
    assert asked["Bye"].kind == "inference_started"


@pytest.mark.parametrize("late", [False, True], ids=["from the start", "attached late"])
def test_in_a_pipeline_within_a_pipeline_the_call_ends_at_the_outer_end(late):
    ends = []

    class Ends(BaseObserver):
        async def on_push_frame(self, data):
            if isinstance(data.frame, EndFrame):
                ends.append((data.destination.name, data.timestamp / 1e6))

    async def main():
        observer = FlowsObserver(strict=True)
        processors = ScriptedBot(flow_manager_class=FlowManager)._voice_processors()
        nested = Pipeline([Pipeline(processors[:4]), Pipeline(processors[4:])])
        worker = PipelineWorker(nested, enable_rtvi=False, observers=[Ends()] if late else [Ends(), observer])
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        await asyncio.sleep(1)
        if late:
            worker.add_observer(observer)
        await worker.queue_frames([TTSSpeakFrame("A long goodbye to everybody out there"), EndFrame()])
        await asyncio.wait([running], timeout=60)
        return observer.record

    record = run_virtual(main)

    assert sum("::Sink" in name for name, _ in ends) > 1
    assert record.status == "completed"
    assert record.duration_ms == pytest.approx(ends[-1][1], abs=0.01)


def test_a_bot_whose_flow_manager_nobody_attached_says_so(caplog):
    held = hold_pizza_call(attach=False, healthy=False)

    assert held.observer.health.count("not_attached") == 3
    assert sum("attach_flow_manager" in message for message in caplog.messages) == 1
    assert {call.outcome for call in held.record.tool_calls} == {"open"}
