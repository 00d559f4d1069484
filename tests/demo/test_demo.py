"""A demo as a whole: what its calls leave behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows_analytics.calls.record import CallRecord
from flows_analytics.demo import BOTS, hold_calls

from .conftest import Demo

NODES = {
    "food-ordering": {"initial", "choose_pizza", "choose_sushi", "extras", "confirm", "end"},
    "reservation": {"party_size", "get_time", "offer_alternatives", "confirm", "booked", "goodbye"},
    "patient-intake": {
        "start",
        "get_prescriptions",
        "get_allergies",
        "get_conditions",
        "get_visit_reason",
        "verify",
        "end",
        "front_desk",
    },
}


def test_every_call_leaves_a_file_and_a_page(demo: Demo):
    for plan in demo.plans:
        assert demo.file(plan).is_file() and demo.page(plan).is_file()
    assert len(demo.records) == len(demo.plans)


def test_every_call_is_summed_up_as_it_is_recorded(demo: Demo):
    assert demo.summaries.keys() == {plan.call_id for plan in demo.plans}
    for plan in demo.plans:
        summary, record = demo.summaries[plan.call_id], demo.records[plan.call_id]
        assert summary.error is None
        assert (summary.bot, summary.version) == (plan.bot, plan.version)
        assert (summary.path, summary.status) == (record.path, record.status)
        assert (summary.exit_kind, summary.duration_ms) == (record.exit_kind, record.duration_ms)
        assert summary.reached_goal == (record.path[-1] in record.goals)


def test_records_say_who_took_the_call_and_when(demo: Demo):
    for plan in demo.plans:
        record = demo.records[plan.call_id]
        assert (record.agent.id, record.agent.version) == (plan.bot, plan.version)
        assert record.started_at == plan.starts_at
        assert record.metadata["seed"] == plan.seed and record.metadata["persona"]


def test_no_recording_lost_anything(demo: Demo):
    assert [record.health for record in demo.records.values() if not record.health.ok] == []


@pytest.mark.parametrize("bot", BOTS)
def test_every_node_is_visited(demo: Demo, bot: str):
    assert {visit.node for record in demo.of(bot) for visit in record.visits} == NODES[bot]


@pytest.mark.parametrize("bot", BOTS)
def test_most_callers_reach_the_goal_and_some_hang_up(demo: Demo, bot: str):
    records = demo.of(bot)
    reached = [demo.summaries[record.call_id].reached_goal for record in records]
    assert sum(reached) > 0.5 * len(reached)
    assert any(record.exit_kind == "hangup" for record in records)


def test_the_calls_hold_what_calls_hold(demo: Demo):
    calls = [call for record in demo.records.values() for call in record.tool_calls]
    turns = [turn for record in demo.records.values() for turn in record.turns]
    assert {"moved", "stayed", "failed"} <= {call.outcome for call in calls}
    assert "get_delivery_estimate" in {call.function for call in calls}
    assert any(turn.interrupted for turn in turns)
    assert any(visit.visit_no > 1 for record in demo.records.values() for visit in record.visits)


def test_calls_last_as_long_as_calls_do(demo: Demo):
    secs = sorted((record.duration_ms or 0) / 1000 for record in demo.records.values())
    assert secs[0] > 1 and secs[-1] < 240
    assert 30 < secs[len(secs) // 2] < 120


def test_every_file_reads_back_to_the_same_path(demo: Demo):
    for plan in demo.plans:
        record = CallRecord.load(demo.file(plan))
        assert CallRecord.from_json(record.to_json()).path == record.path == demo.summaries[plan.call_id].path


def test_the_same_calls_leave_the_same_bytes_in_any_order_and_process(demo: Demo, tmp_path: Path):
    again = [next(plan for plan in demo.plans if plan.bot == bot) for bot in BOTS]
    for summary in hold_calls(again[::-1], tmp_path, processes=1):
        assert summary == demo.summaries[summary.call_id]
    for plan in again:
        assert (tmp_path / "calls" / demo.file(plan).name).read_bytes() == demo.file(plan).read_bytes()
        assert (tmp_path / "reports" / demo.page(plan).name).read_bytes() == demo.page(plan).read_bytes()
