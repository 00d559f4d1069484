"""Calls that scripts hold, in the process of the suite itself."""

from __future__ import annotations

import asyncio
import random
import re

import pytest
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair

from flows_analytics.testing import (
    ScriptError,
    calls,
    dtmf,
    fails,
    hangs_up,
    interrupts,
    says,
    several,
    silence,
    slow,
    user,
)
from flows_analytics.testing.path_lines import PathOptions, path_lines
from tests.bots import edge, end_node, initial_node, node, stay
from tests.testing.flows_line import FlowManager, FlowsFunctionSchema

ORDER = [
    user("I'd like a pizza"),
    calls("choose_pizza"),
    user("Large pepperoni"),
    calls("select_pizza_order", size="large", pizza_type="pepperoni"),
    user("That's all"),
    calls("complete_order"),
]
PATH = ("initial", "choose_pizza", "confirm", "end")


@pytest.mark.parametrize("voice", [False, True])
async def test_the_call_of_the_readme(flow_call, voice):
    call = await flow_call(initial_node(), ORDER, voice=voice)
    assert call.path == PATH
    assert call.state["order"] == {"size": "large", "pizza_type": "pepperoni"}
    assert [move.function for move in call.transitions] == [
        "choose_pizza",
        "select_pizza_order",
        "complete_order",
    ]
    assert [tool.function for tool in call.tool_calls] == [move.function for move in call.transitions]
    assert call.record.health.ok
    assert call.record.exit_kind == "end"


async def test_a_run_of_the_llm_that_finds_the_caller_next_answers_with_the_filler(flow_call):
    call = await flow_call(initial_node(), [user("Hello?"), user("Pizza"), calls("choose_pizza")], filler="Hm.")
    said = [(turn.speaker, turn.text) for turn in call.turns]
    assert said == [("bot", "Hm."), ("caller", "Hello?"), ("bot", "Hm."), ("caller", "Pizza"), ("bot", "Hm.")]


async def test_a_function_that_is_not_offered_fails_the_test_with_those_that_are(flow_call):
    with pytest.raises(ScriptError) as failure:
        await flow_call(initial_node(), [user("Pizza"), calls("chose_pizza"), user("Large")])
    assert str(failure.value) == (
        "impossible step calls(\"chose_pizza\"): no function 'chose_pizza' is offered; "
        "did you mean 'choose_pizza'?\nNode 'initial' offers: choose_pizza()"
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"size": "large"}, "select_pizza_order(size, pizza_type) needs the argument 'pizza_type'"),
        ({"size": "large", "pizza_type": "x", "extra": 1}, "has no argument 'extra'"),
    ],
)
async def test_arguments_that_a_function_does_not_take_fail_the_test(flow_call, arguments, complaint):
    steps = [*ORDER[:3], calls("select_pizza_order", **arguments)]
    with pytest.raises(ScriptError, match=complaint.replace("(", r"\(").replace(")", r"\)")):
        await flow_call(initial_node(), steps)


async def test_an_llm_may_be_let_make_mistakes_with_arguments(flow_call):
    steps = [*ORDER[:3], calls("select_pizza_order", size="large")]
    call = await flow_call(initial_node(), steps, check_arguments=False)
    assert call.tool_calls[-1].outcome == "failed"


async def test_an_impossible_step_among_several_fails_the_test(flow_call):
    with pytest.raises(ScriptError, match="no function 'sing' is offered"):
        await flow_call(initial_node(), [user("Pizza"), several(calls("choose_pizza"), calls("sing"))])


async def test_steps_after_the_end_fail_the_test(flow_call):
    with pytest.raises(ScriptError) as failure:
        await flow_call(initial_node(), [*ORDER, user("One more thing"), says("Yes?")])
    assert str(failure.value).splitlines() == [
        "2 steps of the script were not taken:",
        '  user("One more thing")',
        '  says("Yes?")',
        "The call was over before: the bot ended the call.",
        "Node 'end' offers no functions.",
        f"Path: {' > '.join(PATH)}",
    ]


async def test_answers_that_nobody_asked_for_fail_the_test(flow_call):
    with pytest.raises(ScriptError, match="The LLM was not asked for an answer there") as failure:
        await flow_call(initial_node(), [user("Pizza"), calls("choose_pizza"), says("Which?"), says("Hello?")])
    assert '1 step of the script was not taken:\n  says("Hello?")' in str(failure.value)
    assert "Node 'choose_pizza' offers: select_pizza_order(size, pizza_type)" in str(failure.value)


@pytest.mark.parametrize("step", [interrupts("Stop", after=1), hangs_up(while_bot_speaks=True)])
async def test_a_call_in_text_says_which_steps_need_a_voice(flow_call, step):
    with pytest.raises(ScriptError, match=r"impossible in text: use flow_call\(..., voice=True\)"):
        await flow_call(initial_node(), [step])


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (initial_node, r"not the function that makes one: initial_node\(\)"),
        (None, "takes a NodeConfig or a Flow"),
        (7, "takes a NodeConfig or a Flow to start with, not 7"),
    ],
)
async def test_what_is_no_node_is_refused(flow_call, start, message):
    with pytest.raises(TypeError, match=message):
        await flow_call(start, ORDER)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({}, "this node has no 'task_messages' (it has nothing at all). A node is written as {\"name\": "),
        ({"name": "start", "functions": []}, "has no 'task_messages' (it has only 'name', 'functions')"),
        ({"name": "start", "task_messages": None}, "the 'task_messages' of node 'start' are no list: None"),
        ({"task_messages": "Greet."}, "the 'task_messages' of node '(no name)' are no list: 'Greet.'"),
        (node("start", functions=None), "the 'functions' of node 'start' are no list: None"),
        ({"initial_node": "start", "nodes": {}}, "give flow_call a Flow(config, handlers=...)"),
    ],
)
@pytest.mark.parametrize("pipeline", [None, lambda parts: parts.processors])
async def test_a_node_that_is_not_whole_is_told_what_it_lacks(flow_call, start, message, pipeline):
    with pytest.raises(TypeError, match=re.escape(message)):
        await flow_call(start, ORDER, pipeline=pipeline)


async def test_a_node_without_a_name_or_messages_to_tell_may_start(flow_call):
    call = await flow_call({"task_messages": []}, [user("Hello")])
    assert call.path[0].startswith("unnamed")


async def test_what_is_no_step_is_refused_with_its_number(flow_call):
    with pytest.raises(TypeError, match="step 2 of the script is 'Pizza'"):
        await flow_call(initial_node(), [user("Hello"), "Pizza"])


@pytest.mark.parametrize("script", [user("Hello"), None])
async def test_what_is_no_list_of_steps_is_refused(flow_call, script):
    with pytest.raises(TypeError, match=r"the script is a list of steps, such as \[user\("):
        await flow_call(initial_node(), script)


@pytest.mark.parametrize("voice", [False, True])
async def test_keys_reach_the_llm(flow_call, voice):
    steps = [dtmf("12#"), calls("choose_pizza"), hangs_up()]
    call = await flow_call(initial_node(), steps, voice=voice)
    assert call.path == PATH[:2]
    assert {"role": "user", "content": "DTMF: 12#"} in call.messages
    assert [keys.keys for keys in call.record.keys] == ["12#"]


@pytest.mark.parametrize("keys", ["", "12a"])
def test_keys_that_no_telephone_has_are_refused(keys):
    with pytest.raises(ValueError, match="dtmf takes keys"):
        dtmf(keys)


def test_slow_takes_an_answer_of_the_llm():
    with pytest.raises(TypeError, match="what the LLM answers"):
        slow(user("Hello"), secs=1)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="from 0 on, not -1"):
        slow(says("Hello"), secs=-1)


async def test_a_slow_llm_takes_its_time(flow_call):
    steps = [user("Pizza"), calls("choose_pizza")]
    quick = await flow_call(initial_node(), steps)
    tardy = await flow_call(initial_node(), [steps[0], slow(steps[1], secs=8)])
    assert tardy.duration_ms - quick.duration_ms == pytest.approx(8000 - 351, abs=1)
    assert tardy.path == quick.path


async def test_everything_that_can_happen_in_a_call_is_told(flow_call):
    call = await flow_call(
        initial_node(),
        [
            user("Pizza"),
            slow(calls("choose_pizza"), secs=4),
            says("Which of the many kinds of pizza that we have do you want?"),
            interrupts("Large", after=1),
            fails("overloaded"),
            silence(20),
            user("Hello?"),
            calls("select_pizza_order", size="huge", pizza_type="pepperoni"),
            says("That is too big."),
            hangs_up(),
        ],
        voice=True,
    )
    assert path_lines(call.record, PathOptions(turns=True)) == [
        "initial",
        "  bot: All right.",
        "  caller: Pizza",
        "choose_pizza  <- choose_pizza()",
        "  bot: Which of the many …",
        "  caller: Large",
        "  error: overloaded",
        "  caller: Hello?",
        '  failed: select_pizza_order(size="huge", pizza_type="pepperoni"): \'huge\'',
        "  bot: That is too big.",
        "end: the caller hung up",
    ]


async def test_the_caller_waits_for_functions_that_run(flow_call):
    start = node("start", stay("search", secs=40))
    call = await flow_call(start, [user("Search"), calls("search"), says("Found."), user("Thanks")])
    assert [turn.text for turn in call.turns][-3:] == ["Found.", "Thanks", "All right."]

    steps = [user("Search"), calls("search"), user("Well?"), says("Wait."), says("Found.")]
    call = await flow_call(start, steps, waits_for_functions=False, patience=60)
    assert [turn.text for turn in call.turns][-3:] == ["Well?", "Wait.", "Found."]


@pytest.mark.parametrize("voice", [False, True])
@pytest.mark.parametrize("patience", [{}, {"patience": 12}])
async def test_a_function_that_lasts_exactly_as_long_as_the_callers_patience_is_not_cut_short(
    flow_call, voice, patience
):
    start = node("start", stay("search", secs=12))
    steps = [user("Search"), calls("search"), says("Found."), user("Thanks")]
    call = await flow_call(start, steps, voice=voice, **patience)
    assert [turn.text for turn in call.turns][-4:] == ["Search", "Found.", "Thanks", "All right."]
    assert call.tool_calls[0].duration_ms == pytest.approx(12_000, abs=1)


@pytest.mark.parametrize("patience", [{}, {"patience": 12}])
async def test_an_llm_that_is_slow_for_exactly_twelve_seconds_is_waited_for(flow_call, patience):
    steps = [user("Pizza"), slow(calls("choose_pizza"), secs=12), says("Which?"), user("Large")]
    call = await flow_call(initial_node(), steps, **patience)
    assert [turn.text for turn in call.turns][-3:] == ["Which?", "Large", "All right."]


async def test_a_ten_minute_call_in_text_is_not_idle(flow_call):
    start = node("start", edge("bake", end_node, secs=600))
    call = await flow_call(start, [user("Bake"), calls("bake")])
    assert call.path == ("start", "end")
    assert call.record.exit_kind == "end"


async def test_global_functions_and_state_are_there(flow_call):
    async def who(args, flow_manager):
        return {"name": flow_manager.state["name"]}, None

    schema = FlowsFunctionSchema(name="who", handler=who, description="Who?", properties={}, required=[])
    call = await flow_call(
        initial_node(),
        [user("Who am I?"), calls("who"), says("Ada.")],
        global_functions=[schema],
        state={"name": "Ada"},
    )
    assert call.tool_calls[0].result == {"name": "Ada"}
    assert call.visits[0].functions_offered == ("who", "choose_pizza")


async def test_a_handler_that_draws_lots_draws_the_same_in_every_call(flow_call):
    async def draw(flow_manager):
        """Draw."""
        return random.random(), None  # noqa: S311  # the very lot is under test

    start = node("start", draw)
    before = random.getstate()
    drawn = [
        (await flow_call(start, [user("Draw"), calls("draw")], seed=seed)).tool_calls[0].result
        for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert random.getstate() == before


def make_bot(parts, initialize=True):
    aggregator = LLMContextAggregatorPair(LLMContext(), user_params=parts.user_params)
    pipeline = Pipeline(
        [
            parts.transport.input(),
            parts.stt,
            aggregator.user(),
            parts.llm,
            parts.tts,
            parts.transport.output(),
            aggregator.assistant(),
        ]
    )
    worker = PipelineWorker(pipeline)
    manager = FlowManager(worker=worker, llm=parts.llm, context_aggregator=aggregator, transport=parts.transport)

    @parts.transport.event_handler("on_client_connected")
    async def on_client_connected(transport, client):
        if initialize:
            await manager.initialize(initial_node())

    return manager


async def test_a_bot_of_the_authors_own_holds_the_call(flow_call):
    call = await flow_call(None, ORDER, pipeline=make_bot)
    assert call.path == PATH
    assert call.turns[0].text == "All right."


async def test_a_bot_may_be_made_by_a_coroutine_and_started_by_the_script(flow_call):
    async def make(parts):
        await asyncio.sleep(1)
        return make_bot(parts, initialize=False)

    call = await flow_call(initial_node(), ORDER, pipeline=make)
    assert call.path == PATH


async def test_a_bot_that_never_starts_its_flow_is_told(flow_call):
    with pytest.raises(ScriptError, match="the flow was never initialized"):
        await flow_call(None, ORDER, pipeline=lambda parts: make_bot(parts, initialize=False))


async def test_a_pipeline_of_processors_in_order_holds_the_call(flow_call):
    call = await flow_call(initial_node(), ORDER, pipeline=lambda parts: parts.processors, voice=False)
    assert call.path == PATH


async def test_a_flow_that_cannot_start_fails_the_test(flow_call):
    broken = node("broken", pre_actions=[{"type": "no_such_action"}])
    with pytest.raises(Exception, match="no_such_action"):
        await flow_call(broken, [user("Hello")])


async def test_a_call_that_does_not_end_is_given_up(flow_call):
    with pytest.raises(TimeoutError, match="within 100 seconds"):
        await flow_call(initial_node(), [silence(5000)], max_secs=100)


async def test_a_handler_that_never_returns_is_named(flow_call):
    async def wait(flow_manager):
        """Wait."""
        await asyncio.Event().wait()

    waiting = node("waiting", wait)
    with pytest.raises(TimeoutError, match=r"'waiting'; still running: wait; next step user\(.B.\); max_secs="):
        await flow_call(waiting, [user("A"), calls("wait"), user("B")], max_secs=100)


@pytest.mark.parametrize("made", [None, 7])
async def test_a_factory_that_returns_no_bot_is_told(flow_call, made):
    with pytest.raises(TypeError, match=f"pipeline= takes what returns the FlowManager, .*, not {made}"):
        await flow_call(initial_node(), ORDER, pipeline=lambda parts: made)


async def test_what_the_llm_was_given_is_known(flow_call):
    call = await flow_call(initial_node(), ORDER)
    assert [prompt.node for prompt in call.prompts][:3] == ["initial", "initial", "choose_pizza"]
    assert [prompt.visit for prompt in call.prompts][:3] == [0, 0, 1]
    assert "You take orders." in (call.prompts[0].system or "")
    assert [tool.name for tool in call.prompts[2].tools] == ["select_pizza_order"]
    assert call.prompts[2].tools[0].required == ("size", "pizza_type")
