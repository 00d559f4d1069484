"""Calls held against what a flow declares."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics.calls.declared import DeclaredEdge, DeclaredGraph
from flows_analytics.errors import CountsError
from flows_analytics.stats.alignment import align, conforms
from flows_analytics.stats.conformance import Conformance
from flows_analytics.stats.flow_model import FlowModel
from flows_analytics.store.counts import FlowCounts
from tests.stats.logs import logs
from tests.stats.naive import count, paths_of
from tests.stats.terminal import printed

BOOKING = DeclaredGraph(
    initial_node="greet",
    nodes=("greet", "verify", "book", "done"),
    edges=tuple(
        DeclaredEdge(from_node=a, function=name, to_node=b)
        for a, name, b in [
            ("greet", "next", "verify"),
            ("verify", "again", "verify"),
            ("verify", "next", "book"),
            ("verify", "skip", "book"),
            ("book", "next", "done"),
        ]
    ),
)
nodes = st.sampled_from("abcd")


@st.composite
def models(draw):
    """Flows that allow some path: they begin somewhere, and may end there."""
    starts = draw(st.frozensets(nodes, min_size=1, max_size=2))
    edges = draw(st.frozensets(st.tuples(nodes, nodes), max_size=7))
    ends = draw(st.none() | st.frozensets(nodes, max_size=2).map(lambda more: more | starts))
    return FlowModel(tuple("abcd"), starts, edges, ends)


def cheapest(path, model, ended):
    """The cost of an alignment, by looking at every way out of every place."""
    ends = set(model.nodes) if model.ends is None or not ended else model.ends

    @cache
    def cost(read, place, spare):
        if spare < 0:
            return 99
        following = model.starts if place is None else {b for a, b in model.edges if a == place}
        found = [0] if read == len(path) and place in ends else []
        if read < len(path):
            found.append(1 + cost(read + 1, place, spare - 1))
        for node in following:
            found.append(1 + cost(read, node, spare - 1))
            if read < len(path) and path[read] == node:
                found.append(cost(read + 1, node, spare))
        return min(found, default=99)

    return cost(0, None, len(path) + 6)


@settings(max_examples=60)
@given(st.lists(nodes, min_size=1, max_size=6), models(), st.booleans())
def test_an_alignment_is_the_cheapest_there_is_and_reads_the_whole_path(path, model, ended):
    found = align(path, model, ended=ended)
    assert found.cost == cheapest(tuple(path), model, ended)
    # A start is an end of these flows, so their shortest path is one node.
    assert found.fitness == pytest.approx(1 - found.cost / (len(path) + 1))
    assert [move.node for move in found.moves if move.kind != "model"] == path
    flow = [move.node for move in found.moves if move.kind != "path"]
    assert conforms(flow, model, ended=ended)
    assert (found.cost == 0) == conforms(path, model, ended=ended)


def test_undeclared_and_unused_parts_are_named_and_counted():
    counts = paths_of("6×greet verify verify book: hangup", "3×greet book: hangup", "verify other: hangup")
    found = Conformance.of(counts, FlowModel.declared(BOOKING))
    assert (found.conforming.numerator, found.conforming.denominator) == (6, 10)
    assert found.undeclared_edges == {("greet", "book"): 3, ("verify", "other"): 1}
    assert found.undeclared_nodes == {"other": 1}
    assert found.undeclared_starts == {"verify": 1}
    assert (found.unvisited_nodes, found.unvisited_edges) == (("done",), (("book", "done"),))
    assert (found.nodes_visited.value, found.edges_taken.value) == (0.75, 0.75)
    assert [(way.nodes, way.paths, way.alignment.cost) for way in found.deviations] == [
        (("greet", "book"), 3, 1),
        (("verify", "other"), 1, 2),
    ]
    assert found.fitness == pytest.approx((6 + 3 * (1 - 1 / 3) + 1 * (1 - 2 / 3)) / 10)
    assert found.reading() == (
        "60 % of 10 paths do what the flow declares. The most frequent surprise is greet → book (3). "
        "3 of 4 nodes and 3 of 4 transitions were used."
    )


def test_a_call_that_was_cut_off_is_held_to_the_flow_only_as_far_as_it_went():
    model = FlowModel.declared(BOOKING, ends=["done"])
    found = Conformance.of(paths_of("greet verify: hangup", "greet verify: running", "greet verify: end"), model)
    assert found.conforming.numerator == 2
    (short,) = found.deviations
    assert [(move.kind, move.node) for move in short.alignment.moves] == [
        ("both", "greet"), ("both", "verify"), ("model", "book"), ("model", "done"),
    ]  # fmt: skip
    assert short.alignment.fitness == pytest.approx(1 - 2 / (2 + 4))


@given(logs())
def test_calls_conform_to_what_they_did_themselves(log):
    counts = count(log)
    found = Conformance.of(counts, FlowModel.observed(counts))
    assert found.deviations == ()
    assert found.fitness == (1 if counts.paths else None)
    assert (found.unvisited_nodes, found.unvisited_edges) == ((), ())


@settings(max_examples=30)
@given(logs(), logs(first_id=100))
def test_whatever_the_calls_fitness_lies_between_none_and_all(log, earlier):
    model = FlowModel.observed(count(earlier) + paths_of("greet verify: hangup"))
    found = Conformance.of(count(log), model)
    assert found.fitness is None or 0 <= found.fitness <= 1
    assert found.conforming.numerator + sum(way.paths for way in found.deviations) == found.conforming.denominator
    assert json.loads(json.dumps(found.to_dict()))["reading"] in " ".join(printed(found.table()).split())


def test_a_flow_that_allows_nothing_can_hold_nobody():
    with pytest.raises(CountsError, match="allows no path"):
        Conformance.of(paths_of("greet: end"), FlowModel.observed(FlowCounts()))


def test_a_node_that_may_lead_to_itself_is_read_as_doing_so():
    edges = frozenset({("a", "a"), *(("a", node) for node in "bcde"), *((node, "a") for node in "bcde")})
    found = align("aaaaaa", FlowModel(tuple("abcde"), frozenset("a"), edges), ended=True)
    assert found.cost == 0
    assert {move.kind for move in found.moves} == {"both"}
