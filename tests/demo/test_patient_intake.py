"""The intake flow, which exists in YAML and in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows_analytics.demo.conversation import converse
from flows_analytics.demo.flows_line import HAS_FLOW_CONFIG
from flows_analytics.demo.patient_intake import bot, nodes
from flows_analytics.demo.patient_intake.bot import patient_intake_flow

from .conftest import Demo

needs_yaml = pytest.mark.skipif(not HAS_FLOW_CONFIG, reason="this Pipecat has no FlowConfig")

READ_BACK = "{{ read_back }}"
IN_PYTHON = [
    nodes.start_node(),
    nodes.prescriptions_node(),
    nodes.allergies_node(),
    nodes.conditions_node(),
    nodes.visit_reason_node(),
    nodes.verify_node(READ_BACK),
    nodes.end_node(),
    nodes.front_desk_node(),
]


@needs_yaml
def test_both_have_the_same_nodes_messages_and_functions():
    config = patient_intake_flow("42").declared.config
    assert [node["name"] for node in IN_PYTHON] == list(config.nodes)
    for node in IN_PYTHON:
        described = config.nodes[node["name"]]
        assert node.get("role_message") == described.role_message
        assert node["task_messages"] == [message.model_dump() for message in described.task_messages]
        assert [function.__name__ for function in node.get("functions", [])] == [
            function.name for function in described.functions
        ]
        assert [action["type"] for action in node.get("post_actions", [])] == [
            action.type for action in described.post_actions
        ]


@needs_yaml
def test_both_take_the_same_path(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bot, "HAS_FLOW_CONFIG", False)
    longest = max((record for record in demo.of("patient-intake")), key=lambda record: len(record.path))
    plan = next(plan for plan in demo.plans if plan.call_id == longest.call_id)
    record = converse(plan, tmp_path)
    assert record.path == longest.path
    assert not record.declared and longest.declared


def test_three_unknown_birthdays_lead_to_the_front_desk(demo: Demo):
    paths = {record.path for record in demo.of("patient-intake")}
    assert ("start", "start", "start", "front_desk") in paths


def test_a_correction_goes_back_to_its_question(demo: Demo):
    paths = [record.path for record in demo.of("patient-intake")]
    assert any(path.count("verify") > 1 for path in paths)
