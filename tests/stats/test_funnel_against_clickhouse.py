"""Ordered funnels reach the levels that ClickHouse's windowFunnel gives, by chdb.

Steps that share a node are left out: ClickHouse lets one event satisfy several of them.
"""

from __future__ import annotations

import json
import random

import pytest

from flows_analytics.stats.attempt import best_attempt
from flows_analytics.stats.funnel_call import FunnelPath
from flows_analytics.stats.step import steps_of

chdb = pytest.importorskip("chdb", reason='chdb is not installed: pip install "flows-analytics[oracles]"')


@pytest.mark.oracle
@pytest.mark.parametrize("steps", [("a", "b"), ("a", "b", "c"), ("a", {"b", "c"}, "d"), ("a", "b", "c", "d")])
@pytest.mark.parametrize("window", [5, 20, 60, 10_000])
def test_windowfunnel_in_default_mode_reaches_the_same_levels(steps, window):
    dice = random.Random(f"{len(steps)} {window}")  # noqa: S311  # seeded on purpose
    paths, rows = [], []
    for call in range(400):
        at, nodes, times = 0, [], []
        for _ in range(dice.randrange(12)):
            at += dice.randrange(1, 12)
            nodes.append(dice.choice("abcde"))
            times.append(at)
            rows.append(f"({call},{at},'{nodes[-1]}')")
        paths.append(FunnelPath(tuple(nodes), "end", tuple(times)))
    sets = [{step} if isinstance(step, str) else step for step in steps]
    conditions = ", ".join("node IN (" + ", ".join(f"'{n}'" for n in sorted(each)) + ")" for each in sets)
    answer = chdb.query(
        f"SELECT call, windowFunnel({window})(at, {conditions}) AS level "
        f"FROM values('call UInt32, at UInt64, node String', {', '.join(rows)}) GROUP BY call",
        "JSONCompact",
    )
    theirs = dict.fromkeys(range(400), 0) | {int(call): level for call, level in json.loads(str(answer))["data"]}
    ours = {
        call: best_attempt(path, steps_of(steps), "ordered", window, frozenset()).level
        for call, path in enumerate(paths)
    }
    assert ours == theirs
    assert len(set(ours.values())) > 2
