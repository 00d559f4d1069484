"""The path of a call, as a real FlowManager walks it."""

from __future__ import annotations

import asyncio

import pytest

from flows_analytics import FlowsObserver
from flows_analytics.testing import ScriptedBot, calls, run_virtual, says, user
from tests.bots import (
    PIZZA_CALL,
    PIZZA_PATH,
    edge,
    end_node,
    hold_call,
    hold_pizza_call,
    initial_node,
    node,
    stay,
)
from tests.testing.flows_line import FlowManager, FlowsFunctionSchema, flows


@pytest.mark.parametrize("text_only", [False, True], ids=["voice", "text"])
def test_a_pizza_call_is_recorded_node_by_node(text_only):
    record = hold_pizza_call(text_only=text_only).record

    assert record.path == PIZZA_PATH
    assert record.status == "completed"
    assert [(t.from_node, t.to_node, t.cause, t.function, t.arguments, t.result) for t in record.transitions] == [
        ("initial", "choose_pizza", "function", "choose_pizza", {}, {"status": "acknowledged"}),
        (
            "choose_pizza",
            "confirm",
            "function",
            "select_pizza_order",
            {"size": "large", "pizza_type": "pepperoni"},
            {"size": "large", "type": "pepperoni", "price": 20.0},
        ),
        ("confirm", "end", "function", "complete_order", {}, {"status": "acknowledged"}),
    ]
    assert [t.tool_call_id for t in record.transitions] == [c.tool_call_id for c in record.tool_calls]
    assert [(v.cause, v.via, v.exit_kind, v.next_node) for v in record.visits] == [
        ("initial", None, "transition", "choose_pizza"),
        ("function", "choose_pizza", "transition", "confirm"),
        ("function", "select_pizza_order", "transition", "end"),
        ("function", "complete_order", "end", None),
    ]
    assert record.health.ok


@pytest.mark.parametrize("text_only", [False, True], ids=["voice", "text"])
def test_every_turn_stands_in_the_visit_it_belongs_to(text_only):
    record = hold_pizza_call(text_only=text_only).record

    assert [(turn.speaker, turn.text, record.visits[turn.visit].node) for turn in record.turns] == [
        ("bot", "Hi! Pizza or sushi?", "initial"),
        ("caller", "Pizza please", "initial"),
        ("bot", "What size?", "choose_pizza"),
        ("caller", "Large pepperoni", "choose_pizza"),
        ("bot", "Large pepperoni, right?", "confirm"),
        ("caller", "Yes", "confirm"),
        ("bot", "Thank you, goodbye!", "end"),
    ]


def test_visits_follow_each_other_without_gap_and_end_with_the_call():
    record = hold_pizza_call().record

    for visit, following in zip(record.visits, record.visits[1:], strict=False):
        assert visit.left_ms == following.entered_ms
    assert record.visits[-1].left_ms == record.duration_ms
    assert sum(visit.dwell_ms for visit in record.visits) == pytest.approx(
        record.duration_ms - record.visits[0].entered_ms, abs=0.01
    )


def test_a_visit_knows_what_its_node_offered_and_whether_it_could_end_the_call():
    record = hold_pizza_call(flow_options={"global_functions": [stay("get_delivery_estimate")]}).record

    assert [(v.functions_offered, v.can_end) for v in record.visits] == [
        (("get_delivery_estimate", "choose_pizza"), False),
        (("get_delivery_estimate", "select_pizza_order"), False),
        (("get_delivery_estimate", "complete_order", "revise_order"), False),
        (("get_delivery_estimate",), True),
    ]
    entered = [event for event in record.events if event.kind == "node_entered"]
    assert {event.context_strategy for event in entered} == {"append"}
    assert {event.respond_immediately for event in entered} == {True}


def test_twenty_calls_at_once_never_mix():
    async def one(number: int) -> FlowsObserver:
        marked = [node(f"start-{number}"), node(f"middle-{number}"), node(f"end-{number}")]
        marked[0]["functions"] = [edge("go", marked[1])]
        marked[1]["functions"] = [edge("finish", marked[2])]
        marked[2]["post_actions"] = [{"type": "end_conversation"}]
        observer = FlowsObserver(call_id=f"call-{number}", strict=True)
        bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
        observer.attach_flow_manager(bot.flow_manager)
        await asyncio.sleep(0.013 * number)
        await bot.run(
            marked[0],
            [
                says(f"Hello {number}"),
                user(f"Go {number}"),
                calls("go"),
                says(f"Middle {number}"),
                user(f"Finish {number}"),
                calls("finish"),
                says(f"Bye {number}"),
            ],
        )
        return observer

    async def main() -> list[FlowsObserver]:
        return list(await asyncio.gather(*(one(number) for number in range(20))))

    for number, observer in enumerate(run_virtual(main)):
        record = observer.record
        assert record.path == (f"start-{number}", f"middle-{number}", f"end-{number}")
        assert [turn.text for turn in record.turns] == [
            f"{words} {number}" for words in ("Hello", "Go", "Middle", "Finish", "Bye")
        ]
        assert record.health.ok


def test_going_back_is_a_new_visit_of_the_same_node():
    steps = [
        *PIZZA_CALL[:7],
        user("No, wrong"),
        calls("revise_order"),
        says("Again?"),
        *PIZZA_CALL[1:],
    ]
    record = hold_call(initial_node(), steps).record

    assert record.path == ("initial", "choose_pizza", "confirm", "initial", "choose_pizza", "confirm", "end")
    assert [visit.visit_no for visit in record.visits] == [1, 1, 1, 2, 2, 2, 1]


def test_a_node_that_leads_to_itself_is_a_new_visit_and_a_transition():
    again = node("ask")
    again["functions"] = [edge("again", again), edge("done", end_node)]
    record = hold_call(
        again, [says("?"), user("a"), calls("again"), says("?"), user("b"), calls("done"), says("!")]
    ).record

    assert record.path == ("ask", "ask", "end")
    assert [(t.from_node, t.to_node) for t in record.transitions] == [("ask", "ask"), ("ask", "end")]


def test_a_function_that_stays_is_a_tool_call_and_no_visit():
    ask = node("ask", stay("look_up", {"found": 3}, secs=0.7), edge("done", end_node))
    record = hold_call(
        ask, [says("?"), user("a"), calls("look_up"), says("3"), user("b"), calls("done"), says("!")]
    ).record

    assert record.path == ("ask", "end")
    look_up, done = record.tool_calls
    assert (look_up.outcome, look_up.moved, look_up.result) == ("stayed", False, {"found": 3})
    assert look_up.ended_ms - look_up.started_ms == pytest.approx(700, abs=5)
    assert record.visits[look_up.visit].node == "ask"
    assert (done.outcome, done.moved) == ("moved", True)


def test_a_global_function_that_returns_a_node_moves_the_flow_from_anywhere():
    human = node("human", post_actions=[{"type": "end_conversation"}])
    steps = [says("Hi"), user("a human!"), calls("to_human"), says("Wait")]
    record = hold_call(initial_node(), steps, flow_options={"global_functions": [edge("to_human", human)]}).record

    assert record.path == ("initial", "human")
    assert record.transitions[0].function == "to_human"


def test_a_function_schema_with_a_handler_is_recorded_like_a_direct_function():
    async def handler(args, flow_manager):
        return {"heard": args["word"]}, end_node()

    schema = FlowsFunctionSchema(
        name="say_word",
        description="Take a word.",
        properties={"word": {"type": "string"}},
        required=["word"],
        handler=handler,
    )
    record = hold_call(node("ask", schema), [says("?"), user("x"), calls("say_word", word="x"), says("!")]).record

    (transition,) = record.transitions
    assert (transition.function, transition.arguments, transition.result) == (
        "say_word",
        {"word": "x"},
        {"heard": "x"},
    )


def test_a_node_set_by_code_has_no_function():
    def prepare(held):
        async def later():
            await asyncio.sleep(6)
            await held.bot.flow_manager.set_node_from_config(end_node())

        held.seen["task"] = asyncio.get_running_loop().create_task(later())

    record = hold_call(initial_node(), [says("Hi"), says("Bye")], prepare=prepare).record

    assert record.path == ("initial", "end")
    (transition,) = record.transitions
    assert (transition.cause, transition.function, transition.during) == ("code", None, None)
    assert record.visits[1].via is None


def test_a_node_set_inside_a_handler_names_the_function_it_happened_in():
    async def jump(flow_manager):
        """Jump."""
        await flow_manager.set_node_from_config(end_node())
        return "jumped", None

    record = hold_call(node("ask", jump), [says("?"), user("x"), calls("jump"), says("!"), says("!")]).record

    assert record.path == ("ask", "end")
    (transition,) = record.transitions
    assert (transition.cause, transition.function, transition.during) == ("code", None, "jump")
    assert record.visits[1].via is None
    assert record.tool_calls[0].moved


def test_a_node_set_by_an_action_of_a_node_being_entered_comes_first():
    async def detour(action, flow_manager):
        await flow_manager.set_node_from_config(node("detour"))

    target = node("target", pre_actions=[{"type": "detour", "handler": detour}])
    target["post_actions"] = [{"type": "end_conversation"}]
    steps = [says("?"), user("x"), calls("go"), says("!"), says("!")]
    record = hold_call(node("ask", edge("go", target)), steps).record

    assert record.path == ("ask", "detour", "target")
    assert [(t.to_node, t.cause, t.function) for t in record.transitions] == [
        ("target", "function", "go"),
        ("detour", "code", None),
    ]


def test_an_unnamed_node_has_one_name_in_every_call():
    def unnamed():
        return node(None, edge("finish", end_node), edge("again", unnamed))

    steps = [says("?"), user("x"), calls("again"), says("?"), user("y"), calls("finish"), says("!")]
    first = hold_call(unnamed(), steps, seed=1).record
    second = hold_call(unnamed(), steps, seed=2).record

    assert first.path == second.path
    assert first.path[0] == first.path[1]
    assert first.path[0].startswith("unnamed:")
    assert len(first.path[0]) == len("unnamed:") + 8
    assert first.visits[1].visit_no == 2
    assert first.transitions[0].from_node == first.path[0]


def test_a_node_with_an_empty_name_counts_as_unnamed():
    steps = [says("?"), user("x"), calls("finish"), says("!")]
    record = hold_call({**node(None, edge("finish", end_node)), "name": ""}, steps).record

    assert record.path[0].startswith("unnamed:")
    assert record.transitions[0].from_node == record.path[0]


@pytest.mark.skipif(not hasattr(flows, "FlowConfig"), reason="this Pipecat has no FlowConfig (before 1.9)")
def test_a_yaml_flow_is_recorded_with_the_graph_it_declares():
    config = flows.FlowConfig.from_yaml(
        """
initial_node: start
nodes:
  start:
    task_messages: [{role: developer, content: Ask.}]
    functions:
      - {name: skip, transition_only: true, description: Skip., transition_to: end}
      - name: check
        transition_to: {field: status, cases: {ok: details, bad: start}, default: end}
  details:
    task_messages: [{role: developer, content: Tell.}]
    functions:
      - {name: skip_all, transition_only: true, description: Skip., transition_to: end}
  end:
    task_messages: [{role: developer, content: Bye.}]
    post_actions: [{type: end_conversation}]
"""
    )

    async def check(flow_manager):
        """Check."""
        return {"status": "ok"}, flows.TRANSITION_IN_YAML

    flow = flows.Flow(config, handlers={"check": check})
    steps = [says("?"), user("x"), calls("check"), says("ok"), user("y"), calls("skip_all"), says("!")]
    record = hold_call(
        flow.initial_node,
        steps,
        prepare=lambda held: held.observer.attach_flow_manager(held.bot.flow_manager, declared=flow),
    ).record

    assert record.path == ("start", "details", "end")
    assert [t.function for t in record.transitions] == ["check", "skip_all"]
    graph = record.declared["main"]
    assert graph.initial_node == "start"
    assert graph.nodes == ("start", "details", "end")
    assert [(e.from_node, e.function, e.to_node) for e in graph.edges] == [
        ("start", "skip", "end"),
        ("start", "check", "details"),
        ("start", "check", "start"),
        ("start", "check", "end"),
        ("details", "skip_all", "end"),
    ]
