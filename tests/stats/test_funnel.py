"""Funnels: how far calls get."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from flows_analytics.errors import CountsError, FunnelError
from flows_analytics.stats.attempt import best_attempt
from flows_analytics.stats.funnel import Funnel
from flows_analytics.stats.funnel_call import FunnelPath, calls_of_visits
from flows_analytics.stats.funnel_comparison import compare_funnels
from flows_analytics.stats.step import Step, steps_of
from flows_analytics.store.grouped_visit import GroupedVisit
from tests.stats.funnel_definition import levels
from tests.stats.logs import NODES, ONE_FLOW, logs
from tests.stats.naive import count, paths_of
from tests.stats.terminal import printed

STEPS = NODES[:4]
modes = st.sampled_from(["ordered", "strict", "any"])
step_sets = st.lists(st.frozensets(st.sampled_from(STEPS), min_size=1, max_size=2), min_size=1, max_size=4)


def visits_of(log):
    return [
        GroupedVisit(row.call_id, row.flow_id, row.node, row.entered_us, row.exit_kind, call.version)
        for call in log
        for row in call.rows
    ]


def minute(*nodes, end="hangup", gaps=None):
    at, times = 0, []
    for gap in gaps or [60] * len(nodes):
        times.append(at)
        at += gap * 1_000_000
    return FunnelPath(tuple(nodes), end, tuple(times))


def of_paths(funnel, *paths):
    visits = [
        GroupedVisit(f"call-{number}", "main", node, at, path.end_kind if last else "transition")
        for number, path in enumerate(paths)
        for node, at, last in zip(
            path.nodes, path.entered_us, [False] * (len(path.nodes) - 1) + [True], strict=True
        )
    ]
    return funnel.of_calls(calls_of_visits(visits))


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.sampled_from(NODES), st.integers(0, 50)), max_size=7),
    step_sets,
    modes,
    st.none() | st.integers(0, 120),
    st.frozensets(st.sampled_from(NODES), max_size=1),
)
def test_a_path_gets_as_far_as_any_choice_of_its_visits_by_the_chain_that_the_rules_name(
    visits, steps, mode, window, exclude
):
    exclude = exclude - frozenset().union(*steps)
    nodes, at, times = tuple(node for node, _ in visits), 0, []
    for _, gap in visits:
        at += gap
        times.append(at)
    found = best_attempt(FunnelPath(nodes, "end", tuple(times)), steps_of(steps), mode, window, exclude)
    expected = levels(nodes, times, steps, mode=mode, window_us=window, exclude=exclude)
    assert (found.level, found.chain) == expected


@settings(max_examples=200)
@given(logs(), step_sets, modes, st.none() | st.integers(0, 300))
def test_every_call_is_counted_once_at_its_level_and_goes_on_drops_or_stays(log, steps, mode, seconds):
    result = Funnel(steps, mode, window=seconds, by="version").of_calls(calls_of_visits(visits_of(log)))
    window_us = None if seconds is None else seconds * 1_000_000
    by_version = {version: [call for call in log if call.version == version] for version in ("v1", "v2")}
    for part, calls in [
        (result, log),
        *((result.parts[v], c) for v, c in by_version.items() if v in result.parts),
    ]:
        reached = Counter()
        still = Counter()
        for call in calls:
            level = max(
                (
                    levels([r.node for r in p], [r.entered_us for r in p], steps, mode=mode, window_us=window_us)[
                        0
                    ]
                    for p in call.paths
                ),
                default=0,
            )
            reached.update(range(1, level + 1))
            still[level] += call.running
        assert [row.reached for row in part.steps] == [reached[k + 1] for k in range(len(steps))]
        last = len(steps)
        assert [row.open for row in part.steps] == [still[k] for k in range(1, last)] + [0]
        for row, following in zip(part.steps, part.steps[1:], strict=False):
            assert row.reached == following.reached + row.dropped + row.open
            assert sum(row.went_next.values()) + sum(row.ended.values()) == row.dropped
            rate = following.step_rate
            assert (rate.numerator, rate.denominator) == (following.reached, row.reached - row.open)


@given(logs(), logs(first_id=100), step_sets, modes)
def test_the_funnel_of_two_days_adds_up(monday, tuesday, steps, mode):
    funnel = Funnel(steps, mode, goal="done")
    one, two, both = (
        funnel.of_calls(calls_of_visits(visits_of(log))) for log in (monday, tuesday, [*monday, *tuesday])
    )
    for first, second, total in zip(one.steps, two.steps, both.steps, strict=True):
        for part in ("reached", "dropped", "open"):
            assert getattr(first, part) + getattr(second, part) == getattr(total, part)
        assert first.from_start.count + second.from_start.count == total.from_start.count
        assert first.goal_rate.numerator + second.goal_rate.numerator == total.goal_rate.numerator


@given(logs(flows=ONE_FLOW), step_sets, modes)
def test_counted_variants_give_the_same_funnel_as_visits(log, steps, mode):
    funnel = Funnel(steps, mode, goal="done")
    fast = funnel.of_counts(count(log)).to_dict()
    slow = funnel.of_calls(calls_of_visits(visits_of(log))).to_dict()
    for step in [*fast["steps"], *slow["steps"]]:
        del step["from_previous"], step["from_start"]
    assert fast == slow


@given(logs(), step_sets)
def test_a_funnel_agrees_with_the_counts_of_its_first_step(log, steps):
    result = Funnel(steps[:1]).of_calls(calls_of_visits(visits_of(log)))
    assert result.calls == len([call for call in log if call.rows])
    assert result.steps[0].reached == sum(any(row.node in steps[0] for row in call.rows) for call in log)


@given(logs(), step_sets, st.integers(0, 4))
def test_an_optional_step_never_changes_who_reaches_the_others(log, steps, place):
    visits = visits_of(log)
    plain = Funnel(steps).of_calls(calls_of_visits(visits))
    optional = Step("unnamed", optional=True)
    more = Funnel([*steps[:place], optional, *steps[place:]]).of_calls(calls_of_visits(visits))
    assert [(r.step, r.reached, r.dropped, r.open) for r in more.steps if not r.optional] == [
        (r.step, r.reached, r.dropped, r.open) for r in plain.steps
    ]
    (aside,) = [row for row in more.steps if row.optional]
    assert aside.reached <= plain.steps[0].reached


def test_the_latest_start_before_the_match_counts():
    result = of_paths(Funnel(["a", "b"], window=60), minute("a", "a", "b"))
    assert result.steps[1].reached == 1
    assert result.steps[1].from_start.p50_ms == pytest.approx(60_000, rel=0.01)


def test_the_latest_repeat_of_a_middle_step_tells_the_times():
    result = of_paths(Funnel(["a", "b", "c"]), minute("a", "b", "x", "b", "c"))
    assert result.steps[1].from_start.p50_ms == pytest.approx(180_000, rel=0.01)
    assert result.steps[2].from_previous.p50_ms == pytest.approx(60_000, rel=0.01)


def test_what_comes_after_the_highest_level_was_first_reached_changes_no_time():
    result = of_paths(Funnel(["a", "b"]), minute("a", "b", "x", "a", "x", "x", "b"))
    assert result.steps[1].from_start.p50_ms == pytest.approx(60_000, rel=0.01)


def test_a_call_that_comes_too_late_has_dropped():
    result = of_paths(Funnel(["a", "b"], window=timedelta(seconds=59)), minute("a", "b"))
    assert [row.reached for row in result.steps] == [1, 0]
    assert result.steps[0].went_next == {"b": 1}


def test_an_excluded_node_voids_the_attempt_and_not_what_was_reached_nor_a_later_attempt():
    funnel = Funnel(["a", "b", "c"], exclude="x")
    result = of_paths(funnel, minute("a", "b", "x", "c"), minute("a", "x", "a", "b", "c"))
    assert [row.reached for row in result.steps] == [2, 2, 1]
    assert result.steps[1].went_next == {"x": 1}


def test_one_visit_satisfies_one_step():
    result = of_paths(Funnel([{"a", "b"}, {"a", "b"}]), minute("a"), minute("a", "b"))
    assert [row.reached for row in result.steps] == [2, 1]
    assert [row.reached for row in of_paths(Funnel(["a", "a"], "any"), minute("a", "x")).steps] == [1, 0]


def test_strict_steps_follow_each_other_at_once_and_may_leave_out_the_optional():
    funnel = Funnel(["a", Step("o", optional=True), "b"], "strict")
    result = of_paths(funnel, minute("a", "o", "b"), minute("a", "b"), minute("a", "x", "b"), minute("a", "o"))
    assert [(row.step, row.reached) for row in result.steps] == [("a", 4), ("o", 2), ("b", 2)]


def test_in_any_order_the_levels_are_how_many_different_steps_there_were():
    result = of_paths(Funnel(["a", "b", "c"], "any"), minute("c", "a"), minute("b", "b"), minute("c", "b", "a"))
    assert [(row.step, row.reached) for row in result.steps] == [
        ("any 1 of 3", 3),
        ("any 2 of 3", 2),
        ("any 3 of 3", 1),
    ]


def test_in_any_order_an_optional_step_is_a_share_of_all_that_reached_a_step():
    funnel = Funnel(["a", "b", Step("o", optional=True)], "any")
    result = of_paths(funnel, minute("a", "o"), minute("b"))
    aside = result.steps[-1]
    assert (aside.step, aside.step_rate.numerator, aside.step_rate.denominator) == ("o", 1, 2)


def test_a_running_call_is_open_below_the_last_step_and_has_converted_at_it():
    result = of_paths(Funnel(["a", "b"]), minute("a", end="running"), minute("a", "b", end="running"), minute("a"))
    first, last = result.steps
    assert (first.reached, first.dropped, first.open) == (3, 1, 1)
    assert (last.reached, last.dropped, last.open) == (1, 0, 0)
    assert (last.step_rate.numerator, last.step_rate.denominator) == (1, 2)


def test_the_dropped_went_somewhere_or_ended_somehow():
    result = of_paths(Funnel(["a", "b"]), minute("a", "x", "y"), minute("a"), minute("a", "x"), minute("a", "b"))
    assert (result.steps[0].went_next, result.steps[0].ended) == ({"x": 2}, {"hangup": 1})
    assert result.reading() == (
        "Of 4 calls that reached a, 25 % reached b (few calls: take it with care). "
        "Most are lost after a: 3, of whom 2 went to x."
    )


def test_of_two_paths_the_one_that_gets_furthest_counts_and_they_are_never_interleaved():
    visits = [
        GroupedVisit("call", "main", "a", 0, "handoff"),
        GroupedVisit("call", "flow2", "b", 1, "handoff"),
        GroupedVisit("call", "flow3", "a", 2, "transition"),
        GroupedVisit("call", "flow3", "c", 3, "end"),
    ]
    assert [row.reached for row in Funnel(["a", "b"]).of_calls(calls_of_visits(visits)).steps] == [1, 0]
    assert [row.reached for row in Funnel(["a", "c"]).of_calls(calls_of_visits(visits)).steps] == [1, 1]


def test_counts_are_refused_where_they_cannot_answer():
    two_flows = paths_of("greet: handoff") + paths_of("verify: end")
    two_flows.calls = 1
    with pytest.raises(CountsError, match="several flows"):
        Funnel(["greet"]).of_counts(two_flows)
    with pytest.raises(FunnelError, match="visits with their times"):
        Funnel(["greet", "verify"], window=5).of_counts(paths_of("greet: end"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Funnel([]),
        lambda: Funnel("greet"),
        lambda: Funnel([Step("a", optional=True)]),
        lambda: Funnel([set()]),
        lambda: Funnel(["a"], "sideways"),
        lambda: Funnel(["a"], window=-1),
        lambda: Funnel(["a", "b"], exclude="b"),
        lambda: Funnel(["a", Step("o", optional=True), "b", Step({"o", "p"}, optional=True)]),
    ],
)
def test_a_funnel_without_meaning_is_refused(ask):
    with pytest.raises(FunnelError):
        ask()


def test_versions_are_parts_and_are_compared_step_by_step():
    counts = {
        "v1": paths_of("60×greet done: end", "140×greet: hangup"),
        "v2": paths_of("150×greet done: end", "50×greet: hangup"),
    }
    result = Funnel(["greet", "done"], by="agent_version").of_counts(counts)
    assert [row.reached for row in result.steps] == [400, 210]
    compared = compare_funnels(result.parts["v1"], result.parts["v2"], ("v1", "v2"))
    assert compared.reading() == "done is reached more often in v2: 75 % instead of 30 %."
    assert compared.differences[1].value == pytest.approx(0.45)
    assert json.loads(json.dumps(compared.to_dict()))["steps"][1]["clear"] is True
    assert "+45.0" in printed(compared.table())
    with pytest.raises(FunnelError):
        compare_funnels(result, Funnel(["greet"]).of_counts(paths_of("greet: end")), ("all", "other"))


def test_a_result_can_be_shown_and_stored():
    result = Funnel(["greet", Step("verify", optional=True), "done"], by="v").of_counts(
        {None: paths_of("greet verify done: end")}
    )
    shown = printed(result.table())
    assert "(verify)" in shown
    assert "v: (none)" in shown
    assert json.loads(json.dumps(result.to_dict()))["steps"][2]["reached"] == 1
    assert Funnel(["a"]).of_calls([]).reading() == "There are no calls."


def test_steps_with_their_times_fit_a_terminal_of_80_columns():
    result = of_paths(Funnel(["greet", "verify_name", "book"]), *[minute("greet", "verify_name", "book")] * 1200)
    console = Console(width=80)
    with console.capture() as captured:
        console.print(result.table())
    shown = captured.get().splitlines()
    assert "…" not in captured.get()
    assert any("verify_name" in line and "1,200" in line and " s " in line for line in shown)


def test_where_an_optional_step_could_lengthen_a_strict_attempt_the_latest_start_counts():
    result = of_paths(Funnel(["a", Step("a", optional=True), "b"], "strict"), minute("a", "a", "b"))
    assert [row.reached for row in result.steps] == [1, 0, 1]
    assert result.steps[2].from_start.p50_ms == pytest.approx(60_000, rel=0.01)
