"""View models of a flow's page: what it says, computed from counts alone."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass, replace
from typing import get_args, get_type_hints

import pytest
from docstring_parser import parse

from flows_analytics.report import flow_nodes
from flows_analytics.report.flow_facts import FlowFacts
from flows_analytics.report.flow_paths import SHOWN
from flows_analytics.report.flow_steps import MOST_STEPS, choose_steps
from flows_analytics.report.flow_traffic import MOST_NODES
from flows_analytics.report.flow_view import FlowView, flow_view
from flows_analytics.stats.funnel_call import FunnelCall, FunnelPath
from flows_analytics.stats.step import Step
from flows_analytics.store.counts import EdgeCounts, FlowCounts
from flows_analytics.store.problem import Problem
from tests.report.flow_calls import OLD, booking, counts_of, large, plain


def names(steps):
    return [step.name for step in steps]


def titles(view, state=None):
    return {item.title for item in view.quality.items if state in (None, item.state)}


@pytest.mark.parametrize("part", ["head", "funnel", "nodes", "paths", "loops", "versions", "quality"])
def test_what_the_page_of_two_versions_says(part, snapshot):
    assert getattr(flow_view(booking()), part) == snapshot


def test_the_drawings_of_a_small_flow(snapshot):
    view = flow_view(plain([(("a", "b"), "end", 30), (("a", "a"), "hangup", 3)], goals=("b",)))
    assert view.map == snapshot(name="map")
    assert view.sankey == snapshot(name="sankey")


def test_nothing_is_shown_of_no_calls():
    view = flow_view(FlowFacts("calls", FlowCounts()))
    assert (view.funnel, view.map, view.sankey, view.versions) == (None, None, None, None)
    assert view.head.reading == "There are no calls."
    assert "Few calls" in titles(view, "warn")


def test_calls_that_never_entered_a_node_make_no_funnel():
    view = flow_view(plain([((), "end", 4)]))
    assert view.funnel is None
    assert "Calls without a node" in titles(view)


def test_steps_are_the_nodes_of_the_most_common_way_to_a_goal():
    chosen = choose_steps(counts_of(OLD))
    assert names(chosen.steps) == ["greet", "verify", "book", "booked"]
    assert "most common way to booked, which 60 of 75 paths that arrived at a goal took" in chosen.why
    assert "leads round greet, verify, book" in chosen.why


def test_a_node_that_only_one_branch_passes_is_no_step():
    chosen = choose_steps(
        counts_of(
            [(("a", "pizza", "pay", "done"), "end", 60), (("a", "sushi", "pay", "done"), "end", 40)], ("done",)
        )
    )
    assert names(chosen.steps) == ["a", "pay", "done"]
    assert "fewer than three in four of these pass it: pizza." in chosen.why


def test_whoever_reaches_another_goal_has_arrived_too():
    ways = [(("a", "b", "done"), "end", 60), (("a", "b", "sold"), "end", 10), (("a", "b"), "hangup", 5)]
    assert names(choose_steps(counts_of(ways, ("done", "sold"))).steps) == ["a", "b", "done|sold"]


def test_without_a_goal_steps_are_those_of_the_most_common_way_and_the_page_says_so():
    chosen = choose_steps(counts_of([(("a", "b", "a", "c"), "end", 9), (("a",), "hangup", 2)], goals=()))
    assert names(chosen.steps) == ["a", "b", "c"]
    assert "No node is known to mean success" in chosen.why


def test_a_long_way_is_thinned_to_the_nodes_that_most_paths_pass():
    way = tuple(f"n{number}" for number in range(14))
    chosen = choose_steps(counts_of([(way, "end", 40), ((*way[:3], *way[6:]), "end", 5)], goals=("n13",)))
    assert len(chosen.steps) == MOST_STEPS
    assert names(chosen.steps)[0] == "n0"
    assert names(chosen.steps)[-1] == "n13"
    assert not {"n3", "n4", "n5"} & set(names(chosen.steps))
    assert f"Of 14 such nodes, {MOST_STEPS} are shown" in chosen.why


def test_an_optional_step_loses_nobody():
    view = flow_view(booking(steps=(Step("greet"), Step("faq", optional=True), Step("booked"))))
    first, optional, last = view.funnel.steps
    assert optional.optional
    assert optional.dropped is None
    assert last.dropped is None
    assert first.dropped is not None
    assert view.funnel.why == "The steps are those that were asked for."


def test_a_call_of_several_flows_gets_as_far_as_the_best_of_its_paths():
    counts = counts_of([(("a", "b"), "end", 5), (("a", "booked"), "end", 5)])
    counts.calls, counts.goal_calls, counts.nodes["a"].calls = 5, 5, 5
    one = FunnelCall((FunnelPath(("a", "b"), "end"), FunnelPath(("a", "booked"), "end")), None, 5)
    flows, steps = {"main": 5, "flow2": 5}, (Step("a"), Step("booked"))
    facts = FlowFacts("calls", counts, ways=(one,), flows=flows, steps=steps)
    assert [step.reached.text for step in flow_view(facts).funnel.steps] == ["5", "5"]
    assert "Several flows" in titles(flow_view(facts))


def test_two_versions_are_compared_in_a_sentence_first_and_their_parts_sum_to_the_difference():
    view = flow_view(booking())
    found = view.versions.comparison
    assert found.reading.startswith("42 reaches a goal on 72 % of 125 paths, 41 on 50 % of 150.")
    assert view.head.compared == found.reading
    assert found.total == found.change.text == "+22.0"
    assert found.parts[0].node.text == "verify"
    assert not view.versions.hint


def test_nodes_of_another_name_are_taken_for_the_same():
    old = counts_of([(("hello", "booked"), "end", 40), (("hello",), "hangup", 40)])
    facts = booking()
    before, after = facts.groups
    facts = replace(
        facts,
        counts=old + after.counts,
        groups=(replace(before, counts=old, calls=80), after),
        renamed={"hello": "greet"},
        steps=(Step("greet"), Step("booked")),
    )
    found = flow_view(facts).versions.comparison
    assert [part.node.text for part in found.parts if part.node.text == "hello"] == []
    assert found.steps[0].before.text == "100 %"
    assert [(old.text, new.text) for old, new in found.renamed] == [("hello", "greet")]


def test_a_breakdown_without_two_values_says_how_to_compare():
    view = flow_view(booking(compared=None))
    assert view.versions.comparison is None
    assert "--compare" in view.versions.hint
    only = flow_view(booking(compared=None, groups=booking().groups[:1]))
    assert only.versions.hint == "There are no two values to compare."


def test_a_goal_that_nobody_named_is_told_of():
    assert "No goal known" in titles(flow_view(plain([(("a",), "end", 40)], goals=())), "warn")


def test_unnamed_nodes_several_bots_small_samples_and_problems_are_told_of():
    facts = plain([(("unnamed:0a1b2c3d", "booked"), "end", 3)])
    problems = (
        Problem("record_not_valid", "a.json", "torn"),
        Problem("clock_backwards", "call-1", "ends before it starts", counted=True),
    )
    view = flow_view(replace(facts, agents={"one": 2, None: 1}, problems=problems))
    assert {"Few calls", "Several bots", "Unnamed nodes", "Not everything could be read"} <= titles(view, "warn")
    assert "Nodes with few visits" in titles(view, "note")
    assert [(group.code, group.counted) for group in view.quality.problems] == [
        ("clock_backwards", True),
        ("record_not_valid", False),
    ]
    assert "several bots" in view.head.caution


def test_many_problems_are_counted_and_the_first_ones_listed():
    problems = tuple(Problem("record_not_valid", f"{number}.json", "torn") for number in range(1_000))
    (group,) = flow_view(plain([(("a",), "end", 40)], problems=problems)).quality.problems
    assert (group.count, len(group.examples), group.more) == ("1,000 times", 5, 995)


def test_what_is_too_much_for_a_page_is_left_out_and_said():
    facts = large(nodes=flow_nodes.MOST_NODES + 30, versions=50, variants=500)
    view = flow_view(facts)
    assert len(view.nodes.items) == flow_nodes.MOST_NODES
    assert "30 others" in view.nodes.rest
    assert len(view.map.cards) == MOST_NODES
    assert any("left out" in note for note in view.map.notes)
    assert len(view.paths.items) == SHOWN
    assert "other ways were taken" in view.paths.rest
    assert all(len([bar for bar in view.sankey.bars if bar.x == column.x]) <= 18 for column in view.sankey.columns)
    assert any("“Other”" in note for note in view.sankey.notes)
    assert len(view.versions.groups) == 12
    assert "38 others" in view.versions.rest
    assert "44 left out" not in view.funnel.parts_note
    assert "6 left out" in view.funnel.parts_note


def test_the_paths_of_each_step_of_the_sankey_sum_up():
    view = flow_view(booking())
    going = [int(column.going.split()[0].replace(",", "")) for column in view.sankey.columns]
    assert going[0] == booking().counts.paths
    assert going == sorted(going, reverse=True)
    heights = {}
    for bar in view.sankey.bars:
        heights.setdefault(bar.x, 0.0)
        heights[bar.x] += bar.height
    first = next(iter(heights.values()))
    # What ended leaves the drawing one step later, so no column is higher than the first.
    assert all(height <= first + 6 for height in heights.values())


def test_a_transition_that_always_failed_is_drawn_as_failed():
    facts = booking()
    facts.counts.edges["verify", "book"].failed = 3
    facts.counts.edges["book", "verify"] = EdgeCounts(failed=4)
    facts.counts.edges["book", "pay"] = EdgeCounts(failed=2)
    view = flow_view(facts)
    (failed,) = [line for line in view.map.lines if line.failed]
    assert "4 more failed" in failed.tip
    assert {"✕ 3 failed", "✕ 4 failed"} <= {tag.failed for tag in view.map.tags}
    assert any("2 node changes failed into nodes that were never entered" in note for note in view.map.notes)
    assert "Transitions that failed" in titles(view)


def test_every_field_of_every_view_model_is_explained():
    missing = []
    for kind in _models(FlowView):
        told = {param.arg_name for param in parse(inspect.getdoc(kind) or "").params if param.description}
        missing += [f"{kind.__name__}.{name}" for name in get_type_hints(kind) if name not in told]
    assert missing == []


def _models(root):
    found, waiting = {root}, [root]
    while waiting:
        for hint in get_type_hints(waiting.pop()).values():
            for kind in (hint, *get_args(hint)):
                if is_dataclass(kind) and kind not in found:
                    found.add(kind)
                    waiting.append(kind)
    return found
