"""The flow as a Markov chain, and two versions of it compared."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from flows_analytics.stats.chain import FlowChain
from flows_analytics.stats.gates import Gates
from flows_analytics.stats.outlook import Outlook
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.version_comparison import START, compare_versions, renamed
from flows_analytics.store.counts import FlowCounts, Variant
from tests.stats.logs import logs
from tests.stats.naive import count, paths_of
from tests.stats.terminal import printed


def finished(log):
    return [[row.node for row in path] for call in log for path in call.paths if path[-1].left_us is not None]


@given(logs())
def test_a_chain_fitted_on_finished_paths_reproduces_their_conversion(log):
    chain, paths = FlowChain(count(log)), finished(log)
    if not paths:
        assert chain.conversion is None
        return
    assert chain.conversion == pytest.approx(sum("done" in path for path in paths) / len(paths), abs=1e-9)
    to_goal = [path.index("done") if "done" in path else len(path) for path in paths]
    visits = chain.solved.expected.sum() if chain.nodes else 0
    assert visits * len(paths) == pytest.approx(sum(to_goal), abs=1e-9)


@given(logs())
def test_what_is_left_from_a_node_is_one_step_and_what_is_left_from_the_next(log):
    chain = FlowChain(count(log))
    p_goal, steps = chain.p_goal(), chain.steps_left()
    for node in chain.nodes:
        total = chain.left[node]
        onward = {b: many for (a, b), many in chain.moves.items() if a == node}
        arrived = sum(many for (a, _), many in chain.arrivals.items() if a == node)
        expected = (sum(many * p_goal[b] for b, many in onward.items()) + arrived) / total
        assert p_goal[node] == pytest.approx(expected, abs=1e-9)
        assert steps[node] == pytest.approx(
            1 + sum(many * steps[b] for b, many in onward.items()) / total, abs=1e-9
        )


@given(logs())
def test_fixing_a_drop_off_is_worth_what_a_chain_without_it_converts_more(log):
    chain = FlowChain(count(log))
    for node, worth in chain.worth_of_fixing().items():
        fixed = FlowChain(FlowCounts())
        fixed.__dict__.update({k: v for k, v in chain.__dict__.items() if k not in ("left", "solved", "goals")})
        fixed.losses = Counter({other: many for other, many in chain.losses.items() if other != node})
        if not fixed.left.get(node):
            assert worth is None
            continue
        if worth is not None:
            assert fixed.conversion - chain.conversion == pytest.approx(worth, abs=1e-9)
            assert worth >= -1e-12


@given(logs())
def test_removing_a_node_takes_away_every_conversion_that_a_chain_without_it_lacks(log):
    chain = FlowChain(count(log))
    for node, effect in chain.removal_effect().items():
        if effect is None:
            assert not chain.conversion
            continue
        row = chain.solved.place[node]
        moves, to_goal = chain.solved.moves.copy(), chain.solved.to_goal.copy()
        moves[row], to_goal[row] = 0, 0
        without = replace(chain.solved, moves=moves, to_goal=to_goal).conversion
        assert effect == pytest.approx(1 - without / chain.conversion, abs=1e-9)


def test_seconds_left_sum_the_mean_times_of_the_nodes_still_to_come():
    chain = FlowChain(paths_of("greet verify done: end", "greet: hangup", "verify done: end"))
    assert chain.seconds_left() == pytest.approx({"greet": 15, "verify": 10})
    assert chain.steps_left() == pytest.approx({"greet": 1.5, "verify": 1})


def test_seconds_left_are_unknown_where_the_way_leads_through_a_node_of_unknown_time():
    counts = paths_of("greet verify done: end")
    counts.nodes["verify"].dwell.clear()
    assert FlowChain(counts).seconds_left() == {"greet": None, "verify": None}


def test_a_call_that_goes_on_after_its_goal_is_no_loss():
    chain = FlowChain(paths_of("greet done bye: end", "greet: hangup"))
    assert (chain.conversion, chain.nodes, chain.losses) == (0.5, ("greet",), {"greet": 1})
    assert FlowChain(paths_of("3×done: end")).conversion == 1


def test_a_goal_known_by_path_only_is_reached_as_the_path_ends():
    counts = paths_of("3×greet: end", "greet verify: end")
    counts.goals = frozenset()
    counts.variants = {
        Variant(way.nodes, way.end_kind, way.nodes[-1] == "verify"): taken
        for way, taken in counts.variants.items()
    }
    chain = FlowChain(counts)
    assert chain.conversion == pytest.approx(0.25)
    assert chain.p_goal() == pytest.approx({"greet": 0.25, "verify": 1})


def test_without_finished_paths_nothing_can_be_expected():
    for counts in (FlowCounts(), paths_of("2×greet: running")):
        outlook = Outlook.of(counts)
        assert (outlook.conversion.value, outlook.nodes) == (None, ())
        assert outlook.reading() == "No path is finished: nothing can be expected."


def test_where_all_are_lost_nobody_knows_what_a_fix_is_worth():
    outlook = Outlook.of(paths_of("3×greet verify: end", "greet done: end"))
    assert {row.node: (row.lost, row.worth) for row in outlook.nodes} == {"greet": (0, 0.0), "verify": (3, None)}
    assert outlook.reading().endswith(
        "What the 3 lost at verify are worth is not known: nobody went on from there."
    )


def test_the_outlook_says_which_fix_is_worth_most():
    outlook = Outlook.of(paths_of("40×greet verify done: end", "40×greet verify: hangup", "20×greet: hangup"))
    assert [(row.node, row.worth) for row in outlook.nodes] == [
        ("verify", pytest.approx(0.4)),
        ("greet", pytest.approx(0.1)),
    ]
    assert outlook.reading() == (
        "40 % of 100 finished paths reached a goal. Losing nobody at verify would be worth +40.0 points, "
        "more than at any other node, if they went on like the others there."
    )
    assert json.loads(json.dumps(outlook.to_dict()))["nodes"][0]["node"] == "verify"
    assert "+40.0" in printed(outlook.table())


@given(logs())
def test_whatever_happens_in_calls_the_outlook_can_be_shown(log):
    outlook = Outlook.of(count(log))
    assert json.loads(json.dumps(outlook.to_dict()))["reading"] in " ".join(printed(outlook.table()).split())
    for row in outlook.nodes:
        assert -1e-12 <= row.p_goal <= 1 + 1e-12
        assert row.steps_left >= 1 - 1e-12


def test_the_probabilities_of_a_simulated_flow_are_recovered_within_their_standard_errors():
    dice = np.random.default_rng(7)
    ways = {
        "greet": [("verify", 0.8), ("greet", 0.1), (None, 0.1)],
        "verify": [("book", 0.6), ("verify", 0.2), (None, 0.2)],
        "book": [("done", 0.75), ("verify", 0.15), (None, 0.1)],
    }
    paths = Counter()
    for _ in range(4000):
        path = ["greet"]
        while path[-1] in ways:
            names, shares = zip(*ways[path[-1]], strict=True)
            following = names[dice.choice(len(names), p=shares)]
            if following is None:
                break
            path.append(following)
        paths[" ".join(path)] += 1
    chain = FlowChain(paths_of(*(f"{many}×{path}: end" for path, many in paths.items())))
    for node, outs in ways.items():
        for target, share in outs:
            seen = (
                chain.losses[node] if target is None else chain.moves[node, target] + chain.arrivals[node, target]
            )
            error = math.sqrt(share * (1 - share) / chain.left[node])
            assert abs(seen / chain.left[node] - share) < 3.5 * error
    # b = P b + r, solved by hand for these probabilities.
    book = (0.75 + 0.15 * 0) / 1
    verify = 0.6 * book / (0.8 - 0.6 * 0.15)
    truth = 0.8 * verify / 0.9
    assert abs(chain.conversion - truth) < 3.5 * math.sqrt(truth * (1 - truth) / 4000)


@settings(max_examples=60)
@given(logs(), logs(first_id=100))
def test_the_parts_of_all_nodes_sum_to_the_difference_of_two_versions(one, two):
    compared = compare_versions(count(one), count(two), ("v1", "v2"))
    first, second = finished(one), finished(two)
    if not first or not second:
        assert (compared.conversion.value, compared.parts) == (None, ())
        return
    difference = sum("done" in p for p in second) / len(second) - sum("done" in p for p in first) / len(first)
    assert sum(part.part for part in compared.parts) == pytest.approx(difference, rel=0, abs=1e-12)
    assert compared.conversion.value == pytest.approx(difference, abs=1e-12)


def test_the_difference_is_laid_to_the_node_that_changed():
    before = paths_of("50×greet verify book done: end", "50×greet verify: hangup", "20×greet: hangup")
    after = paths_of("90×greet verify book done: end", "10×greet verify: hangup", "20×greet: hangup")
    compared = compare_versions(before, after, ("v41", "v42"))
    assert {part.node: round(part.part, 9) for part in compared.parts} == {
        "verify": round(40 / 120, 9), "greet": 0, "book": 0, START: 0,
    }  # fmt: skip
    assert compared.reading() == (
        "v42 reaches a goal on 75 % of 120 paths, v41 on 42 % of 120. "
        "Most of the difference arises at verify (+33.3 points)."
    )
    assert "verify" in printed(compared.table())
    assert json.loads(json.dumps(compared.to_dict()))["parts"][0]["node"] == "verify"


def test_a_node_that_was_renamed_is_the_same_node():
    before = paths_of("40×greet check done: end", "20×greet check: hangup")
    after = paths_of("40×greet verify done: end", "20×greet verify: hangup")
    compared = compare_versions(before, after, ("a", "b"), rename={"check": "verify"})
    assert {part.part for part in compared.parts} == {0.0}
    assert compared.reading().endswith("That can be chance.")


@given(logs())
def test_giving_nodes_other_names_and_back_changes_nothing(log):
    counts = count(log)
    there = renamed(counts, {"greet": "hello", "done": "success"})
    assert "greet" not in there.nodes
    assert renamed(there, {"hello": "greet", "success": "done"}) == counts
    assert FlowChain(renamed(counts, {"verify": "book"})).paths == FlowChain(counts).paths


def test_a_node_that_means_success_in_some_calls_is_no_goal_of_the_others():
    counts = paths_of("3×greet book: end") + paths_of("greet done: end")
    # The first three name no goal; another call, counted with them, names ``book``.
    counts.goals |= {"book"}
    chain = FlowChain(counts)
    assert chain.losses == {"book": 3}
    assert chain.conversion == pytest.approx(1 / 4)
    assert chain.p_goal()["book"] == 0
    assert Outlook.of(counts).conversion == Rate(1, 4)
    assert [gate.node for gate in Gates.of(counts).gates] == ["greet"]
    assert Gates.of(counts).paths == 1
