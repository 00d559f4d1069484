"""What was kept of a flow's state is shown where the node was entered."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

from rich.console import Console

from flows_analytics import CallRecord, render_call_report
from flows_analytics.report.text import call_as_text

RECORD = CallRecord(
    call_id="x",
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
    events=(
        {
            "kind": "node_entered",
            "seq": 0,
            "at_ms": 1,
            "flow": "main",
            "node": "a",
            "cause": "initial",
            "state": {"size": "<b>large</b>"},
        },
    ),
)


def test_the_page_shows_the_state_of_a_visit_as_text():
    page = render_call_report(RECORD)

    assert "&lt;b&gt;large&lt;/b&gt;" in page
    assert "<b>large" not in page


def test_the_terminal_shows_the_state_of_a_visit():
    shown = StringIO()
    Console(file=shown, width=100).print(call_as_text(RECORD))

    assert 'state {"size": "<b>large</b>"}' in shown.getvalue()
