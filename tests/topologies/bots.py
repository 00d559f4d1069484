"""Bots of unusual shape, and one way to hold a call with each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flows_analytics import CallRecord, FlowsObserver
from flows_analytics.testing import Script, ScriptedBot, calls, interrupts, run_virtual, says, user
from tests.bots import end_node, node
from tests.testing.flows_line import FlowManager
from tests.topologies.agreement import assert_agrees
from tests.truth import Truth


@dataclass
class Call:
    """A call that was held.

    Attributes:
        observer: What recorded it.
        truth: What really happened.
        bot: The bot.
        script: What was left of the script.
        seen: Whatever a test keeps.
    """

    observer: FlowsObserver
    truth: Truth
    bot: ScriptedBot
    script: Script = field(default_factory=Script)
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def record(self) -> CallRecord:
        return self.observer.record


def hold(
    flow: Callable[[Call], Any] | dict[str, Any],
    steps: Any,
    *,
    arrange: Any = None,
    bot_class: type[ScriptedBot] = ScriptedBot,
    prepare: Callable[[Call], Any] | None = None,
    patience: float = 12.0,
    flow_options: dict[str, Any] | None = None,
    **bot_options: Any,
) -> Call:
    """Hold one call on virtual time.

    `flow` is the initial node, or makes it from the call, whose `truth.tool` wraps the handlers. `prepare` is
    called once the bot stands.
    """

    async def main() -> Call:
        truth = Truth()
        observer = FlowsObserver(strict=True)
        bot = bot_class(
            observers=[observer],
            flow_manager_class=FlowManager,
            arrange=arrange,
            on_happening=truth.take,
            **bot_options,
            **(flow_options or {}),
        )
        call = Call(observer, truth, bot)
        observer.attach_flow_manager(bot.flow_manager)
        if prepare is not None:
            prepare(call)
        call.script = await bot.run(flow(call) if callable(flow) else flow, steps, patience=patience)
        return call

    return run_virtual(main)


def pizza_flow(call: Call) -> dict[str, Any]:
    """greet → size → end, with functions that take their time: `choose_pizza` 1.5 s, `look_up` 0.7 s."""

    async def choose_pizza(flow_manager: Any) -> tuple[Any, Any]:
        """The caller wants pizza."""
        await asyncio.sleep(1.5)
        return {"status": "ok"}, size()

    async def look_up(flow_manager: Any) -> tuple[Any, Any]:
        """Look up the sizes."""
        await asyncio.sleep(0.7)
        return {"sizes": ["large"]}, None

    async def finish(flow_manager: Any) -> tuple[Any, Any]:
        """The order is complete."""
        return None, end_node()

    tool = call.truth.tool

    def size() -> dict[str, Any]:
        return node("size", tool(look_up), tool(finish))

    return node("greet", tool(choose_pizza), role_message="You take orders.")


PIZZA_PATH = ("greet", "size", "end")
PIZZA_STEPS = (
    says("Hello there. What would you like to eat today my friend?"),
    interrupts("Wait a moment please", after=1.0),
    says("Of course. Take your time."),
    user("I want a pizza"),
    calls("choose_pizza"),
    says("Which size would you like?"),
    user("What do you have"),
    calls("look_up"),
    says("We only have large ones."),
    user("Fine then"),
    calls("finish"),
    says("Thank you. Goodbye!"),
)


def assert_pizza_call(call: Call) -> None:
    """The call took its whole script, and the record tells it as it was."""
    assert call.script.leftover == ()
    assert call.record.path == PIZZA_PATH
    assert call.record.status == "completed"
    assert_agrees(call.record, call.truth)
    first = call.truth.bot[0]
    assert first.cut and first.heard == "Hello there. What would"
