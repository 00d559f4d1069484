"""The flow of intake.yaml in plain Python, for Pipecat before 1.9."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from flows_analytics.demo.flows_line import (
    ContextStrategy,
    ContextStrategyConfig,
    FlowManager,
    FlowsDirectFunction,
    NodeConfig,
)
from flows_analytics.demo.patient_intake import handlers

NextNode = Callable[[Any, Mapping[str, Any]], NodeConfig]
"""Chooses the next node by the result of a function and the state of the flow."""


def start_node() -> NodeConfig:
    """Who is it?"""
    return NodeConfig(
        name="start",
        role_message="You are Robin of Elm Street Clinic, preparing visits on the phone. Be kind and clear.",
        task_messages=_task(
            "Introduce yourself and ask for the patient's date of birth. Check it with verify_birthday."
        ),
        functions=[_leads(handlers.verify_birthday, _after_birthday)],
    )


def prescriptions_node() -> NodeConfig:
    """Which prescriptions?"""
    return NodeConfig(
        name="get_prescriptions",
        task_messages=_task("Ask which prescriptions the patient takes, with the dosage of each."),
        context_strategy=ContextStrategyConfig(strategy=ContextStrategy.RESET),
        functions=[_leads(handlers.record_prescriptions, lambda _result, _state: allergies_node())],
    )


def allergies_node() -> NodeConfig:
    """Which allergies?"""
    return NodeConfig(
        name="get_allergies",
        task_messages=_task("Ask about allergies."),
        functions=[_leads(handlers.record_allergies, lambda _result, _state: conditions_node())],
    )


def conditions_node() -> NodeConfig:
    """Which conditions?"""
    return NodeConfig(
        name="get_conditions",
        task_messages=_task("Ask about medical conditions."),
        functions=[_leads(handlers.record_conditions, lambda _result, _state: visit_reason_node())],
    )


def visit_reason_node() -> NodeConfig:
    """Why does the patient come?"""
    return NodeConfig(
        name="get_visit_reason",
        task_messages=_task("Ask what brings the patient to the doctor."),
        functions=[_leads(handlers.record_visit_reason, lambda _result, state: verify_node(state["read_back"]))],
    )


def verify_node(read_back: str) -> NodeConfig:
    """Is everything correct?

    Args:
        read_back: How to tell the patient what was recorded.
    """
    return NodeConfig(
        name="verify",
        task_messages=_task(f"{read_back} Then ask whether it is correct."),
        functions=[confirm_information, _leads(handlers.correct_information, _corrected_node)],
    )


async def confirm_information(flow_manager: FlowManager) -> tuple[None, NodeConfig]:
    """The patient says that everything is correct."""
    return None, end_node()


def end_node() -> NodeConfig:
    """Goodbye."""
    return NodeConfig(
        name="end",
        task_messages=_task("Thank the patient and say goodbye."),
        pre_actions=[{"type": "function", "handler": handlers.file_intake}],
        post_actions=[{"type": "end_conversation"}],
    )


def front_desk_node() -> NodeConfig:
    """Goodbye, the front desk will call."""
    return NodeConfig(
        name="front_desk",
        task_messages=_task("Say that the front desk will call back, and goodbye."),
        post_actions=[{"type": "end_conversation"}],
    )


def _after_birthday(result: Any, _: Mapping[str, Any]) -> NodeConfig:
    nodes = {"verified": prescriptions_node, "unknown": start_node, "locked": front_desk_node}
    return nodes[result["status"]]()


def _corrected_node(result: Any, _: Mapping[str, Any]) -> NodeConfig:
    nodes = {"allergies": allergies_node, "conditions": conditions_node, "visit_reason": visit_reason_node}
    return nodes.get(result["section"], prescriptions_node)()


def _leads(function: FlowsDirectFunction, next_node: NextNode) -> FlowsDirectFunction:
    """Let a function of the YAML flow say itself where it leads; its name and parameters stay."""

    @functools.wraps(function)
    async def leading(flow_manager: FlowManager, **arguments: Any) -> tuple[Any, NodeConfig]:
        result, _ = await function(flow_manager, **arguments)
        return result, next_node(result, flow_manager.state)

    return leading


def _task(content: str) -> list[dict[str, Any]]:
    return [{"role": "developer", "content": content}]
