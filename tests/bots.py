"""The bots that the tests of several rooms hold calls with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from flows_analytics import CallRecord, FlowsObserver
from flows_analytics.testing import Script, ScriptedBot, calls, run_virtual, says, user
from tests.testing.flows_line import FlowManager
from tests.truth import Truth


def node(name: str | None, *functions: Any, **options: Any) -> dict[str, Any]:
    """A NodeConfig; one without a name if `name` is None."""
    config: dict[str, Any] = {
        "task_messages": [{"role": "developer", "content": f"You are in {name}."}],
        "functions": list(functions),
        **options,
    }
    return config if name is None else {"name": name, **config}


def edge(function_name: str, target: Any, result: Any = None, secs: float = 0.0) -> Any:
    """A direct function that takes `secs` and moves to `target`, a node or what makes one."""

    async def function(flow_manager: Any) -> tuple[Any, Any]:
        """Move on."""
        if secs:
            await asyncio.sleep(secs)
        return result, target() if callable(target) else target

    function.__name__ = function_name
    return function


def stay(function_name: str, result: Any = "ok", secs: float = 0.0) -> Any:
    """A direct function that takes `secs` and stays in the node."""
    return edge(function_name, None, result, secs)


async def choose_pizza(flow_manager: Any) -> tuple[None, Any]:
    """The caller wants pizza."""
    return None, pizza_node()


async def select_pizza_order(flow_manager: Any, size: str, pizza_type: str) -> tuple[Any, Any]:
    """Take the order.

    Args:
        size (str): Size.
        pizza_type (str): Kind.
    """
    price = {"small": 10.0, "medium": 15.0, "large": 20.0}[size]
    flow_manager.state["order"] = {"size": size, "pizza_type": pizza_type}
    return {"size": size, "type": pizza_type, "price": price}, confirm_node()


async def complete_order(flow_manager: Any) -> tuple[None, Any]:
    """The order is right."""
    return None, end_node()


async def revise_order(flow_manager: Any) -> tuple[None, Any]:
    """The order is wrong."""
    return None, initial_node()


def initial_node() -> dict[str, Any]:
    return node("initial", choose_pizza, role_message="You take orders.")


def pizza_node() -> dict[str, Any]:
    return node("choose_pizza", select_pizza_order)


def confirm_node() -> dict[str, Any]:
    return node("confirm", complete_order, revise_order)


def end_node() -> dict[str, Any]:
    return node("end", post_actions=[{"type": "end_conversation"}])


PIZZA_CALL = (
    says("Hi! Pizza or sushi?"),
    user("Pizza please"),
    calls("choose_pizza"),
    says("What size?"),
    user("Large pepperoni"),
    calls("select_pizza_order", size="large", pizza_type="pepperoni"),
    says("Large pepperoni, right?"),
    user("Yes"),
    calls("complete_order"),
    says("Thank you, goodbye!"),
)
PIZZA_PATH = ("initial", "choose_pizza", "confirm", "end")


@dataclass
class Held:
    """A call that was held.

    Attributes:
        observer: What recorded it.
        script: What was left of the script.
        bot: The bot.
        truth: What really happened.
    """

    observer: FlowsObserver
    bot: ScriptedBot
    truth: Truth
    script: Script | None = None
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def record(self) -> CallRecord:
        return self.observer.record


def hold_call(
    initial: Any,
    steps: Any,
    *,
    attach: bool = True,
    prepare: Any = None,
    text_only: bool = False,
    seed: int = 0,
    observers: Any = (),
    flow_options: dict[str, Any] | None = None,
    healthy: bool = True,
    **observer_options: Any,
) -> Held:
    """Hold one call on virtual time and return what was recorded.

    `observers` watch beside ours: a list, or what makes one inside the loop. `prepare(held)` is called, and
    awaited if it is a coroutine, once the bot stands and before the call begins. Inside the pipeline, Pipecat logs
    what an observer raises, so the recording must have lost nothing to an error of ours unless `healthy` says so.
    """

    async def main() -> Held:
        observer = FlowsObserver(**{"strict": True, **observer_options})
        truth = Truth()
        bot = ScriptedBot(
            observers=[observer, *(observers() if callable(observers) else observers)],
            flow_manager_class=FlowManager,
            text_only=text_only,
            on_happening=truth.take,
            **(flow_options or {}),
        )
        held = Held(observer, bot, truth)
        if attach:
            observer.attach_flow_manager(bot.flow_manager)
        if prepare is not None and asyncio.iscoroutine(waiting := prepare(held)):
            await waiting
        held.script = await bot.run(initial, steps)
        return held

    held = run_virtual(main, seed=seed)
    assert not healthy or not held.observer.health.count("guarded_error"), held.observer.health
    return held


def hold_pizza_call(**options: Any) -> Held:
    """Hold the scripted pizza call."""
    return hold_call(initial_node(), PIZZA_CALL, **options)
