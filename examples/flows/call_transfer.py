"""A bot that finds out what a call is about, hands it to another agent, and passes it on to a person."""

import asyncio
from typing import Any

try:
    from pipecat.flows import FlowManager, NodeConfig
except ModuleNotFoundError:  # Pipecat before 1.5
    from pipecat_flows import FlowManager, NodeConfig


async def route(flow_manager: FlowManager, department: str) -> tuple[Any, NodeConfig]:
    """Hand the caller to a department.

    Args:
        department (str): sales or support.
    """
    flow_manager.state["department"] = department
    return {"department": department}, create_agent_node(department)


async def back_to_reception(flow_manager: FlowManager) -> tuple[Any, None]:
    """The caller is in the wrong place. The department hands him back."""
    await flow_manager.set_node_from_config(create_initial_node())
    return {"status": "handed back"}, None


async def request_person(flow_manager: FlowManager) -> tuple[Any, NodeConfig]:
    """The caller wants a person."""
    await asyncio.sleep(25)  # somebody has to be free
    if flow_manager.state.get("closed"):
        return {"status": "nobody there"}, create_message_node()
    return {"status": "free"}, create_transfer_node()


async def leave_message(flow_manager: FlowManager, message: str) -> tuple[Any, NodeConfig]:
    """Take a message.

    Args:
        message (str): The caller's words.
    """
    flow_manager.state["message"] = message
    return {"status": "noted"}, create_goodbye_node()


async def dial(action: dict[str, Any], flow_manager: FlowManager) -> None:
    """Pass the call on: the telephone carrier would be asked here."""
    flow_manager.state["dialled"] = action["number"]


def create_initial_node() -> NodeConfig:
    return NodeConfig(
        name="reception",
        role_message="You are the reception.",
        task_messages=[{"role": "developer", "content": "Ask what the call is about."}],
        functions=[route],
    )


def create_agent_node(department: str) -> NodeConfig:
    return NodeConfig(
        name=department,
        role_message=f"You are {department}.",
        task_messages=[{"role": "developer", "content": f"Help as {department} does."}],
        functions=[request_person, back_to_reception],
    )


def create_transfer_node() -> NodeConfig:
    return NodeConfig(
        name="transfer",
        task_messages=[{"role": "developer", "content": "Say that the call is being passed on."}],
        pre_actions=[{"type": "tts_say", "text": "One moment, please."}],
        post_actions=[{"type": "function", "handler": dial, "number": "+15550100"}, {"type": "end_conversation"}],
    )


def create_message_node() -> NodeConfig:
    return NodeConfig(
        name="message",
        task_messages=[{"role": "developer", "content": "Ask for a message."}],
        functions=[leave_message],
    )


def create_goodbye_node() -> NodeConfig:
    return NodeConfig(
        name="goodbye",
        task_messages=[{"role": "developer", "content": "Say goodbye."}],
        post_actions=[{"type": "end_conversation"}],
    )
