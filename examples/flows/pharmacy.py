"""The functions of pharmacy.yaml. Where they lead is said there. Needs Pipecat 1.9 or later."""

from pathlib import Path
from typing import Any

from pipecat.flows import TRANSITION_IN_YAML, Flow, FlowConfig, FlowManager

PRESCRIPTIONS = {
    "100": {"status": "ready", "medicine": "Aspirin"},
    "200": {"status": "refillable", "medicine": "Ibuprofen", "refills": 2},
    "300": {"status": "expired", "medicine": "Codeine"},
}


async def find_prescription(flow_manager: FlowManager, number: str) -> tuple[Any, Any]:
    """Look a prescription up.

    Args:
        number (str): Its number.
    """
    found = PRESCRIPTIONS.get(number, {"status": "unknown"})
    flow_manager.state.update(found)
    return found, TRANSITION_IN_YAML


async def refill(flow_manager: FlowManager) -> tuple[Any, Any]:
    """Refill the prescription."""
    flow_manager.state["refills"] -= 1
    return {"left": flow_manager.state["refills"]}, TRANSITION_IN_YAML


async def opening_hours(flow_manager: FlowManager) -> tuple[Any, Any]:
    """When is the pharmacy open?"""
    return {"hours": "8 to 20"}, TRANSITION_IN_YAML


def create_flow() -> Flow:
    config = FlowConfig.from_file(Path(__file__).with_suffix(".yaml"))
    handlers = {"find_prescription": find_prescription, "refill": refill, "opening_hours": opening_hours}
    return Flow(config, handlers=handlers)
