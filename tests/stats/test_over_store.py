"""The statistics of what a store really counts: messy records, messy logs of others, two days."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flows_analytics import CallStore, FlowStats, Funnel
from flows_analytics.stats.chain import FlowChain
from flows_analytics.stats.conformance import Conformance
from flows_analytics.stats.flow_model import FlowModel
from flows_analytics.stats.funnel_call import calls_of_visits
from flows_analytics.stats.gates import Gates
from flows_analytics.stats.loops import Loops
from flows_analytics.stats.outlook import Outlook
from flows_analytics.stats.step_matrix import StepMatrix
from flows_analytics.stats.survival import TimeInNode
from flows_analytics.stats.variants import Variants
from flows_analytics.stats.version_comparison import compare_versions
from flows_analytics.store.counts import FlowCounts
from flows_analytics.store.filter import Filter
from flows_analytics.store.view import View
from tests.stats import logs as foreign
from tests.stats import naive
from tests.stats.terminal import printed
from tests.store import messy

# A store is a second's work: few examples, and no search for the smallest one that fails.
FEW = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
RESULTS = (
    FlowStats,
    Variants.of,
    Loops.of,
    Gates.of,
    StepMatrix.of,
    Outlook.of,
    lambda counts: Conformance.of(counts, FlowModel.observed(counts)),
)


def quiet(directory):
    return CallStore(directory, on_problem=lambda problem: None)


def recorded(directory, records):
    store = quiet(directory)
    store.path.mkdir(exist_ok=True)
    for record in records:
        store.add(record)
    return store


def imported(directory, log):
    visits = [
        {
            "call_id": row.call_id,
            "flow_id": row.flow_id,
            "seq": row.seq,
            "node": row.node,
            "entered_us": row.entered_us,
            "exited_us": row.left_us,
            "exit_kind": row.exit_kind,
            "via": following.via if following else None,
        }
        for call in log
        for path in call.paths
        for row, following in zip(path, [*path[1:], None], strict=True)
    ]
    calls = [{"call_id": call.call_id, "agent_version": call.version} for call in log if call.rows]
    store = quiet(directory)
    if visits:
        store.import_visits(pa.Table.from_pylist(visits), pa.Table.from_pylist(calls))
    return store


@FEW
@given(messy.logs(), st.sampled_from([None, ("verify",), ("nowhere",)]))
def test_every_result_can_be_made_of_what_a_store_counts_and_be_shown(records, goals):
    with tempfile.TemporaryDirectory() as directory:
        counts = recorded(directory, records).count(goals=goals)
    for make in RESULTS:
        result = make(counts)
        document = json.loads(json.dumps(result.to_dict(), allow_nan=False))
        assert document["reading"] == result.reading()
        assert printed(result.table()).strip()


@FEW
@given(messy.logs())
def test_the_laws_hold_on_rows_made_of_a_stores_counts(records):
    with tempfile.TemporaryDirectory() as directory:
        counts = recorded(directory, records).count()
    stats = FlowStats(counts)
    for row in stats.nodes:
        out = sum(edge.count for edge in stats.edges if edge.source == row.node)
        into = sum(edge.count for edge in stats.edges if edge.target == row.node)
        assert row.visits == out + sum(row.exits.values()) + row.open == row.starts + into
        assert row.exit_rate.denominator == row.visits - row.open
    paths = [path for record in records for path in map(record.path_of, record.flow_ids)]
    assert sum(row.starts for row in stats.nodes) == len(paths)
    assert {row.nodes: row.paths for row in Variants.of(counts).rows} == {way: paths.count(way) for way in paths}


@FEW
@given(foreign.logs())
def test_a_log_of_others_is_counted_as_by_hand_after_its_import(log):
    # A call without any visit leaves no row in such a log.
    expected = naive.count([call for call in log if call.rows])
    with tempfile.TemporaryDirectory() as directory:
        counts = imported(directory, log).count(goals=("done",))
    assert counts.variants.keys() == expected.variants.keys()
    ours, theirs = FlowStats(counts).to_dict(), FlowStats(expected).to_dict()
    keys = ("calls", "no_flow", "open", "paths", "goals", "conversion", "edges", "reading")
    assert {key: ours[key] for key in keys} == {key: theirs[key] for key in keys}
    for our, their in zip(ours["nodes"], theirs["nodes"], strict=True):
        same = our.keys() - {"setup_ms", "caller_turns", "bot_turns", "interruptions", "tool_error_rate"}
        assert {key: our[key] for key in same} == {key: their[key] for key in same}


@FEW
@given(messy.logs())
def test_the_statistics_of_two_days_are_those_of_their_summed_counts(records):
    with tempfile.TemporaryDirectory() as directory:
        store = recorded(directory, records)
        store.compact(processes=1)
        first = store.count(Filter(until=date(2026, 1, 31)))
        second = store.count(Filter(since=date(2026, 2, 1)))
        both = store.count()
    assert first + second == both
    assert FlowStats(first + second).to_dict() == FlowStats(both).to_dict()
    assert sum((FlowStats(first).counts, FlowStats(second).counts), FlowCounts()) == both


@FEW
@given(messy.logs(), st.sampled_from([None, ("verify",), ("verify", "greet")]))
def test_a_chain_fitted_on_a_stores_counts_converts_as_its_finished_paths_did(records, goals):
    with tempfile.TemporaryDirectory() as directory:
        counts = recorded(directory, records).count(goals=goals)
    finished = arrived = 0
    for record in records:
        meant = set(record.goals if goals is None else goals)
        for flow in record.flow_ids:
            visits = [visit for visit in record.visits if visit.flow == flow]
            if visits[-1].exit_kind != "running":
                finished += 1
                arrived += any(visit.node in meant for visit in visits)
    chain = FlowChain(counts)
    assert chain.paths == finished
    assert chain.conversion == (None if not finished else pytest.approx(arrived / finished, abs=1e-9))
    won = sum(taken.paths for way, taken in counts.variants.items() if way.goal)
    assert Gates.of(counts).paths == won


@FEW
@given(messy.logs(), st.sampled_from(["ordered", "strict", "any"]), st.sampled_from([None, 10.0]))
def test_a_funnel_over_a_stores_visits_counts_what_the_path_view_shows(records, mode, window):
    with tempfile.TemporaryDirectory() as directory:
        store = recorded(directory, records)
        funnel = Funnel(["greet", "verify"], mode, window, exclude="book", by="agent_version")
        result = store.follow(lambda visits: funnel.of_calls(calls_of_visits(visits)), by="agent_version")
        by_version = store.count_by("agent_version")
        counts = store.count()
    assert result.calls == counts.calls - counts.no_flow
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["reading"] == result.reading()
    if mode == "ordered":
        # R12: what a funnel counts first is what the path view counts.
        greeted = Funnel(["greet"])
        first = sum(any("greet" in record.path_of(flow) for flow in record.flow_ids) for record in records)
        assert result.steps[0].reached == first
        if all(len(record.flow_ids) < 2 for record in records):
            assert greeted.of_counts(counts).steps[0].reached == first
    if window is None and all(len(record.flow_ids) < 2 for record in records):
        from_counts = funnel.of_counts(by_version)
        assert [(s.reached, s.dropped, s.open, s.went_next, s.ended) for s in result.steps] == [
            (s.reached, s.dropped, s.open, s.went_next, s.ended) for s in from_counts.steps
        ]


@FEW
@given(messy.logs(max_calls=8))
def test_two_versions_in_a_store_differ_by_exactly_their_nodes_parts(records):
    with tempfile.TemporaryDirectory() as directory:
        parts = recorded(directory, records).count_by("agent_version", goals=("verify",))
    before, after = parts.get("v1", FlowCounts()), parts.get("v2", FlowCounts())
    found = compare_versions(before, after, ("v1", "v2"))
    if found.conversion.value is not None:
        assert sum(part.part for part in found.parts) == pytest.approx(found.conversion.value, abs=1e-12)


@FEW
@given(messy.logs(), st.sampled_from(["main", "flow2"]), st.sampled_from([None, ("verify",)]))
def test_a_flow_seen_alone_is_counted_as_if_calls_had_no_other(records, flow, goals):
    with tempfile.TemporaryDirectory() as directory:
        store = recorded(directory, records)

        def ask(snapshot):
            view = View(snapshot, goals)
            there = dict(view.flows)
            view.only(flow)
            counts, followed = view.count(), list(view.follow())
            parts = list(view.count_by("agent_version").values())
            by_state = list(view.count_by("open").values())
            return there, counts, followed, parts, by_state

        there, counts, followed, parts, by_state = store.read(ask, goals=goals)
    FlowStats(counts)
    assert sum(by_state, FlowCounts()) == (counts if by_state else FlowCounts())
    for part in (*parts, *by_state):
        FlowStats(part)
    assert sum(parts, FlowCounts()) == (counts if parts else FlowCounts())
    with_it = [record for record in records if flow in record.flow_ids]
    assert there.get(flow, 0) == counts.calls == counts.paths == len(with_it)
    assert counts.no_flow == 0
    for name, node in counts.nodes.items():
        assert node.calls == sum(name in record.path_of(flow) for record in with_it)
    for (a, b), edge in counts.edges.items():
        ways = [record.path_of(flow) for record in with_it]
        assert edge.calls == sum((a, b) in pairwise(way) for way in ways)
    assert all(taken.calls == taken.paths for taken in counts.variants.values())
    assert {visit.flow_id for visit in followed} <= {flow}


@FEW
@given(messy.logs())
def test_visits_under_way_count_in_the_time_in_a_node_for_as_long_as_is_known(records):
    with tempfile.TemporaryDirectory() as directory:
        store = recorded(directory, records)
        counts = store.count()
        # One reading serves all nodes: what it prepares takes longer than they do.
        under_way = store.read(lambda snapshot: {node: View(snapshot).running(node) for node in counts.nodes})
        for node, each in counts.nodes.items():
            running = under_way[node]
            assert running.total() == each.open
            found = TimeInNode.of(each.dwell, running)
            assert (found.over, found.running) == (each.dwell.total(), each.open)
            assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["reading"] == found.reading()
