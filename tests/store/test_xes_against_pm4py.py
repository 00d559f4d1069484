"""pm4py (AGPL) reads the XES that the store writes: it checks here, and no shipped thing depends on it."""

from __future__ import annotations

from collections import Counter

import pytest

from flows_analytics import CallStore
from tests.store.messy import NODES
from tests.store.test_call_store import call

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")]
pm4py = pytest.importorskip("pm4py", reason='pm4py is not installed: pip install "flows-analytics[oracles]"')


def test_pm4py_reads_the_same_paths_edges_and_times(tmp_path):
    store = CallStore(tmp_path / "calls")
    for number, nodes in enumerate((NODES, NODES[:2], NODES[1:4], ("greet", "greet"), ())):
        store.add(call(f'<b> & "{number}"', nodes=nodes, status="completed"))
    (path,) = store.export("xes", tmp_path / "log.xes")

    log = pm4py.read_xes(str(path))

    counts = store.count()
    variants = Counter[tuple[str, ...]]()
    for _, events in log.groupby("case:concept:name", sort=False):
        variants[tuple(events["concept:name"])] += 1
    assert variants == {variant.nodes: taken.paths for variant, taken in counts.variants.items()}
    edges, starts, ends = pm4py.discover_dfg(log)
    assert edges == {way: edge.count for way, edge in counts.edges.items()}
    assert starts == {name: node.starts for name, node in counts.nodes.items() if node.starts}
    assert ends == {name: node.exits.total() for name, node in counts.nodes.items() if node.exits}
    assert set(log["case:call_id"]) == {f'<b> & "{number}"' for number in range(4)}
    assert log["time:timestamp"].min().isoformat() == "2026-01-31T22:00:01+00:00"
    assert set(log["exit_kind"]) == {"transition", "end"}
