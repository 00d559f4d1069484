"""Flows that throw away their context in mid-call: the transcript is that of the call, not of the context."""

from __future__ import annotations

import asyncio
import warnings

import pytest

from flows_analytics.testing import calls, interrupts, says, user
from tests.bots import end_node, node
from tests.testing.flows_line import flows
from tests.topologies.agreement import assert_agrees
from tests.topologies.bots import hold

Strategy, Config = flows.ContextStrategy, flows.ContextStrategyConfig
STEPS = (
    says("Hello there. What would you like to eat today my friend?"),
    interrupts("I want a pizza", after=1.0),
    calls("choose"),
    says("Which size would you like?"),
    user("A large one"),
    calls("set_size"),
    says("A large one it is. Right?"),
    user("Yes"),
    calls("finish"),
    says("Thank you. Bye bye!"),
)


def strategy(name):
    if name == "reset":
        return Config(strategy=Strategy.RESET)
    return Config(strategy=Strategy.RESET_WITH_SUMMARY, summary_prompt="Sum it up.")


def resetting_flow(context_strategy, role):
    def flow(call):
        def move(name, target, secs):
            async def function(flow_manager):
                """Move on."""
                await asyncio.sleep(secs)
                return {"status": "ok"}, target()

            function.__name__ = name
            return call.truth.tool(function)

        def task(name, *functions, **options):
            config = node(name, *functions, **options)
            config["task_messages"] = [{"role": role, "content": f"Prompt of {name}"}]
            return config

        def size():
            return task("size", move("set_size", confirm, 0.4), context_strategy=context_strategy)

        def confirm():
            return task("confirm", move("finish", last, 0.0), context_strategy=context_strategy)

        def last():
            return {**end_node(), "task_messages": [{"role": role, "content": "Prompt of end"}]}

        return task("greet", move("choose", size, 1.1))

    return flow


@pytest.mark.parametrize("role", ["developer", "user"])
@pytest.mark.parametrize("name", ["reset", "reset_with_summary"])
def test_a_context_reset_loses_no_turn_and_prompts_are_nobodys_words(name, role):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        call = hold(resetting_flow(strategy(name), role), STEPS)

    assert call.script.leftover == ()
    assert call.record.path == ("greet", "size", "confirm", "end")
    assert call.record.status == "completed"
    assert len(call.record.turns) == 7
    assert call.record.turns[-1].text == "Thank you. Bye bye!"
    assert "Prompt of" not in " ".join(turn.text for turn in call.record.turns)
    assert_agrees(call.record, call.truth)
    contents = str(call.bot.context_aggregator.user().context.get_messages())
    assert "Which size" not in contents, "the context was never reset"
    assert ("They have talked." in contents) == (name == "reset_with_summary")


def test_a_reset_as_the_strategy_of_the_whole_flow_loses_no_turn():
    call = hold(
        resetting_flow(None, "developer"),
        STEPS,
        flow_options={"context_strategy": Config(strategy=Strategy.RESET)},
    )

    assert call.script.leftover == ()
    assert len(call.record.turns) == 7
    assert_agrees(call.record, call.truth)
