"""Following many paths at once finds what following them one by one finds."""

from __future__ import annotations

import tempfile

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows_analytics.stats.attempt import best_attempt
from flows_analytics.stats.funnel import Funnel
from flows_analytics.stats.funnel_call import FunnelCall, FunnelPath, calls_of_visits
from flows_analytics.stats.step import Step, steps_of
from flows_analytics.stats.timed_search import latest_chains, search_ordered
from flows_analytics.store.call_store import CallStore
from flows_analytics.store.path_batch import PathBatch
from tests.stats.logs import NODES
from tests.store.messy import NODES as MESSY_NODES
from tests.store.messy import logs as messy_logs

STEPS = NODES[:4]
steps = st.lists(
    st.builds(Step, st.frozensets(st.sampled_from(STEPS), min_size=1, max_size=2), optional=st.just(False)),
    min_size=1,
    max_size=4,
)
paths = st.lists(
    # Gaps below zero are clocks that ran backwards.
    st.tuples(st.sampled_from(NODES), st.sampled_from([0, 1, 1, 20, 50, -5])),
    min_size=1,
    max_size=7,
)


@st.composite
def calls(draw):
    made = []
    for _ in range(draw(st.integers(0, 8))):
        group = draw(st.sampled_from([None, "v1", "v2"]))
        flows = []
        for number in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
            at, times, walked = 10 * number, [], draw(paths)
            for _, gap in walked:
                at += gap
                times.append(at)
            end = draw(st.sampled_from(["end", "hangup", "running"]))
            flows.append(FunnelPath(tuple(node for node, _ in walked), end, tuple(times)))
        made.append(FunnelCall(tuple(flows), group))
    return made


def batch_of(chosen, *, several):
    rows = [(number, path, call.group) for number, call in enumerate(chosen) for path in call.paths]
    distinct = sorted({path.nodes for _, path, _ in rows})
    ends = ["running", "hangup", "end", "transfer"]
    groups = ["v2", "v1", "nobody", None]
    return PathBatch(
        path=np.array([distinct.index(path.nodes) for _, path, _ in rows], np.int64),
        paths=distinct,
        end=np.array([ends.index(path.end_kind) for _, path, _ in rows], np.int64),
        ends=ends,
        group=np.array([groups.index(group) for _, _, group in rows], np.int64),
        groups=groups,
        entered_us=np.array([at for _, path, _ in rows for at in path.entered_us], np.int64),
        offsets=np.cumsum([0, *(len(path.nodes) for _, path, _ in rows)]),
        call=np.array([number for number, _, _ in rows], np.int64) if several else None,
    )


@settings(max_examples=60, deadline=None)
@given(
    calls(),
    steps,
    st.sampled_from(["ordered", "ordered", "strict", "any"]),
    st.sampled_from([None, 0, 1, 20, 60]),
    st.frozensets(st.sampled_from(NODES), max_size=1),
    st.sampled_from([None, "version"]),
    st.booleans(),
)
def test_a_batch_gives_the_funnel_that_calls_one_by_one_give(  # noqa: PLR0917
    log, steps, mode, window, exclude, by, optional
):
    exclude -= frozenset().union(*(step.nodes for step in steps))
    if optional and NODES[4] not in exclude:
        steps = [*steps[:1], Step(NODES[4], optional=True), *steps[1:]]
    # Windows are in microseconds here, as the gaps are.
    funnel = Funnel(steps, mode, exclude=exclude, by=by, goal=NODES[3])
    funnel.window_us = window

    follower = funnel.follower()
    single = [call for call in log if len(call.paths) == 1]
    for part in (single[:3], single[3:]):
        follower.take(batch_of(part, several=False))
    follower.take(batch_of([call for call in log if len(call.paths) > 1], several=True))

    assert follower.result() == funnel.of_calls(log)


@settings(max_examples=60, deadline=None)
@given(
    paths, st.lists(st.frozensets(st.sampled_from(STEPS), min_size=1), min_size=1, max_size=4), st.integers(0, 60)
)
def test_the_search_through_many_paths_finds_the_attempt_of_one(walked, sets, window):
    nodes = tuple(node for node, _ in walked)
    times = tuple(np.cumsum([gap for _, gap in walked]).tolist())
    exclude = {NODES[-1]} - frozenset().union(*sets)
    found = best_attempt(FunnelPath(nodes, "end", times), steps_of(sets), "ordered", window, frozenset(exclude))
    # Another path beside it, longer and first.
    both = np.array([0] * 9 + list(times))
    which, distinct = np.array([1, 0]), [nodes, (NODES[0],) * 9]
    level, end = search_ordered(
        which,
        distinct,
        both,
        np.array([0, 9]),
        steps=steps_of(sets),
        window_us=window,
        exclude=exclude,
    )
    assert level[1] == found.level
    assert latest_chains(which, distinct, level, end, steps=steps_of(sets))[1] == found.chain


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    messy_logs(),
    st.lists(st.sampled_from(MESSY_NODES), min_size=1, max_size=3, unique=True),
    st.sampled_from([None, 5.0]),
    st.sampled_from([None, "agent_version", "agent_name"]),
    st.integers(0, 6),
)
def test_the_paths_of_a_store_give_the_funnel_that_its_visits_give(records, steps, window, by, compacted):
    with tempfile.TemporaryDirectory() as directory:
        store = CallStore(directory, on_problem=lambda problem: None)
        for record in records[:compacted]:
            store.add(record)
        store.compact(processes=1)
        for record in records[compacted:]:
            store.add(record)
        funnel = Funnel(steps, window=window, by=by, goal="book")

        fast = store.follow_paths(funnel.follower, by=by)

        assert fast == store.follow(lambda visits: funnel.of_calls(calls_of_visits(visits)), by=by)
