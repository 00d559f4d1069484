"""A bot that books tables, and looks for another time where there is none."""

import asyncio
from typing import Any

try:
    from pipecat.flows import FlowManager, FlowsFunctionSchema, NodeConfig
except ModuleNotFoundError:  # Pipecat before 1.5
    from pipecat_flows import FlowManager, FlowsFunctionSchema, NodeConfig

TAKEN = {"19:00", "20:00"}
OPEN = ("18:00", "19:00", "20:00", "21:00")


async def collect_party_size(args: dict[str, Any], flow_manager: FlowManager) -> tuple[Any, NodeConfig]:
    flow_manager.state["guests"] = args["guests"]
    if args["guests"] > 12:
        return {"status": "too_many"}, create_events_node()
    return {"status": "ok"}, create_time_node()


async def check_availability(args: dict[str, Any], flow_manager: FlowManager) -> tuple[Any, NodeConfig]:
    await asyncio.sleep(1.5)  # the booking system
    if args["time"] not in OPEN:
        raise ValueError(f"closed at {args['time']}")
    if args["time"] in TAKEN:
        free = [time for time in OPEN if time not in TAKEN]
        return {"status": "taken", "free": free}, create_no_table_node(free)
    flow_manager.state["time"] = args["time"]
    return {"status": "free"}, create_confirmation_node()


async def end_conversation(args: dict[str, Any], flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    return None, create_end_node()


def function(name: str, handler: Any, description: str, **properties: Any) -> FlowsFunctionSchema:
    return FlowsFunctionSchema(
        name=name, handler=handler, description=description, properties=properties, required=list(properties)
    )


TIME = {"type": "string", "description": "As HH:MM"}


GUESTS = {"type": "integer", "minimum": 1}


def create_initial_node() -> NodeConfig:
    return NodeConfig(
        name="initial",
        role_message="You take reservations for La Maison.",
        task_messages=[{"role": "developer", "content": "Ask for how many guests."}],
        functions=[
            function(
                "collect_party_size",
                collect_party_size,
                "Number of guests",
                guests={"type": "integer", "minimum": 1},
            )
        ],
    )


def create_time_node() -> NodeConfig:
    return NodeConfig(
        name="get_time",
        task_messages=[{"role": "developer", "content": "Ask for the time."}],
        functions=[function("check_availability", check_availability, "Is there a table?", time=TIME)],
    )


def create_no_table_node(free: list[str]) -> NodeConfig:
    return NodeConfig(
        name="no_table",
        task_messages=[{"role": "developer", "content": f"Offer these times: {', '.join(free)}."}],
        functions=[
            function("check_availability", check_availability, "Is there a table?", time=TIME),
            function("end_conversation", end_conversation, "The caller wants none of them"),
        ],
    )


def create_confirmation_node() -> NodeConfig:
    return NodeConfig(
        name="confirm",
        task_messages=[{"role": "developer", "content": "Confirm the reservation."}],
        functions=[function("end_conversation", end_conversation, "The caller is done")],
    )


def create_events_node() -> NodeConfig:
    return NodeConfig(
        name="events",
        task_messages=[{"role": "developer", "content": "Say that the events team will call back."}],
        post_actions=[{"type": "end_conversation"}],
    )


def create_end_node() -> NodeConfig:
    return NodeConfig(
        name="end",
        task_messages=[{"role": "developer", "content": "Say goodbye."}],
        post_actions=[{"type": "end_conversation"}],
    )
