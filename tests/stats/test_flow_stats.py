"""FlowStats: nodes, edges, graph and words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from flows_analytics.errors import CountsError
from flows_analytics.stats.flow_stats import FlowStats
from flows_analytics.store.counts import EdgeCounts, FlowCounts
from tests.stats.logs import logs
from tests.stats.naive import count, paths_of
from tests.stats.terminal import printed


@given(logs())
def test_whatever_happens_in_calls_the_laws_hold_and_the_result_can_be_shown(log):
    stats = FlowStats(count(log))
    shown = json.loads(json.dumps(stats.to_dict()))
    assert shown["reading"] == stats.reading()
    table = printed(stats.table())
    for row in stats.nodes:
        assert row.node in table
        out = sum(edge.count for edge in stats.edges if edge.source == row.node)
        into = sum(edge.count for edge in stats.edges if edge.target == row.node)
        assert row.visits == out + sum(row.exits.values()) + row.open == row.starts + into


@given(logs())
def test_every_rate_is_counted_from_the_rows_as_metrics_says(log):
    stats = FlowStats(count(log))
    rows = [row for call in log for row in call.rows]
    with_flow = [call for call in log if call.rows]
    for node in stats.nodes:
        here = [row for row in rows if row.node == node.node]
        over = [row for row in here if row.left_us is not None]
        ended = [row for row in over if row.next_node is None]
        seen_in = [call for call in log if any(row.node == node.node for row in call.rows)]
        assert (node.exit_rate.numerator, node.exit_rate.denominator) == (len(ended), len(over))
        assert (node.share.numerator, node.share.denominator) == (len(seen_in), len(with_flow))
        assert node.revisit_rate.numerator == sum(row.visit_no > 1 for row in here)
        assert node.dwell.total_ms == (sum(row.dwell_us for row in over) / 1000 if over else None)
        lost = [p for call in log for p in call.paths if p[-1] in ended and all(row.node != "done" for row in p)]
        assert node.loss_rate.numerator == len(lost)
    for edge in stats.edges:
        assert edge.p_out.denominator == sum(row.node == edge.source and row.left_us is not None for row in rows)
        assert edge.p_in.denominator == sum(row.node == edge.target for row in rows)


@given(logs())
def test_conversion_leaves_out_calls_that_can_still_reach_a_goal(log):
    reached = FlowStats(count(log)).conversion
    arrived = [call for call in log if any(row.node == "done" for row in call.rows)]
    under_way = [call for call in log if call.running and call not in arrived]
    assert reached.numerator == len(arrived)
    assert reached.denominator == len(log) - len(under_way)


def test_the_reading_says_how_many_succeed_and_where_the_others_end():
    stats = FlowStats(
        paths_of("60×greet verify done: end", "30×greet verify: hangup", "10×greet: hangup", "2×greet: running")
    )
    assert stats.reading() == (
        "Of 100 calls, 60 % reached done. Most end without a goal at verify: 30 of 90 visits (33 %). "
        "2 calls still running."
    )


def test_of_two_nodes_that_lose_as_many_the_reading_names_the_one_that_loses_more_of_its_visits():
    stats = FlowStats(paths_of("30×greet verify done: end", "5×greet verify: hangup", "5×greet: hangup"))
    assert "Most end without a goal at verify: 5 of 35 visits" in stats.reading()


def test_without_calls_nothing_is_a_number():
    stats = FlowStats(FlowCounts())
    assert stats.reading() == "There are no calls."
    assert (stats.nodes, stats.edges, stats.conversion) == ((), (), None)
    assert len(stats.graph) == 0


def test_calls_without_a_known_goal_are_not_called_lost():
    counts = replace(paths_of("3×greet verify: end"), goals=frozenset())
    assert FlowStats(counts).conversion is None
    assert FlowStats(counts).reading().startswith("3 calls; no node is known to mean success.")


def test_the_graph_holds_every_figure_of_nodes_and_edges():
    stats = FlowStats(paths_of("3×greet verify verify done: end", "greet verify: hangup"))
    assert stats.graph.nodes["verify"].keys() >= {
        "visits", "calls", "share", "starts", "exits", "open", "goal", "dwell_n", "dwell_p50_ms", "dwell_p90_ms",
        "dwell_p95_ms", "dwell_mean_ms", "dwell_total_ms", "revisit_rate", "caller_turns", "bot_turns",
        "latency_n", "latency_p50_ms", "latency_p95_ms", "interruptions", "tool_error_rate", "offered", "taken",
        "loss_rate",
    }  # fmt: skip
    assert stats.graph.nodes["verify"]["exits"] == {"hangup": 1}
    assert stats.graph.nodes["verify"]["loss_rate"] == 1 / 7
    for rate in ("share", "exit_rate", "loss_rate", "revisit_rate", "tool_error_rate"):
        assert stats.graph.nodes["verify"].keys() >= {rate, f"{rate}_count", f"{rate}_n", f"{rate}_small"}
    assert stats.graph["verify"]["verify"] == {
        "count": 3, "calls": 3, "via": {"next": 3},
        "p_out": 3 / 7, "p_out_count": 3, "p_out_n": 7, "p_out_small": True,
        "p_in": 3 / 7, "p_in_count": 3, "p_in_n": 7, "p_in_small": True,
        "latency_n": 0, "latency_p50_ms": None, "latency_p95_ms": None, "failed": 0,
    }  # fmt: skip
    assert stats.graph.nodes["done"]["goal"] is True


def test_a_way_on_which_every_node_change_failed_is_no_edge_and_still_in_the_table():
    counts = paths_of("greet verify: hangup")
    counts.edges["verify", "book"] = EdgeCounts(failed=2)
    stats = FlowStats(counts)
    assert not stats.graph.has_node("book")
    (failed,) = [row for row in stats.edges if row.failed]
    assert (failed.target, failed.count, failed.p_out.value, failed.p_in.value) == ("book", 0, 0.0, None)


def test_names_of_nodes_cannot_drive_the_terminal():
    shown = printed(FlowStats(paths_of("[red]\x1b[2J: end")).table())
    assert "\x1b" not in shown
    assert "[red]␛[2J" in shown


@pytest.mark.parametrize(
    "spoil",
    [
        lambda counts: setattr(counts.nodes["verify"], "visits", 2),
        lambda counts: setattr(counts.nodes["verify"], "starts", 1),
        lambda counts: setattr(counts.nodes["greet"], "calls", 9),
        lambda counts: counts.nodes["greet"].dwell.update({5: 9}),
        lambda counts: counts.nodes.pop("verify"),
        lambda counts: setattr(counts, "paths", 2),
        lambda counts: setattr(counts, "no_flow", 2),
        lambda counts: setattr(counts, "calls", 5),
        lambda counts: counts.variants.clear(),
    ],
)
def test_counts_that_contradict_each_other_are_refused(spoil):
    counts = paths_of("greet verify: hangup")
    spoil(counts)
    with pytest.raises(CountsError, match="contradict each other"):
        FlowStats(counts)


def test_rates_of_few_carry_a_star_and_a_note_in_tables():
    few = printed(FlowStats(paths_of("20×greet done: end", "9×greet: hangup")).table())
    assert "31 %*" in few
    assert "* of fewer than 30" in few
    assert "*" not in printed(FlowStats(paths_of("40×greet: end")).table())


@pytest.mark.parametrize(("taken_from", "given_to"), [("greet", "book"), ("book", "greet")])
def test_a_transition_that_left_another_node_than_the_counts_say_is_noticed(taken_from, given_to):
    counts = paths_of("greet verify: hangup", "book verify: hangup")
    counts.edges[taken_from, "verify"] = EdgeCounts()
    counts.edges[given_to, "verify"] = EdgeCounts(count=2, calls=1)
    with pytest.raises(CountsError, match="transitions, exits and open visits"):
        FlowStats(counts)


def test_a_transition_that_entered_another_node_than_the_counts_say_is_noticed():
    counts = paths_of("greet verify: hangup", "greet book: hangup")
    counts.edges["greet", "verify"] = EdgeCounts()
    counts.edges["greet", "book"] = EdgeCounts(count=2, calls=1)
    with pytest.raises(CountsError, match="starts and transitions into it"):
        FlowStats(counts)
