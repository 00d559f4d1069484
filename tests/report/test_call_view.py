"""View models: what a page says, computed from a record alone."""

from __future__ import annotations

import pytest

from flows_analytics.calls.events import FunctionRequested
from flows_analytics.report.header import header
from flows_analytics.report.strip import strip
from flows_analytics.report.times import stamp
from flows_analytics.report.transcript import transcript
from flows_analytics.report.transition_rows import transition_rows
from flows_analytics.report.unknowns import unknowns
from flows_analytics.report.visit_rows import visit_rows
from tests.report.records import (
    ALL_CALLS,
    Story,
    empty_call,
    looping_call,
    pizza_call,
    running_call,
    silent_bot_call,
    troubled_call,
    two_flow_call,
    unnamed_call,
)


@pytest.mark.parametrize("name", ALL_CALLS)
def test_the_head_of_every_kind_of_call(name, snapshot):
    assert header(ALL_CALLS[name]()) == snapshot


@pytest.mark.parametrize("name", ["troubled", "two_flows", "running", "unnamed"])
def test_the_tables_of_calls_that_are_not_plain(name, snapshot):
    record = ALL_CALLS[name]()
    assert visit_rows(record) == snapshot(name="visits")
    assert transition_rows(record) == snapshot(name="transitions")


@pytest.mark.parametrize("name", ["troubled", "no_flow"])
def test_the_transcript_of_calls_that_are_not_plain(name, snapshot):
    assert transcript(ALL_CALLS[name]()) == snapshot


@pytest.mark.parametrize("name", ALL_CALLS)
def test_what_is_not_known_of_every_kind_of_call(name, snapshot):
    assert unknowns(ALL_CALLS[name]()) == snapshot


def test_every_visit_keeps_one_number_everywhere():
    record = pizza_call()
    numbers = list(range(1, len(record.visits) + 1))
    assert [row.number for row in visit_rows(record)] == numbers
    assert [segment.number for segment in strip(record).segments] == numbers
    assert [group.number for group in transcript(record)] == numbers
    assert [row.visit for row in transition_rows(record)] == numbers[1:]


def test_a_tool_call_that_never_ran_stands_where_it_was_asked_for():
    story = Story("never-ran")
    story.enter(1.0, "ask", ("look",))
    story.bot(1.5, "Hello")
    story.add(FunctionRequested, 4.0, tool_call_id="c", function="look")
    story.end(6.0)
    record = story.record()

    (group,) = transcript(record)
    assert [item.kind for item in group.items] == ["turn", "tool"]
    assert (group.items[1].at, group.items[1].outcome) == (stamp(4000, record.started_at), "never_ran")
    assert not any("start of some tool calls" in said for said in unknowns(record))


def test_every_turn_and_tool_call_stands_in_the_transcript_once():
    for call in ALL_CALLS.values():
        record = call()
        items = [item for group in transcript(record) for item in group.items]
        assert sum(item.kind == "turn" for item in items) == len(record.turns)
        assert sum(item.kind == "tool" for item in items) == len(record.tool_calls)


def test_what_was_said_before_any_node_has_a_group_of_its_own():
    (group,) = transcript(silent_bot_call())
    assert (group.number, group.node) == (None, None)
    assert [item.kind for item in group.items] == ["turn", "turn", "error"]


def test_failed_lost_and_troubled_transitions_give_their_reasons():
    rows = {row.to_node.text: row for row in transition_rows(troubled_call())}
    assert {node: row.fate for node, row in rows.items()} == {
        "no_table": "failed",
        "message_taken": "lost",
        "apology": "troubled",
    }
    assert rows["no_table"].error.text == "node config has no task_messages"
    assert "check_availability still ran" in rows["message_taken"].error.text
    assert rows["apology"].visit == 2


def test_a_code_transition_names_the_function_it_happened_in():
    row = transition_rows(troubled_call())[-1]
    assert (row.function.text, row.cause) == ("transfer", "set by code inside a function")


def test_the_strip_is_to_scale_and_ends_where_the_call_does():
    record = pizza_call()
    segments = strip(record).segments
    for segment, visit in zip(segments, record.visits, strict=True):
        assert segment.width == pytest.approx(100 * visit.dwell_ms / record.duration_ms, abs=0.01)
    assert segments[-1].start + segments[-1].width == pytest.approx(100, abs=0.01)


def test_the_strip_of_a_running_call_ends_with_an_open_segment():
    segments = strip(running_call()).segments
    assert [segment.open for segment in segments] == [False, True]
    assert segments[-1].width > 0


def test_a_call_without_nodes_has_no_strip():
    assert strip(empty_call()) is None


def test_returns_to_a_node_are_counted():
    again = [row.again for row in visit_rows(looping_call()) if row.node.text == "check"]
    assert again == [None, "2nd visit", "3rd visit", "4th visit"]


def test_rows_name_the_flow_they_belong_to():
    assert [row.flow.text for row in visit_rows(two_flow_call())] == ["main", "flow2", "flow2", "main"]


def test_inferred_entries_say_what_is_missing():
    assert any("was not seen" in sentence for sentence in unknowns(unnamed_call()))


def test_nothing_is_reported_missing_when_nothing_is():
    story = Story()
    story.enter(0.1, "only")
    story.end(1.0)
    assert all("switched off" not in sentence and "Lost" not in sentence for sentence in unknowns(story.record()))
