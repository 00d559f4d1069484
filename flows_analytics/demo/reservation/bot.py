"""The reservation bot, built in Python from function schemas.

Version 42 differs from version 41 in one thing: it asks the new booking system, which takes its time.
"""

import asyncio
import random
from typing import Any

from flows_analytics.demo.bot import BotFlow
from flows_analytics.demo.flows_line import FlowArgs, FlowManager, FlowsFunctionSchema, NodeConfig

LARGEST_TABLE = 12
FREE_TIMES = ("17:30", "18:00", "20:30", "21:00")
FULL_TIMES = ("18:30", "19:00", "19:30", "20:00")

_CHECK_SECS = {"41": (0.8, 1.8), "42": (7.5, 9.5)}

Handled = tuple[Any, NodeConfig | None]
"""What a handler returns: the result for the LLM, and the next node."""


def reservation_flow(version: str) -> BotFlow:
    """Build the flow of an agent version.

    Args:
        version: The agent version.

    Returns:
        The flow.
    """
    return BotFlow(initial_node=party_size_node(), state={"check_secs": _CHECK_SECS[version]})


async def record_party_size(args: FlowArgs, flow_manager: FlowManager) -> Handled:
    """Keep the size of the party and go on to the time."""
    if args["size"] > LARGEST_TABLE:
        raise ValueError(f"no table for {args['size']}; the largest seats {LARGEST_TABLE}")
    flow_manager.state["party_size"] = args["size"]
    return {"size": args["size"]}, time_node()


async def check_availability(args: FlowArgs, flow_manager: FlowManager) -> Handled:
    """Ask the booking system for a table, and branch on the answer."""
    await asyncio.sleep(random.uniform(*flow_manager.state["check_secs"]))
    time = args["time"]
    if time in FREE_TIMES:
        flow_manager.state["time"] = time
        return {"available": True, "time": time}, confirm_node()
    return {"available": False, "time": time, "alternatives": FREE_TIMES}, alternatives_node()


async def change_reservation(args: FlowArgs, flow_manager: FlowManager) -> Handled:
    """Go back to the time."""
    return None, time_node()


async def complete_reservation(args: FlowArgs, flow_manager: FlowManager) -> Handled:
    """Write the reservation down."""
    await asyncio.sleep(random.uniform(0.7, 1.5))
    state = flow_manager.state
    return {"name": args["name"], "size": state["party_size"], "time": state["time"]}, booked_node()


async def give_up(args: FlowArgs, flow_manager: FlowManager) -> Handled:
    """Let the caller go without a table."""
    return None, goodbye_node()


_TIME = {"type": "string", "description": "Time of day, as HH:MM."}

RECORD_PARTY_SIZE = FlowsFunctionSchema(
    name="record_party_size",
    description="Record how many people come.",
    properties={"size": {"type": "integer", "minimum": 1, "maximum": LARGEST_TABLE}},
    required=["size"],
    handler=record_party_size,
)
CHECK_AVAILABILITY = FlowsFunctionSchema(
    name="check_availability",
    description="Check whether a table is free at the time the caller wants.",
    properties={"time": _TIME},
    required=["time"],
    handler=check_availability,
)
CHANGE_RESERVATION = FlowsFunctionSchema(
    name="change_reservation",
    description="The caller wants another time.",
    properties={},
    required=[],
    handler=change_reservation,
)
COMPLETE_RESERVATION = FlowsFunctionSchema(
    name="complete_reservation",
    description="The caller confirms the reservation and has given a name.",
    properties={"name": {"type": "string"}},
    required=["name"],
    handler=complete_reservation,
)
GIVE_UP = FlowsFunctionSchema(
    name="give_up",
    description="The caller does not want any of the times on offer.",
    properties={},
    required=[],
    handler=give_up,
)


def party_size_node() -> NodeConfig:
    """How many people?"""
    return NodeConfig(
        name="party_size",
        role_message="You take reservations for La Maison on the phone. Be warm and brief.",
        task_messages=[{"role": "developer", "content": "Greet the caller and ask how many people will come."}],
        functions=[RECORD_PARTY_SIZE],
    )


def time_node() -> NodeConfig:
    """At what time?"""
    return NodeConfig(
        name="get_time",
        task_messages=[{"role": "developer", "content": "Ask at what time tonight, between 17:30 and 21:00."}],
        functions=[CHECK_AVAILABILITY],
    )


def alternatives_node() -> NodeConfig:
    """Would another time do?"""
    return NodeConfig(
        name="offer_alternatives",
        task_messages=[{"role": "developer", "content": "Apologize and offer the alternatives that were found."}],
        functions=[CHECK_AVAILABILITY, GIVE_UP],
    )


def confirm_node() -> NodeConfig:
    """Is that right, and what is the name?"""
    return NodeConfig(
        name="confirm",
        task_messages=[{"role": "developer", "content": "Read the reservation back and ask for a name."}],
        functions=[COMPLETE_RESERVATION, CHANGE_RESERVATION],
    )


def booked_node() -> NodeConfig:
    """Goodbye, and see you tonight."""
    return NodeConfig(
        name="booked",
        task_messages=[{"role": "developer", "content": "Thank the caller and look forward to the visit."}],
        pre_actions=[{"type": "tts_say", "text": "Your table is booked."}],
        post_actions=[{"type": "end_conversation"}],
    )


def goodbye_node() -> NodeConfig:
    """Goodbye, without a table."""
    return NodeConfig(
        name="goodbye",
        task_messages=[{"role": "developer", "content": "Say that you are sorry, and goodbye."}],
        post_actions=[{"type": "end_conversation"}],
    )
