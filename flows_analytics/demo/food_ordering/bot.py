"""The food ordering bot, built in Python from direct functions.

Version 42 differs from version 41 in one node: before it reads the order back, it offers `extras`.
"""

# ruff: noqa: D417  # the model reads these docstrings, and it knows no flow_manager

import asyncio
import random
from typing import Any

from flows_analytics.demo.bot import BotFlow
from flows_analytics.demo.flows_line import FlowManager, NodeConfig

PIZZA_PRICES = {"small": 10.0, "medium": 15.0, "large": 20.0}
SUSHI_PRICE = 8.0
MOST_ROLLS = 10
EXTRA_PRICE = 4.5


def food_ordering_flow(version: str) -> BotFlow:
    """Build the flow of an agent version.

    Args:
        version: The agent version.

    Returns:
        The flow.
    """
    return BotFlow(
        initial_node=initial_node(),
        global_functions=[get_delivery_estimate],
        state={"offers_extras": version == "42"},
    )


async def get_delivery_estimate(flow_manager: FlowManager) -> tuple[Any, None]:
    """Tell how long a delivery takes at the moment."""
    await asyncio.sleep(random.uniform(0.6, 1.4))
    return {"minutes": random.randrange(25, 60, 5)}, None


async def choose_pizza(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The caller wants pizza."""
    return None, pizza_node()


async def choose_sushi(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The caller wants sushi."""
    return None, sushi_node()


async def select_pizza_order(flow_manager: FlowManager, size: str, pizza_type: str) -> tuple[Any, NodeConfig]:
    """Take down the pizza, once size and type are both known.

    Args:
        size (str): One of "small", "medium" or "large".
        pizza_type (str): One of "margherita", "pepperoni", "funghi" or "quattro formaggi".
    """
    await asyncio.sleep(random.uniform(0.2, 0.6))
    if size not in PIZZA_PRICES:
        raise ValueError(f"no pizza of size {size!r}; there are {', '.join(PIZZA_PRICES)}")
    order = {"pizza": pizza_type, "size": size, "price": PIZZA_PRICES[size]}
    flow_manager.state["order"] = order
    return order, _node_after_choice(flow_manager)


async def select_sushi_order(flow_manager: FlowManager, count: int, roll_type: str) -> tuple[Any, NodeConfig]:
    """Take down the sushi, once number and kind of the rolls are both known.

    Args:
        count (int): Number of rolls, 1 to 10.
        roll_type (str): One of "california", "spicy tuna", "rainbow" or "dragon".
    """
    await asyncio.sleep(random.uniform(0.2, 0.6))
    if not 1 <= count <= MOST_ROLLS:
        raise ValueError(f"cannot make {count} rolls; the kitchen takes up to {MOST_ROLLS} an order")
    order = {"rolls": roll_type, "count": count, "price": count * SUSHI_PRICE}
    flow_manager.state["order"] = order
    return order, _node_after_choice(flow_manager)


async def add_extras(flow_manager: FlowManager, extras: list[str]) -> tuple[Any, NodeConfig]:
    """Add extras to the order.

    Args:
        extras (list[str]): What to add: drinks, sides or desserts.
    """
    await asyncio.sleep(random.uniform(0.2, 0.6))
    order = flow_manager.state["order"]
    order["extras"] = extras
    order["price"] += EXTRA_PRICE * len(extras)
    return order, confirm_node()


async def skip_extras(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The caller wants nothing else."""
    return None, confirm_node()


async def complete_order(flow_manager: FlowManager) -> tuple[Any, NodeConfig]:
    """The caller confirms the order."""
    await asyncio.sleep(random.uniform(0.8, 1.8))
    return {"order_number": random.randrange(100, 1000)}, end_node()


async def revise_order(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The caller wants to change the order."""
    return None, initial_node()


async def check_kitchen(action: dict[str, Any], flow_manager: FlowManager) -> None:
    """See whether the kitchen is open before the caller is asked anything."""
    await asyncio.sleep(random.uniform(0.1, 0.3))
    flow_manager.state["kitchen_open"] = True


def initial_node() -> NodeConfig:
    """Pizza or sushi?"""
    return NodeConfig(
        name="initial",
        role_message="You take orders for Luna Kitchen on the phone. Be friendly and brief.",
        task_messages=[{"role": "developer", "content": "Greet the caller and ask: pizza or sushi?"}],
        pre_actions=[{"type": "function", "handler": check_kitchen}],
        functions=[choose_pizza, choose_sushi],
    )


def pizza_node() -> NodeConfig:
    """Which pizza, and how big?"""
    return NodeConfig(
        name="choose_pizza",
        task_messages=[
            {
                "role": "developer",
                "content": "Ask for size and type. Small is 10 dollars, medium 15, large 20.",
            }
        ],
        functions=[select_pizza_order],
    )


def sushi_node() -> NodeConfig:
    """Which rolls, and how many?"""
    return NodeConfig(
        name="choose_sushi",
        task_messages=[{"role": "developer", "content": "Ask for number and kind of rolls, 8 dollars each."}],
        functions=[select_sushi_order],
    )


def extras_node() -> NodeConfig:
    """Drinks, sides, desserts?"""
    return NodeConfig(
        name="extras",
        task_messages=[{"role": "developer", "content": "Present all of today's drinks, sides and desserts."}],
        functions=[add_extras, skip_extras],
    )


def confirm_node() -> NodeConfig:
    """Is the order right?"""
    return NodeConfig(
        name="confirm",
        task_messages=[{"role": "developer", "content": "Read the order back and ask whether it is right."}],
        functions=[complete_order, revise_order],
    )


def end_node() -> NodeConfig:
    """Goodbye."""
    return NodeConfig(
        name="end",
        task_messages=[{"role": "developer", "content": "Thank the caller and say goodbye."}],
        post_actions=[{"type": "end_conversation"}],
    )


def _node_after_choice(flow_manager: FlowManager) -> NodeConfig:
    return extras_node() if flow_manager.state["offers_extras"] else confirm_node()
