"""A node change that raised says so, whatever of results is kept."""

from __future__ import annotations

import pytest

from flows_analytics import CallRecord
from flows_analytics.calls.events import NodeChangeFailed
from tests.store.messy import DAY, Tape


@pytest.mark.parametrize(("message", "said"), [(None, "KeyError"), ("", "KeyError"), ("no slot", "no slot")])
def test_a_transition_that_failed_has_its_message_or_the_class_where_results_are_switched_off(message, said):
    tape = Tape()
    tape.step("move", "greet", "go", "main", 1.0)
    tape.step("fail", "book", "go", "main", 1.0)
    failed = tape.events.pop()
    assert isinstance(failed, NodeChangeFailed)
    tape.events.append(failed.model_copy(update={"error": message, "error_type": "KeyError"}))
    record = CallRecord(call_id="a", started_at=DAY, events=tuple(tape.events))
    (move,) = record.transitions
    assert (move.to_node, move.succeeded, move.error) == ("book", False, said)
    assert [finding.evidence["error"] for finding in record.findings if "to_node" in finding.evidence] == [said]
