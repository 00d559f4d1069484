"""What is recorded when a node change fails, is lost or is cut off."""

from __future__ import annotations

import asyncio
from enum import Enum, StrEnum

import pytest

from flows_analytics.calls.lost import CALL_ENDED_FIRST
from flows_analytics.calls.transitions import CUT_OFF
from flows_analytics.calls.values import text_of
from flows_analytics.testing import calls, hangs_up, says, several, silence, user
from tests.bots import edge, end_node, hold_call, hold_pizza_call, initial_node, node, stay
from tests.testing.flows_line import flows


def failing_action(message: str):
    async def fail(action, flow_manager):
        raise ValueError(message)

    return {"type": f"fail_{message}", "handler": fail}


def test_a_node_that_fails_before_entry_is_a_failed_transition_and_no_visit():
    broken = node("broken", pre_actions=[failing_action("kaput")])
    steps = [says("?"), user("x"), calls("go"), user("Hello?"), says("Sorry"), user("bye"), hangs_up()]
    record = hold_call(node("ask", edge("go", broken)), steps).record

    assert record.path == ("ask",)
    (transition,) = record.transitions
    assert (transition.from_node, transition.to_node, transition.function) == ("ask", "broken", "go")
    assert transition.entered_ms is None
    assert not transition.succeeded
    assert "kaput" in transition.error
    assert record.tool_calls[0].outcome == "lost"
    assert not record.tool_calls[0].moved


def test_a_node_that_fails_after_entry_was_visited_and_says_what_failed():
    half = node("half", post_actions=[failing_action("late")])
    steps = [says("?"), user("x"), calls("go"), says("Here we are"), user("bye"), hangs_up()]
    record = hold_call(node("ask", edge("go", half)), steps).record

    assert record.path == ("ask", "half")
    (transition,) = record.transitions
    assert transition.succeeded
    assert "late" in transition.error


def test_a_first_node_that_fails_is_listed_because_nothing_else_shows_it():
    # A pre-action that fails makes initialize() raise; the test bot passes that on after the call.
    held = {}

    def prepare(call):
        held["call"] = call

    with pytest.raises(Exception, match="kaput"):
        hold_call(node("broken", pre_actions=[failing_action("kaput")]), [], prepare=prepare)

    record = held["call"].record
    assert record.path == ()
    (transition,) = record.transitions
    assert (transition.from_node, transition.to_node, transition.cause) == (None, "broken", "initial")
    assert "kaput" in transition.error


def test_a_handler_that_raises_is_a_failed_tool_call_that_stays():
    async def boom(flow_manager):
        """Fail."""
        raise RuntimeError("backend down")

    ask = node("ask", boom, edge("done", end_node))
    steps = [says("?"), user("x"), calls("boom"), says("Hm"), user("y"), calls("done"), says("!")]
    record = hold_call(ask, steps).record

    boom_call, _ = record.tool_calls
    assert (boom_call.outcome, boom_call.error, boom_call.moved) == ("failed", "backend down", False)
    assert record.path == ("ask", "end")


def test_two_edges_in_one_response_make_one_transition_and_name_the_loser():
    first, second = node("first"), node("second", post_actions=[{"type": "end_conversation"}])
    ask = node("ask", edge("to_first", first), edge("to_second", second, secs=0.5))
    steps = [says("?"), user("x"), several(calls("to_first"), calls("to_second")), says("!")]
    record = hold_call(ask, steps).record

    assert record.path == ("ask", "second")
    done = {t.function: t for t in record.transitions}
    assert done["to_second"].succeeded
    assert not done["to_first"].succeeded
    assert done["to_first"].error == "superseded: to_second moved the flow to 'second' instead"
    assert {c.function: (c.outcome, c.moved) for c in record.tool_calls} == {
        "to_first": ("lost", False),
        "to_second": ("moved", True),
    }


def test_two_edges_that_finish_at_the_same_moment_make_one_transition():
    first, second = node("first"), node("second")
    ask = node("ask", edge("to_first", first), edge("to_second", second))
    steps = [says("?"), user("x"), several(calls("to_first"), calls("to_second")), says("!"), hangs_up()]
    record = hold_call(ask, steps).record

    assert len(record.path) == 2
    winner = record.path[1]
    assert [t.to_node for t in record.transitions if t.succeeded] == [winner]
    (lost,) = [t for t in record.transitions if not t.succeeded]
    assert lost.error.startswith("superseded: ")
    assert {c.outcome for c in record.tool_calls} == {"moved", "lost"}


def test_a_transition_that_the_framework_loses_is_listed_as_never_executed():
    ask = node("ask", edge("go", end_node), stay("look_up", secs=2.0))
    steps = [
        says("?"),
        user("x"),
        several(calls("go"), calls("look_up")),
        says("Still here"),
        silence(3),
        hangs_up(),
    ]
    record = hold_call(ask, steps).record

    assert record.path == ("ask",)
    (lost,) = record.transitions
    assert (lost.from_node, lost.to_node, lost.function, lost.entered_ms) == ("ask", "end", "go", None)
    assert lost.error == (
        "never executed: look_up still ran when go returned, "
        "and Pipecat Flows did not come back to this transition"
    )
    assert {c.function: c.outcome for c in record.tool_calls} == {"go": "lost", "look_up": "stayed"}


def test_a_lost_transition_keeps_its_own_reason_when_the_flow_moves_on_later():
    later = node("later", post_actions=[{"type": "end_conversation"}])
    ask = node("ask", edge("go", end_node), stay("look_up", secs=2.0), edge("move_on", later))
    steps = [
        says("?"),
        user("x"),
        several(calls("go"), calls("look_up")),
        says("Still here"),
        user("y"),
        calls("move_on"),
        says("!"),
    ]
    record = hold_call(ask, steps).record

    assert record.path == ("ask", "later")
    (lost,) = [t for t in record.transitions if not t.succeeded]
    assert lost.error.startswith("never executed: look_up still ran when go returned")


def test_an_edge_and_a_function_that_finish_together_move_the_flow():
    ask = node("ask", stay("look_up"), edge("go", node("next")))
    steps = [
        says("?"),
        user("x"),
        several(calls("look_up"), calls("go")),
        says("!"),
        says("!"),
        hangs_up(),
    ]
    record = hold_call(ask, steps).record

    assert record.path == ("ask", "next")
    assert [t.error for t in record.transitions] == [None]


def test_a_call_cut_during_a_node_change_says_so():
    async def slow(action, flow_manager):
        await asyncio.sleep(30)

    target = node("target", pre_actions=[{"type": "slow", "handler": slow}])
    steps = [says("?"), user("x"), calls("go"), hangs_up(after=2.0)]
    record = hold_call(node("ask", edge("go", target)), steps).record

    assert record.path == ("ask",)
    assert record.status == "cancelled"
    (transition,) = record.transitions
    assert (transition.to_node, transition.entered_ms, transition.error) == ("target", None, CUT_OFF)
    assert record.visits[-1].left_ms == record.duration_ms


def test_a_call_cut_before_the_framework_made_a_transition_says_so():
    # The transition waits until the bot has spoken; the caller hangs up meanwhile.
    async def talk_then_move(flow_manager):
        """Talk, then move."""
        from pipecat.frames.frames import TTSSpeakFrame

        await flow_manager.worker.queue_frame(TTSSpeakFrame("Just a moment, please, I am looking that up for you"))
        await asyncio.sleep(1.0)
        return None, end_node()

    steps = [says("?"), user("x"), calls("talk_then_move"), hangs_up(after=0.9, while_bot_speaks=True)]
    record = hold_call(node("ask", talk_then_move), steps).record

    assert record.path == ("ask",)
    (transition,) = record.transitions
    assert transition.error == CALL_ENDED_FIRST


def test_a_call_without_any_node_has_an_empty_path():
    record = hold_call(None, [says("Hi"), user("x"), says("y"), user("bye"), hangs_up()]).record

    assert record.path == ()
    assert record.visits == ()
    assert record.transitions == ()
    assert record.status == "cancelled"
    assert all(turn.visit is None for turn in record.turns)
    assert record.health.ok


def test_a_bot_without_any_flow_manager_is_recorded_without_a_flow():
    record = hold_pizza_call(attach=False, healthy=False).record

    assert record.path == ()
    assert [turn.text for turn in record.turns][:2] == ["Hi! Pizza or sushi?", "Pizza please"]
    assert record.flows is None
    assert [call.function for call in record.tool_calls] == [
        "choose_pizza",
        "select_pizza_order",
        "complete_order",
    ]


def test_a_hang_up_in_the_middle_leaves_the_last_visit_with_the_call():
    record = hold_call(
        initial_node(), [says("Hi"), user("Pizza"), calls("choose_pizza"), says("Size?"), hangs_up()]
    ).record

    assert record.path == ("initial", "choose_pizza")
    assert record.status == "cancelled"
    assert record.visits[-1].exit_kind == "cancelled"
    assert record.visits[-1].left_ms == record.duration_ms


def test_the_record_of_a_running_call_is_open():
    seen = {}

    async def look(flow_manager):
        """Look."""
        await asyncio.sleep(0.5)  # observers run behind a queue
        seen["record"] = seen["held"].record
        return "ok", None

    hold_call(
        node("ask", look),
        [says("?"), user("x"), calls("look"), says("!"), user("bye"), hangs_up()],
        prepare=lambda held: seen.update(held=held),
    )

    record = seen["record"]
    assert record.status == "started"
    assert record.duration_ms is None
    assert (record.visits[-1].left_ms, record.visits[-1].exit_kind) == (None, "running")
    assert record.tool_calls[0].outcome == "open"


def test_a_node_whose_actions_are_no_actions_is_a_failed_transition():
    broken = node("broken", pre_actions=["say hi"])
    steps = [says("?"), user("x"), calls("go"), user("Hello?"), says("Sorry"), user("bye"), hangs_up()]
    record = hold_call(node("ask", edge("go", broken)), steps).record

    (transition,) = record.transitions
    assert (transition.to_node, transition.entered_ms, transition.lost) == ("broken", None, False)
    assert "Failed to set node broken" in transition.error


class Name(Enum):
    ASK = "ask"


class TextName(StrEnum):
    ASK = "ask"


@pytest.mark.parametrize("name", [7, b"ask", ("a", 1), Name.ASK, TextName.ASK])
def test_a_node_whose_name_is_no_string_is_recorded_under_its_text(name):
    steps = [says("?"), user("x"), calls("done"), says("!")]
    record = hold_call({**node("", edge("done", end_node)), "name": name}, steps).record

    assert record.path == (text_of(name), "end")
    assert record.transitions[0].from_node == text_of(name)
    assert "0x" not in record.path[0]


def test_an_unnamed_node_is_left_under_the_name_it_was_entered_with():
    steps = [says("?"), user("x"), calls("skip"), says("!")]
    everywhere = edge("skip", end_node)
    record = hold_call(node(None), steps, flow_options={"global_functions": [everywhere]}).record

    assert record.path[0].startswith("unnamed:")
    assert record.transitions[0].from_node == record.path[0]


def cancelled_and_timed_out(flows):
    options = flows.flows_tool_options

    @options(cancel_on_interruption=True)
    async def cancellable(flow_manager):
        """Wait."""
        await asyncio.sleep(30)
        return "late", end_node()

    @options(timeout_secs=1.0)
    async def slow(flow_manager):
        """Wait."""
        await asyncio.sleep(3)
        return "late", end_node()

    return node("ask", cancellable, slow)


def test_a_function_that_an_interruption_cancels_is_cancelled_and_moves_nothing():
    steps = [says("?"), user("x"), calls("cancellable"), user("Stop that", after=2.0), says("OK"), hangs_up()]
    record = hold_call(cancelled_and_timed_out(flows), steps).record

    (call,) = record.tool_calls
    assert (call.outcome, call.moved, call.result) == ("cancelled", False, None)
    assert call.ended_ms > call.started_ms
    assert record.path == ("ask",)


def test_a_function_that_times_out_moves_nothing_and_its_late_node_is_lost():
    steps = [says("?"), user("x"), calls("slow"), says("Sorry"), silence(6), user("bye"), hangs_up()]
    record = hold_call(cancelled_and_timed_out(flows), steps).record

    (call,) = record.tool_calls
    assert not call.moved
    assert call.ended_ms - call.started_ms == pytest.approx(1000, abs=20)
    assert record.path == ("ask",)
    assert call.outcome == "timed_out"
    # Since Pipecat 1.8 the handler is stopped at its deadline; before, it runs on, and what it returns is ignored.
    assert [t.error for t in record.transitions] in (
        [],
        ["never executed: slow returned it after it had timed out"],
    )


def test_intermediate_results_settle_nothing():
    from pipecat.frames.frames import FunctionCallResultProperties

    async def handler(params):
        await params.result_callback({"at": 1}, properties=FunctionCallResultProperties(is_final=False))
        await asyncio.sleep(1)
        await params.result_callback({"at": 2})

    def prepare(held):
        held.bot.llm.register_function("progress", handler, cancel_on_interruption=False)

    steps = [
        says("?"),
        user("x"),
        calls("progress"),
        says("..."),
        silence(3),
        says("Done"),
        user("bye"),
        hangs_up(),
    ]
    record = hold_call(node("ask"), steps, prepare=prepare).record

    (call,) = record.tool_calls
    assert (call.result, call.outcome) == ({"at": 2}, "stayed")


def test_a_task_that_a_handler_leaves_behind_runs_in_no_function():
    async def book(flow_manager):
        """Book."""

        async def later():
            await asyncio.sleep(4)
            await flow_manager.set_node_from_config(end_node())

        flow_manager.state["task"] = asyncio.get_running_loop().create_task(later())
        return "booked", None

    steps = [says("?"), user("x"), calls("book"), says("Booked"), silence(5), says("Bye")]
    record = hold_call(node("ask", book), steps).record

    (transition,) = record.transitions
    assert (transition.cause, transition.during, transition.tool_call_id) == ("code", None, None)
    assert (record.tool_calls[0].outcome, record.tool_calls[0].moved) == ("stayed", False)
