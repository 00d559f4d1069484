"""``flows-analytics export`` writes the flow as a graph, of the calls that are meant."""

from __future__ import annotations

import json

import networkx
import pytest

from flows_analytics import CallStore
from flows_analytics.cli import main
from tests.store.test_call_store import call


@pytest.fixture
def calls(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = CallStore(tmp_path / "calls")
    store.add(call("a", status="completed"))
    store.add(call("b", nodes=("greet", 'it\'s "odd" <b>'), status="cancelled", end_reason="user_hangup"))
    return store


def test_graphml_opens_in_networkx_with_the_counts(calls, tmp_path, capsys):
    assert main(["export", "calls", "--format", "graphml", "--out", "flow.graphml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == ["flow.graphml"]
    graph = networkx.read_graphml(tmp_path / "flow.graphml")
    assert {(one, other): data["count"] for one, other, data in graph.edges(data=True)} == {
        ("greet", "book"): 1,
        ("greet", 'it\'s "odd" <b>'): 1,
    }
    assert graph.nodes["greet"]["visits"] == 2


def test_mermaid_shows_the_calls_that_the_filters_leave(calls, tmp_path):
    assert main(["export", "calls", "-f", "mermaid", "-o", "flow.mmd", "--exit", "hangup"]) == 0
    chart = (tmp_path / "flow.mmd").read_text()
    assert chart.startswith("flowchart TD\n")
    assert "greet" in chart
    assert "book" not in chart
    assert "<b>" not in chart
    assert '"hangup"' in chart


def test_a_graph_names_what_could_not_be_read_and_fails(calls, capsys):
    (calls.path / "torn.json").write_text("{")
    assert main(["export", "calls", "-f", "graphml", "-o", "flow.graphml"]) == 1
    assert "skipped: calls/torn.json: not a call record" in capsys.readouterr().err
