"""The stages of ``benchmarks.stats``, each a process of its own, so that each has its own peak of memory.

::

    python -m benchmarks.stats_stages panels DIRECTORY '{"goal": "confirm"}'

It prints one JSON object: by name of what was timed, seconds of wall clock and of CPU (all threads); ``peak_mb``;
and ``facts``.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.call_log import GOAL, STEPS

WINDOW = 300.0
"""Seconds of the funnel with a window."""


class Watch:
    """Times parts of a stage."""

    def __init__(self) -> None:
        self.timed: dict[str, dict[str, float]] = {}
        self.facts: dict[str, Any] = {}

    @contextmanager
    def part(self, name: str):
        wall, cpu = time.perf_counter(), _cpu()
        yield
        self.timed[name] = {"seconds": time.perf_counter() - wall, "cpu": _cpu() - cpu}


def _cpu() -> float:
    own, children = os.times()[:2], os.times()[2:4]
    return sum(own) + sum(children)


def make_log(watch: Watch, directory: Path, told: dict[str, Any]) -> None:
    from benchmarks.call_log import write_log

    with watch.part("make"):
        watch.facts["visits"] = write_log(
            told["calls"], directory / "visits.parquet", directory / "calls.parquet", seed=told["seed"]
        )


def make_records(watch: Watch, directory: Path, told: dict[str, Any]) -> None:
    from benchmarks.call_records import write_records

    with watch.part("make"):
        watch.facts["bytes"] = write_records(told["records"], directory / "records", seed=told["seed"])


def import_log(watch: Watch, directory: Path, told: dict[str, Any]) -> None:
    from flows_analytics.store.call_store import CallStore

    with watch.part("import"):
        done = CallStore(directory / "store").import_visits(
            directory / "visits.parquet", directory / "calls.parquet"
        )
    assert not done.problems
    watch.facts.update(calls=done.calls, visits=done.visits)


def panels(watch: Watch, directory: Path, told: dict[str, Any]) -> None:
    import flows_analytics.stats.digraph  # noqa: F401
    from flows_analytics.stats.flow_stats import FlowStats
    from flows_analytics.stats.funnel import Funnel
    from flows_analytics.stats.step_matrix import StepMatrix
    from flows_analytics.stats.variants import Variants
    from flows_analytics.store.call_store import CallStore

    # What a program pays once, however many panels it shows, is no panel's cost.
    empty = directory / "empty"
    empty.mkdir(exist_ok=True)
    CallStore(empty).count()
    CallStore(empty).follow_paths(Funnel(STEPS).follower)
    store = CallStore(directory / "store")
    with watch.part("all panels"):
        with watch.part("counts"):
            counts = store.count(goals=[GOAL])
        with watch.part("graph"):
            graph = FlowStats(counts).graph
        with watch.part("variants"):
            variants = Variants.of(counts)
        with watch.part("step matrix"):
            StepMatrix.of(counts)
        with watch.part("funnel"):
            funnel = Funnel(STEPS, by="agent_version")
            result = store.follow_paths(funnel.follower, by=funnel.by)
    with watch.part("funnel, window"):
        funnel = Funnel(STEPS, by="agent_version", window=WINDOW)
        store.follow_paths(funnel.follower, by=funnel.by)
    watch.facts.update(
        variants=len(variants.rows),
        verify_p50_ms=graph.nodes["verify"]["dwell_p50_ms"] if "verify" in graph else None,
        reached=[row.reached for row in result.steps],
    )


def read_json(watch: Watch, directory: Path, told: dict[str, Any]) -> None:
    files = sorted((directory / "records").glob("*.json"))
    with watch.part("json.loads"):
        for file in files:
            json.loads(file.read_bytes())


def compact(watch: Watch, directory: Path, told: dict[str, Any]) -> None:
    from flows_analytics.store.call_store import CallStore

    with watch.part("compact"):
        done = CallStore(directory / told["store"]).compact()
    assert not done.problems
    watch.facts["calls"] = done.calls


def plain_loop(watch: Watch, directory: Path, told: dict[str, Any]) -> None:
    """The same panels as anybody would write them first, over rows that are in memory already."""
    rows, version_of = _rows(directory)
    with watch.part("all panels"):
        with watch.part("graph"):
            rows.sort(key=lambda row: (row[0], row[1]))
            nodes, edges, dwell = Counter(), Counter(), defaultdict(list)
            before = None
            for row in rows:
                nodes[row[2]] += 1
                if before is not None and before[0] == row[0]:
                    edges[before[2], row[2]] += 1
                if row[4] is not None:
                    dwell[row[2]].append(row[4] - row[3])
                before = row
            for times in dwell.values():
                times.sort()
        with watch.part("variants"):
            paths = defaultdict(list)
            for call_id, _, node, _, _ in rows:
                paths[call_id].append(node)
            ways = Counter(map(tuple, paths.values()))
        with watch.part("step matrix"):
            matrix = Counter()
            for path in paths.values():
                for step in range(10):
                    matrix[step, path[step] if step < len(path) else "ended"] += 1
        with watch.part("funnel"):
            watch.facts["reached"] = _loop_funnel(rows, version_of, None)
    with watch.part("funnel, window"):
        _loop_funnel(rows, version_of, WINDOW * 1e6)
    watch.facts.update(calls=len(paths), variants=len(ways))


def _rows(directory: Path) -> tuple[list[tuple[Any, ...]], dict[str, str]]:
    import pyarrow.parquet as pq

    columns = ("call_id", "seq", "node", "entered_us", "exited_us")
    table = pq.read_table(directory / "visits.parquet", columns=list(columns))
    calls = pq.read_table(directory / "calls.parquet", columns=["call_id", "agent_version"])
    version_of = dict(zip(calls["call_id"].to_pylist(), calls["agent_version"].to_pylist(), strict=True))
    return list(zip(*(table[name].to_pylist() for name in columns), strict=True)), version_of


def _loop_funnel(rows: list[tuple[Any, ...]], version_of: dict[str, str], window_us: float | None) -> list[int]:
    """The level of each call: the latest start of a chain over so many steps, as windowFunnel has it."""
    visits = defaultdict(list)
    for call_id, _, node, entered, _ in rows:
        visits[call_id].append((node, entered))
    reached = Counter()
    numbers = {node: number for number, node in enumerate(STEPS)}
    for call_id, path in visits.items():
        starts, level = [None] * len(STEPS), 0
        for node, entered in path:
            number = numbers.get(node)
            if number is None:
                continue
            start = entered if number == 0 else starts[number - 1]
            if start is not None and (window_us is None or entered - start <= window_us):
                starts[number] = start
                level = max(level, number + 1)
        for step in range(level):
            reached[version_of[call_id], step] += 1
    return [sum(many for (_, at), many in reached.items() if at == step) for step in range(len(STEPS))]


def pm4py_panels(watch: Watch, directory: Path, told: dict[str, Any]) -> None:
    import pandas as pd
    import pm4py

    log = pd.read_parquet(directory / "visits.parquet", columns=["call_id", "seq", "node", "entered_us"])
    log["time"] = pd.to_datetime(log["entered_us"], unit="us", utc=True)
    with watch.part("all panels"):
        with watch.part("graph"):
            log = pm4py.format_dataframe(log, case_id="call_id", activity_key="node", timestamp_key="time")
            pm4py.discover_dfg(log)
            pm4py.discover_performance_dfg(log)
        with watch.part("variants"):
            ways = pm4py.get_variants(log)
    watch.facts.update(calls=log["case:concept:name"].nunique(), variants=len(ways))


STAGES: dict[str, Callable[[Watch, Path, dict[str, Any]], None]] = {
    "make_log": make_log,
    "make_records": make_records,
    "import": import_log,
    "panels": panels,
    "read_json": read_json,
    "compact": compact,
    "plain_loop": plain_loop,
    "pm4py": pm4py_panels,
}


def main(stage: str, directory: Path, told: dict[str, Any]) -> None:
    watch = Watch()
    STAGES[stage](watch, directory, told)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"timed": watch.timed, "peak_mb": peak, "facts": watch.facts}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
