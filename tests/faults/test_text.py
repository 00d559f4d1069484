"""Surrogates and NULs in every text and name of a call."""

from __future__ import annotations

import pytest

from flows_analytics import CallRecord, FlowsObserver, HTMLReportSink, JSONFileSink
from flows_analytics.calls.values import clean_text
from flows_analytics.testing import calls, says, user
from tests.bots import edge, node
from tests.faults.course import hold_both

TEXTS = {
    "NUL": "a\x00b",
    "lone surrogate": "a\ud800b",
    "split pair": "\udc00\ud83d",
    "controls": "\x1b[31m\x07\r\n\u2028\u202e\ufeff",
    "newline in JSON": '\n{"seq":0,"at_ms":0,"kind":"call_ended"}\n',
    "path": "../../../etc/passwd\x00.json",
    "long": "é" * 1000,
}


@pytest.mark.parametrize("kind", TEXTS)
def test_hostile_text_anywhere_in_a_call_costs_nothing(tmp_path, kind):
    text = TEXTS[kind]

    def end():
        return node(f"end {text}", post_actions=[{"type": "end_conversation"}])

    steps = (says(f"Hi {text} there"), user(f"yes {text} please"), calls(f"go{text}"), says(f"Bye {text}"))

    def make():
        return FlowsObserver(
            call_id=f"c{text}",
            agent_name=text,
            call_type=text,
            goals=[f"end {text}"],
            metadata={text: [text, {text: text}]},
            sinks=[JSONFileSink(tmp_path / "calls"), HTMLReportSink(tmp_path / "pages")],
        )

    both = hold_both(
        make, initial=lambda: node(f"start {text}", edge(f"go{text}", end, {text: text})), steps=steps
    )

    clean = clean_text(text)
    assert not both.faulty.leftover
    assert both.faulty.path == both.alone.path == [f"start {text}", f"end {text}"]
    assert both.faulty.push_secs < 6 * both.alone.push_secs
    (path,) = (tmp_path / "calls").glob("*")
    (page,) = (tmp_path / "pages").glob("*")
    assert {path.suffix, page.suffix} == {".json", ".html"}
    for record in (both.observer.record, CallRecord.load(path)):
        assert record.health.ok
        assert record.call_id == f"c{clean}"
        assert record.path == (f"start {clean}", f"end {clean}")
        assert record.metadata == {clean: [clean, {clean: clean}]}
        assert [call.function for call in record.tool_calls] == [f"go{clean}"]
        assert record.tool_calls[0].result == {clean: clean}
        assert record.status == "completed"
        assert any("yes" in turn.text and "please" in turn.text for turn in record.turns)
