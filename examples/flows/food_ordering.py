"""A bot that takes orders for pizza or sushi, reads them back, and takes them again if they are wrong."""

from typing import Any

try:
    from pipecat.flows import FlowManager, NodeConfig
except ModuleNotFoundError:  # Pipecat before 1.5
    from pipecat_flows import FlowManager, NodeConfig

PRICES = {"small": 10.0, "medium": 15.0, "large": 20.0}


async def choose_pizza(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The caller wants pizza."""
    return None, create_pizza_node()


async def choose_sushi(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The caller wants sushi."""
    return None, create_sushi_node()


async def select_pizza_order(flow_manager: FlowManager, size: str, pizza_type: str) -> tuple[Any, NodeConfig]:
    """Take the order of a pizza.

    Args:
        size (str): small, medium or large.
        pizza_type (str): Which pizza.
    """
    flow_manager.state["order"] = {"size": size, "pizza_type": pizza_type, "price": PRICES[size]}
    return flow_manager.state["order"], create_confirmation_node()


async def select_sushi_order(flow_manager: FlowManager, rolls: int, roll_type: str) -> tuple[Any, NodeConfig]:
    """Take the order of sushi.

    Args:
        rolls (int): How many rolls, up to ten.
        roll_type (str): Which rolls.
    """
    flow_manager.state["order"] = {"rolls": rolls, "roll_type": roll_type, "price": 8.0 * rolls}
    return flow_manager.state["order"], create_confirmation_node()


async def complete_order(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The order is right."""
    return None, create_end_node()


async def revise_order(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The order is wrong."""
    return None, create_initial_node()


def create_initial_node() -> NodeConfig:
    return NodeConfig(
        name="initial",
        role_message="You take orders on the phone. Be short and kind.",
        task_messages=[{"role": "developer", "content": "Greet the caller. Ask: pizza or sushi?"}],
        functions=[choose_pizza, choose_sushi],
    )


def create_pizza_node() -> NodeConfig:
    return NodeConfig(
        name="choose_pizza",
        task_messages=[{"role": "developer", "content": "Ask for the size and the kind of pizza."}],
        functions=[select_pizza_order],
    )


def create_sushi_node() -> NodeConfig:
    return NodeConfig(
        name="choose_sushi",
        task_messages=[{"role": "developer", "content": "Ask for the number and the kind of rolls."}],
        functions=[select_sushi_order],
    )


def create_confirmation_node() -> NodeConfig:
    return NodeConfig(
        name="confirm",
        task_messages=[{"role": "developer", "content": "Read the order back. Ask whether it is right."}],
        functions=[complete_order, revise_order],
    )


def create_end_node() -> NodeConfig:
    return NodeConfig(
        name="end",
        task_messages=[{"role": "developer", "content": "Thank the caller and say goodbye."}],
        post_actions=[{"type": "end_conversation"}],
    )
