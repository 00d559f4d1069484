"""Findings on the page: each in plain words, with a link that leads to where it happened."""

from __future__ import annotations

from typing import get_args

import pytest

from flows_analytics.calls.findings import Code, Finding
from flows_analytics.report.finding_rows import finding_rows
from flows_analytics.report.html import render_call_report
from tests.report.pages import read
from tests.report.records import eventful_call, pizza_call, troubled_call

FUNCTION = {"function": "look_up", "tool_call_id": "tool-1"}
EVIDENCE = {
    "flow_stuck": {"from_node": "ask", "to_node": "book", "stood_ms": 9_000.0, "function": "go", "error": "lost"},
    "transition_lost": {"from_node": None, "to_node": "book", "stood_ms": 900.0},
    "function_failed": {**FUNCTION, "error": "no table left"},
    "function_cancelled": FUNCTION,
    "function_timed_out": FUNCTION,
    "function_never_ran": FUNCTION,
    "opening_repeated": {"text": "Welcome!"},
    "silent_after_entry": {"node": "ask", "silent_ms": 7_000.0},
    "node_reentered": {"node": "ask", "visit_no": 3},
    "caller_repeated": {"text": "A large pizza", "turns": (1, 3)},
    "ended_outside_goal": {"node": "ask", "exit_kind": "hangup"},
    "slow_answer": {"latency_ms": 6_200.0, "turn": 1, "mostly": "function"},
    "transcript_empty": {"speaker": "caller"},
}


def test_every_code_has_evidence_to_be_tested_with():
    assert set(EVIDENCE) == set(get_args(Code))


@pytest.mark.parametrize("code", EVIDENCE)
@pytest.mark.parametrize("visit", [0, None])
def test_every_code_is_said_in_words_and_leads_to_a_place_on_the_page(code, visit, snapshot):
    record = eventful_call()
    vars(record)["findings"] = (Finding(code, 19_000.0, visit, EVIDENCE[code]),)
    (row,) = finding_rows(record)
    assert row.words == snapshot
    assert row.anchor in read(render_call_report(record)).ids


def test_a_finding_about_a_function_leads_to_the_call_of_it():
    rows = {row.code: row for row in finding_rows(eventful_call())}
    assert (rows["function_timed_out"].anchor, rows["function_never_ran"].anchor) == ("tool-1", "tool-2")
    assert rows["slow_answer"].anchor == "turn-6"


def test_a_finding_about_a_move_leads_to_its_row():
    record = troubled_call()
    lost = {row.anchor: row for row in finding_rows(record) if row.code == "transition_lost"}
    assert set(lost) == {"move-1", "move-2"}
    assert lost["move-1"].quote.text == "node config has no task_messages"


def test_a_call_in_which_nothing_is_wrong_says_so():
    record = pizza_call()
    vars(record)["findings"] = ()
    assert "Nothing was found that looks wrong." in read(render_call_report(record)).text
