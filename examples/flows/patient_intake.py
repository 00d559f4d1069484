"""A bot that fills in a form, section by section; a person can be asked for at any time."""

from typing import Any

try:
    from pipecat.flows import ContextStrategy, ContextStrategyConfig, FlowManager, NodeConfig
except ModuleNotFoundError:  # Pipecat before 1.5
    from pipecat_flows import ContextStrategy, ContextStrategyConfig, FlowManager, NodeConfig

PATIENTS = {"1983-01-01": "Ada"}


async def verify_birthday(flow_manager: FlowManager, birthday: str) -> tuple[Any, NodeConfig | None]:
    """Look the patient up.

    Args:
        birthday (str): As YYYY-MM-DD.
    """
    if birthday in PATIENTS:
        return {"patient": PATIENTS[birthday]}, create_section_node("prescriptions")
    attempts = flow_manager.state["attempts"] = flow_manager.state.get("attempts", 0) + 1
    if attempts == 3:
        return {"status": "locked"}, create_person_node()
    return {"status": "unknown"}, None


async def record_prescriptions(flow_manager: FlowManager, items: list[str]) -> tuple[Any, NodeConfig]:
    """Record the prescriptions.

    Args:
        items (list[str]): Each with its dosage.
    """
    return _record(flow_manager, "prescriptions", items, create_section_node("allergies"))


async def record_allergies(flow_manager: FlowManager, items: list[str]) -> tuple[Any, NodeConfig]:
    """Record the allergies.

    Args:
        items (list[str]): What the patient is allergic to.
    """
    return _record(flow_manager, "allergies", items, create_verify_node())


async def correct(flow_manager: FlowManager, section: str) -> tuple[None, NodeConfig]:
    """Go back to a section.

    Args:
        section (str): prescriptions or allergies.
    """
    return None, create_section_node(section)


async def confirm(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """Everything is right."""
    return None, create_end_node()


async def ask_for_a_person(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The patient wants to speak to a person."""
    return None, create_person_node()


GLOBAL_FUNCTIONS = [ask_for_a_person]


def _record(flow_manager: FlowManager, section: str, items: list[str], node: NodeConfig) -> tuple[Any, NodeConfig]:
    flow_manager.state[section] = items
    return {"count": len(items)}, node


def create_initial_node() -> NodeConfig:
    return NodeConfig(
        name="start",
        role_message="You prepare visits to a clinic.",
        task_messages=[{"role": "developer", "content": "Ask for the date of birth."}],
        functions=[verify_birthday],
    )


def create_section_node(section: str) -> NodeConfig:
    functions = {"prescriptions": record_prescriptions, "allergies": record_allergies}
    return NodeConfig(
        name=section,
        task_messages=[{"role": "developer", "content": f"Ask for the {section}."}],
        functions=[functions[section]],
        context_strategy=ContextStrategyConfig(strategy=ContextStrategy.RESET),
    )


def create_verify_node() -> NodeConfig:
    return NodeConfig(
        name="verify",
        task_messages=[{"role": "developer", "content": "Read everything back."}],
        functions=[confirm, correct],
    )


def create_person_node() -> NodeConfig:
    return NodeConfig(
        name="person",
        task_messages=[{"role": "developer", "content": "Say that somebody will call back."}],
        post_actions=[{"type": "end_conversation"}],
    )


def create_end_node() -> NodeConfig:
    return NodeConfig(
        name="end",
        task_messages=[{"role": "developer", "content": "Thank the patient."}],
        post_actions=[{"type": "end_conversation"}],
    )
