"""Readings that go through a call once give what looking at everything each time would give."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.calls.events import (
    CallEnded,
    FunctionCalled,
    FunctionReturned,
    NodeChangeBegan,
    TransitionRequested,
    WorkerActivated,
    WorkerDeactivated,
)
from flows_analytics.calls.intervals import _RANK, Interval, divide
from flows_analytics.calls.lives import Life, read_lives
from flows_analytics.calls.lost import CALL_ENDED_FIRST, lost_requests
from flows_analytics.calls.workers import Shift, read_shifts

# Few different times, so that many are equal.
TIMES = st.integers(0, 12).map(float)
NAMES = st.sampled_from("abc")


@given(TIMES, TIMES, st.lists(st.builds(Interval, st.sampled_from(sorted(_RANK)), TIMES, TIMES, NAMES)))
def test_each_instant_of_a_wait_goes_to_the_highest_rank_of_all_that_was_under_way(start, end, intervals):
    parts = divide(start, end, intervals)

    for instant in range(int(start), int(end)):
        here = [one for one in intervals if one.start_ms <= instant and instant + 1 <= one.end_ms]
        (part,) = [part for part in parts if part.start_ms <= instant < part.start_ms + part.ms]
        # One that began before the wait began earlier all the same.
        top = max(here, key=lambda one: (_RANK[one.name], one.start_ms), default=None)
        best = [one for one in here if top and (one.name, one.start_ms) == (top.name, top.start_ms)]
        assert (part.name, part.by) in ([(one.name, one.by) for one in best] or [("unnamed", None)])


@given(st.lists(st.tuples(st.sampled_from([WorkerActivated, WorkerDeactivated]), NAMES)))
def test_a_worker_gives_away_the_call_that_it_took(rows):
    events = [kind(seq=seq, at_ms=float(seq), worker=worker) for seq, (kind, worker) in enumerate(rows)]
    shifts: list[Shift] = []
    for event in events:
        open_at = next((i for i, s in enumerate(shifts) if s.worker == event.worker and s.ended_ms is None), None)
        if isinstance(event, WorkerActivated):
            shifts += [Shift(event.worker, event.at_ms, None)] if open_at is None else []
        elif open_at is None:
            shifts.append(Shift(event.worker, None, event.at_ms))
        else:
            shifts[open_at] = replace(shifts[open_at], ended_ms=event.at_ms)

    assert read_shifts(tuple(events), ended_ms=None) == tuple(shifts)


@st.composite
def calls_of_functions(draw):
    """Functions that ran at any times, asked for moves at any times, and were or were not given one."""
    lives, changes = [], []
    for number in range(draw(st.integers(1, 6))):
        name, began, ended, asked = (draw(part) for part in (NAMES, TIMES, TIMES, TIMES))
        named = {"tool_call_id": str(number), "function": name}
        life = Life(str(number), name, began)
        if draw(st.booleans()):
            life.called = FunctionCalled(seq=0, at_ms=began, **named)
        if draw(st.booleans()):
            life.settled = FunctionReturned(
                seq=0, at_ms=ended, next=draw(st.sampled_from(["move", "stay"])), **named
            )
        if draw(st.booleans()):
            seq = draw(st.integers(0, 12))
            life.request = TransitionRequested(seq=seq, at_ms=asked, flow="main", node="n", **named)
        for _ in range(draw(st.integers(0, 2))):
            at = {"seq": draw(st.integers(0, 12)), "at_ms": 0.0, "flow": "main", "node": "n"}
            cause = draw(st.sampled_from(["code", "function"]))
            changes.append(NodeChangeBegan(**at, change=len(changes), cause=cause, during=name))
            life.changes.append(changes[-1])
        lives.append(life)
    ended = [CallEnded(seq=99, at_ms=99.0, terminal="end")] if draw(st.booleans()) else []
    return lives, (*sorted(changes, key=lambda change: change.seq), *ended)


@given(calls_of_functions())
def test_what_ran_beside_a_lost_request_is_found_as_by_looking_at_every_call(call):
    lives, events = call
    changes = [event for event in events if isinstance(event, NodeChangeBegan)]
    ended = len(changes) < len(events)
    expected = []
    for life in lives:
        request = life.request
        if request is None or life.executed:
            continue
        winner = next((change for change in changes if change.seq > request.seq), None)
        beside = [
            other
            for other in lives
            if other is not life and other.called and other.called.at_ms <= request.at_ms <= other.ended_ms
        ]
        if life.settled and life.settled.next == "stay" and life.ended_ms < request.at_ms:
            reason = "had timed out"
        elif winner is not None and (not beside or any(winner in other.changes for other in beside)):
            reason = "superseded: code that set the node itself"
        elif beside and (winner is not None or ended):
            names = ", ".join(sorted({other.function for other in beside}))
            reason = f"never executed: {names} still ran when {life.function} returned"
        elif ended:
            reason = CALL_ENDED_FIRST
        else:
            continue
        expected.append((life, reason))

    found = lost_requests(events, lives)
    assert [life for life, _, _ in found] == [life for life, _ in expected]
    for (_, _, told), (_, reason) in zip(found, expected, strict=True):
        assert reason in told


@given(st.lists(st.tuples(st.sampled_from([FunctionCalled, FunctionReturned, TransitionRequested]), TIMES)))
def test_a_request_is_of_the_latest_call_of_its_id_that_has_none(rows):
    named = {"tool_call_id": "call_0", "function": "f"}
    extra = {FunctionReturned: {"next": "move"}, TransitionRequested: {"flow": "main", "node": "n"}}
    events = tuple(
        kind(seq=seq, at_ms=at_ms, **named, **extra.get(kind, {})) for seq, (kind, at_ms) in enumerate(rows)
    )
    told = tuple(event for event in events if not isinstance(event, TransitionRequested))
    # Without the requests, these are the calls; each request then takes one, or is a call of its own.
    calls = [(life.seen_ms, None) for life in read_lives(told)]
    for request in (event for event in events if isinstance(event, TransitionRequested)):
        free = [(seen, at) for at, (seen, taken) in enumerate(calls) if seen <= request.at_ms and taken is None]
        if free:
            seen, at = max(free)
            calls[at] = (seen, request.seq)
        else:
            calls.append((request.at_ms, request.seq))

    assert [(life.seen_ms, life.request and life.request.seq) for life in read_lives(events)] == calls
