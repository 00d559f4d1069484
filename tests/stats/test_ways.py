"""Variants, loops, gates and the step matrix: the ways that calls take."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.stats.gates import Gates
from flows_analytics.stats.loops import Loops, laps_of
from flows_analytics.stats.step_matrix import StepMatrix
from flows_analytics.stats.variants import Variants
from flows_analytics.store.counts import FlowCounts
from tests.stats.logs import NODES, logs
from tests.stats.naive import count, paths_of
from tests.stats.terminal import printed


def paths_in(log):
    return [tuple(row.node for row in path) for call in log for path in call.paths]


@given(logs())
def test_variants_are_the_distinct_paths_and_their_coverage_ends_at_all_of_them(log):
    variants = Variants.of(count(log))
    assert {row.nodes: row.paths for row in variants.rows} == Counter(paths_in(log))
    assert [row.paths for row in variants.rows] == sorted((row.paths for row in variants.rows), reverse=True)
    if log and variants.rows:
        assert variants.rows[-1].coverage.value == 1
    for row in variants.rows:
        ended = [p for call in log for p in call.paths if tuple(r.node for r in p) == row.nodes]
        decided = [p for p in ended if p[-1].left_us is not None or "done" in row.nodes]
        assert row.conversion.denominator == len(decided)
        assert row.conversion.numerator == (len(ended) if "done" in row.nodes else 0)


@given(st.lists(st.sampled_from(NODES), max_size=30))
def test_cutting_out_every_lap_leaves_a_path_that_never_comes_back(nodes):
    laps = laps_of(nodes)
    rest = Counter(pairwise(nodes))
    for loop, many in laps.items():
        assert len(set(loop)) == len(loop)
        assert loop[0] == min(loop)
        for step in pairwise((*loop, loop[0])):
            rest[step] -= many
    # What is no lap is a way from the first node to the last, on which no node is twice.
    assert min(rest.values(), default=0) >= 0
    left = list(rest.elements())
    assert len({a for a, _ in left}) == len({b for _, b in left}) == len(left)
    assert bool(left) == (bool(nodes) and nodes[0] != nodes[-1])


@given(logs())
def test_loops_to_itself_are_at_most_the_edges_from_nodes_to_themselves(log):
    counts = count(log)
    found = {loop.nodes[0]: loop.laps for loop in Loops.of(counts).loops if len(loop.nodes) == 1}
    assert found == {a: edge.count for (a, b), edge in counts.edges.items() if a == b}


def test_laps_are_counted_from_wherever_the_loop_was_entered_and_cost_the_time_in_their_nodes():
    counts = paths_of("2×a b c b c b: hangup", "c b c: end", "a a: end", "a: end")
    loops = Loops.of(counts)
    assert [(loop.nodes, loop.laps, loop.paths.numerator, loop.lap_ms, loop.lost_ms) for loop in loops.loops] == [
        (("b", "c"), 5, 3, 20_000, 100_000),
        (("a",), 1, 1, 10_000, 10_000),
    ]
    assert loops.knots == (frozenset({"b", "c"}),)
    assert loops.reading() == "The costliest loop is b → c → b: 5 laps, 100 s in all."
    assert "b → c → b" in printed(loops.table())


def test_a_mandatory_node_is_one_that_no_way_to_a_goal_leads_round():
    gates = Gates.of(paths_of("3×greet verify book done: end", "2×greet book done: end", "greet verify: hangup"))
    found = {gate.node: gate for gate in gates.gates}
    assert [name for name, gate in found.items() if gate.mandatory] == ["book", "greet"]
    assert (found["verify"].passed.numerator, found["verify"].passed.denominator) == (3, 5)
    assert found["verify"].bypasses == {("greet", "book"): 2}
    assert gates.reading() == "Every way to a goal passes book, greet."


def test_a_bypass_can_lead_straight_to_the_goal():
    gates = Gates.of(paths_of("greet verify done: end", "greet done: end"))
    assert {gate.node: gate.bypasses for gate in gates.gates} == {"greet": {}, "verify": {("greet", "done"): 1}}


@given(logs())
def test_every_path_to_a_goal_passes_each_mandatory_node(log):
    gates = Gates.of(count(log))
    for gate in gates.gates:
        if gate.mandatory:
            assert gate.passed.value == 1
    # A node that every path passed can be no gate: the pieces of two paths may make a third that goes round it.
    to_goal = [path[: path.index("done")] for path in paths_in(log) if "done" in path]
    assert {gate.node: gate.passed.numerator for gate in gates.gates} == Counter(
        node for path in to_goal for node in set(path)
    )


@given(logs(), st.integers(1, 9))
def test_every_column_of_the_step_matrix_sums_to_all_paths(log, steps):
    matrix = StepMatrix.of(count(log), steps)
    paths = paths_in(log)
    for step, column in enumerate(matrix.columns):
        assert sum(column.values()) == len(paths) == matrix.paths
        if paths:
            assert sum(matrix.share(step, place).value for place in column) == pytest.approx(1)
        for node in NODES:
            assert column.get(node, 0) == sum(len(path) > step and path[step] == node for path in paths)
    for step, link in enumerate(matrix.links):
        for place in matrix.columns[step]:
            assert sum(many for (a, _), many in link.items() if a == place) == matrix.columns[step][place]
        for place in matrix.columns[step + 1]:
            assert sum(many for (_, b), many in link.items() if b == place) == matrix.columns[step + 1][place]


def test_a_step_matrix_has_a_step():
    with pytest.raises(ValueError, match="at least one step"):
        StepMatrix.of(FlowCounts(), 0)


@pytest.mark.parametrize("what", [Variants, Loops, Gates, StepMatrix])
def test_each_can_be_shown_and_stored_also_of_nothing(what):
    for counts in (FlowCounts(), paths_of("greet greet verify done: end", "[b]: running")):
        result = what.of(counts)
        assert json.loads(json.dumps(result.to_dict()))["reading"] == result.reading()
        assert result.reading() in " ".join(printed(result.table()).split())
