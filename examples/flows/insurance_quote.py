"""A bot that computes a quote, and computes it again with another coverage, as often as the caller likes."""

import asyncio
from typing import Any, Literal

try:
    from pipecat.flows import FlowManager, NodeConfig
except ModuleNotFoundError:  # Pipecat before 1.5
    from pipecat_flows import FlowManager, NodeConfig


async def collect_age(flow_manager: FlowManager, age: int) -> tuple[Any, NodeConfig]:
    """Record the age.

    Args:
        age (int): In years.
    """
    flow_manager.state["age"] = age
    return {"age": age}, create_smoking_node()


async def collect_smoking(flow_manager: FlowManager, smokes: bool) -> tuple[Any, NodeConfig]:
    """Record whether the caller smokes, and compute the quote.

    Args:
        smokes (bool): Whether the caller smokes.
    """
    flow_manager.state["smokes"] = smokes
    return {"smokes": smokes}, await _quote(flow_manager, 250_000)


async def update_coverage(flow_manager: FlowManager, amount: int) -> tuple[Any, NodeConfig]:
    """Compute the quote again.

    Args:
        amount (int): What is to be paid out.
    """
    return {"amount": amount}, await _quote(flow_manager, amount)


async def compare(flow_manager: FlowManager, kind: Literal["term", "whole"]) -> tuple[Any, None]:
    """Explain a kind of insurance.

    Args:
        kind (str): term or whole.
    """
    return {"kind": kind, "years": 20 if kind == "term" else None}, None


async def accept(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The caller takes the quote, or leaves it."""
    return None, create_end_node()


async def _quote(flow_manager: FlowManager, amount: int) -> NodeConfig:
    await asyncio.sleep(4)  # the rating engine
    rate = 0.5 + 0.02 * flow_manager.state["age"] * (2 if flow_manager.state["smokes"] else 1)
    premium = round(amount / 100_000 * rate * 10, 2)
    flow_manager.state["premium"] = premium
    return create_quote_node(amount, premium)


def create_initial_node() -> NodeConfig:
    return NodeConfig(
        name="initial",
        role_message="You sell life insurance, honestly.",
        task_messages=[{"role": "developer", "content": "Ask for the caller's age."}],
        functions=[collect_age],
    )


def create_smoking_node() -> NodeConfig:
    return NodeConfig(
        name="smoking",
        task_messages=[{"role": "developer", "content": "Ask whether the caller smokes."}],
        functions=[collect_smoking],
        pre_actions=[{"type": "tts_say", "text": "Thank you."}],
    )


def create_quote_node(amount: int, premium: float) -> NodeConfig:
    return NodeConfig(
        name="quote",
        task_messages=[
            {"role": "developer", "content": f"{amount} dollars cost {premium} a month. Offer another coverage."}
        ],
        functions=[update_coverage, compare, accept],
    )


def create_end_node() -> NodeConfig:
    return NodeConfig(
        name="end",
        task_messages=[{"role": "developer", "content": "Say goodbye."}],
        post_actions=[{"type": "end_conversation"}],
    )
