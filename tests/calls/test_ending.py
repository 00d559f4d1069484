"""From status and reason to the exit kind of the last visit."""

from __future__ import annotations

import pytest

from flows_analytics.calls.ending import exit_kind, read_ending
from flows_analytics.calls.events import CallEnded, ErrorSeen


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        ("completed", None, "end"),
        ("completed", "order placed", "end"),
        ("completed", "user_hangup", "hangup"),
        ("cancelled", None, "cancelled"),
        ("cancelled", "runner exiting", "cancelled"),
        ("cancelled", "idle timeout", "timeout"),
        ("cancelled", "Client-Disconnected", "hangup"),
        ("cancelled", "user_hangup", "hangup"),
        ("cancelled", "agent_hangup", "end"),
        ("cancelled", "cold transfer", "transfer"),
        ("cancelled", "transferred to sales", "transfer"),
        ("cancelled", "untransferable", "cancelled"),
        ("error", "idle timeout", "error"),
        ("started", None, "running"),
        ("started", "process_lost", "lost"),
    ],
)
def test_the_table_of_exit_kinds(status, reason, kind):
    assert exit_kind(status, reason) == kind


def test_a_call_without_an_end_is_started():
    assert read_ending(()).status == "started"


def test_a_fatal_error_outweighs_the_frame_that_follows_it():
    events = (
        ErrorSeen(seq=0, at_ms=1, message="x", fatal=True),
        CallEnded(seq=1, at_ms=2, terminal="cancel"),
    )

    assert read_ending(events).status == "error"


def test_an_error_that_is_not_fatal_changes_nothing():
    events = (ErrorSeen(seq=0, at_ms=1, message="x"), CallEnded(seq=1, at_ms=2, terminal="end"))

    assert read_ending(events).status == "completed"
