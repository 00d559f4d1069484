"""The laws of visits, on moments as messy as they come (docs/metrics.md)."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.calls.events import NodeEntered
from flows_analytics.calls.visits import VisitTimes, read_visits


@st.composite
def logs(draw):
    """Entries of up to three flows into up to four nodes, with tied times, and an end or none."""
    count = draw(st.integers(0, 25))
    at_ms = 0.0
    events = []
    for seq in range(count):
        at_ms += draw(st.sampled_from([0.0, 0.0, 1.0, 250.5]))
        events.append(
            NodeEntered(
                seq=seq,
                at_ms=at_ms,
                flow=draw(st.sampled_from(["main", "flow2", "flow3"])),
                node=draw(st.sampled_from("abcd")),
                cause="function",
            )
        )
    ended_ms = draw(st.none() | st.just(at_ms + 10) | st.just(at_ms / 2))
    return tuple(events), ended_ms


@given(logs())
def test_visits_are_conserved(log):
    events, ended_ms = log
    visits = read_visits(events, ended_ms=ended_ms, exit_kind="running" if ended_ms is None else "end")

    entered = Counter(visit.node for visit in visits)
    edges_out, edges_in, exits, starts, still_open = Counter(), Counter(), Counter(), Counter(), Counter()
    for visit in visits:
        if visit.seq == 0:
            starts[visit.node] += 1
        if visit.next_node is not None:
            assert visit.exit_kind == "transition"
            edges_out[visit.node] += 1
            edges_in[visit.next_node] += 1
        elif visit.exit_kind == "running":
            still_open[visit.node] += 1
        else:
            exits[visit.node] += 1

    for node in entered:
        assert entered[node] == edges_out[node] + exits[node] + still_open[node]
        assert entered[node] == starts[node] + edges_in[node]
    assert sum(starts.values()) == len({visit.flow for visit in visits})


@given(logs())
def test_a_call_has_one_ending_and_only_one_visit_may_be_open(log):
    events, ended_ms = log
    visits = read_visits(events, ended_ms=ended_ms, exit_kind="running" if ended_ms is None else "end")

    assert sum(visit.left_ms is None for visit in visits) == (1 if visits and ended_ms is None else 0)
    assert all(visit.dwell_ms is None or visit.dwell_ms >= 0 for visit in visits)
    assert sum(visit.exit_kind == "end" for visit in visits) == (1 if visits and ended_ms is not None else 0)


@given(logs(), st.floats(-10, 10_000))
def test_the_visit_at_a_time_is_the_last_one_entered_by_then(log, at_ms):
    visits = read_visits(log[0], ended_ms=None, exit_kind="running")
    found = VisitTimes(visits).at(at_ms)

    if found is None:
        assert all(visit.entered_ms > at_ms for visit in visits)
    else:
        assert visits[found].entered_ms <= at_ms
        assert all(visit.entered_ms > at_ms for visit in visits[found + 1 :])


def test_a_path_taken_up_again_after_a_handover_goes_on():
    def entered(seq, at_ms, flow, node):
        return NodeEntered(seq=seq, at_ms=at_ms, flow=flow, node=node, cause="function")

    events = (
        entered(0, 0, "main", "a"),
        entered(1, 10, "flow2", "x"),
        entered(2, 30, "main", "b"),
    )
    first, other, back = read_visits(events, ended_ms=50, exit_kind="hangup")

    assert (first.left_ms, first.exit_kind, first.next_node) == (10, "transition", "b")
    assert (other.left_ms, other.exit_kind, other.next_node) == (30, "handoff", None)
    assert (back.left_ms, back.exit_kind, back.seq) == (50, "hangup", 1)


def test_at_the_moment_of_a_change_a_cause_belongs_to_the_old_visit_and_an_effect_to_the_new():
    events = tuple(
        NodeEntered(seq=seq, at_ms=at_ms, flow="main", node=node, cause="function")
        for seq, at_ms, node in ((0, 0, "a"), (1, 10, "b"))
    )
    visits = read_visits(events, ended_ms=None, exit_kind="running")

    assert VisitTimes(visits).at(10) == 1
    assert VisitTimes(visits).at(10, before_change=True) == 0
