"""What the intake bot does: the functions that intake.yaml names.

Where a function leads is said in the YAML. The words of the docstrings are the model's.
"""

# ruff: noqa: D417  # the model reads these docstrings, and it knows no flow_manager

import asyncio
import random
from typing import Any

from flows_analytics.demo.flows_line import TRANSITION_IN_YAML, FlowManager

PATIENTS = {
    "1984-03-12": "Ines Calder",
    "1951-11-30": "Walter Amsel",
    "1997-07-04": "Priya Raman",
    "1972-01-19": "Jonas Feldt",
    "2001-09-08": "Mara Quist",
}
MOST_ATTEMPTS = 3


async def verify_birthday(flow_manager: FlowManager, birthday: str) -> tuple[Any, Any]:
    """Look the patient up by date of birth.

    Args:
        birthday (str): The date, as YYYY-MM-DD.
    """
    await asyncio.sleep(random.uniform(0.5, 1.5))
    attempt = flow_manager.state["attempts"] = flow_manager.state.get("attempts", 0) + 1
    if birthday in PATIENTS:
        flow_manager.state["patient"] = PATIENTS[birthday]
        return {"status": "verified", "patient": PATIENTS[birthday]}, TRANSITION_IN_YAML
    return {"status": "unknown" if attempt < MOST_ATTEMPTS else "locked", "attempt": attempt}, TRANSITION_IN_YAML


async def record_prescriptions(flow_manager: FlowManager, prescriptions: list[str]) -> tuple[Any, Any]:
    """Record the prescriptions.

    Args:
        prescriptions (list[str]): Each with its dosage; empty if there are none.
    """
    return await _record(flow_manager, "prescriptions", prescriptions)


async def record_allergies(flow_manager: FlowManager, allergies: list[str]) -> tuple[Any, Any]:
    """Record the allergies.

    Args:
        allergies (list[str]): What the patient is allergic to; empty if nothing.
    """
    return await _record(flow_manager, "allergies", allergies)


async def record_conditions(flow_manager: FlowManager, conditions: list[str]) -> tuple[Any, Any]:
    """Record the medical conditions.

    Args:
        conditions (list[str]): The conditions; empty if there are none.
    """
    return await _record(flow_manager, "conditions", conditions)


async def record_visit_reason(flow_manager: FlowManager, visit_reason: str) -> tuple[Any, Any]:
    """Record why the patient comes.

    Args:
        visit_reason (str): The reason, in a few words.
    """
    return await _record(flow_manager, "visit_reason", visit_reason)


async def correct_information(flow_manager: FlowManager, section: str) -> tuple[Any, Any]:
    """Go back to what the patient wants to correct.

    Args:
        section (str): One of "prescriptions", "allergies", "conditions" or "visit_reason".
    """
    return {"section": section}, TRANSITION_IN_YAML


async def file_intake(action: dict[str, Any], flow_manager: FlowManager) -> None:
    """Hand the form to the clinic before the goodbye."""
    await asyncio.sleep(random.uniform(0.4, 1.2))
    flow_manager.state["filed"] = True


async def _record(flow_manager: FlowManager, section: str, value: Any) -> tuple[Any, Any]:
    await asyncio.sleep(random.uniform(0.2, 0.6))
    flow_manager.state[section] = value
    return {section: value}, TRANSITION_IN_YAML
