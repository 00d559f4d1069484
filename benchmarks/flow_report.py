"""How long the page of a flow takes, from a compacted store of many calls, and how large it is.

Run it: python -m benchmarks.flow_report [--calls 1000000]
Goal: about three seconds for a million calls.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from benchmarks.call_log import GOAL, write_log
from flows_analytics.report import flow_html
from flows_analytics.report.flow_view import flow_view
from flows_analytics.store.call_store import CallStore
from tests.report.flow_calls import large


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="How many calls to make.")
    parser.add_argument("--store", type=Path, help="A store to use instead of making one.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store = options.store or made(options.calls, Path(scratch))
        # Libraries of the statistics take a second or more to load, which a server does once.
        flow_html.render_flow_report(store, goals=[GOAL], by="agent_version")
        for name, asked in {
            "alone": {},
            "by version": {"by": "agent_version"},
            "two versions compared": {"by": "agent_version", "compare": ("v1", "v2")},
        }.items():
            began, used = time.perf_counter(), time.process_time()
            page = flow_html.render_flow_report(store, goals=[GOAL], **asked)
            took, cpu = time.perf_counter() - began, time.process_time() - used
            print(f"{name:24} {took:6.2f} s ({cpu:5.2f} s of processor) {len(page.encode()) / 1024:7.0f} KB")
        drawn()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def drawn() -> None:
    """Time what does not depend on the number of calls: very many nodes, versions and variants."""
    facts = large(nodes=200, versions=50, variants=100_000)
    began = time.perf_counter()
    flow_view(facts)
    print(f"{'100,000 variants':24} {time.perf_counter() - began:6.2f} s, counted already")


def made(calls: int, scratch: Path) -> Path:
    began = time.perf_counter()
    visits = write_log(calls, scratch / "visits.parquet", scratch / "calls.parquet")
    CallStore(scratch / "store").import_visits(scratch / "visits.parquet", scratch / "calls.parquet")
    print(f"{calls:,} calls with {visits:,} visits made in {time.perf_counter() - began:.0f} s")
    return scratch / "store"


if __name__ == "__main__":
    main()
