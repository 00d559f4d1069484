"""One demo, held once for all tests of this room."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from flows_analytics.calls.record import CallRecord
from flows_analytics.demo import CallSummary, DemoCall, hold_calls, plan_calls

UNTIL = datetime(2026, 1, 8, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Demo:
    """A demo that was held: what was planned, what was said of it, and what it left behind."""

    out: Path
    plans: list[DemoCall]
    summaries: dict[str, CallSummary]
    records: dict[str, CallRecord]

    def of(self, bot: str, version: str | None = None) -> list[CallRecord]:
        """The records of a bot, in order of start."""
        return [
            self.records[plan.call_id]
            for plan in self.plans
            if plan.bot == bot and version in (None, plan.version)
        ]

    def file(self, plan: DemoCall) -> Path:
        return self.out / "calls" / f"{plan.call_id}.json"

    def page(self, plan: DemoCall) -> Path:
        return self.out / "reports" / f"{plan.call_id}.html"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    # Whichever worker of xdist comes first holds it for all: a call costs as much as a hundred other tests.
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    out, told = shared / "demo", shared / "demo.pickle"
    plans = plan_calls(42, seed=7, until=UNTIL)
    with FileLock(shared / "demo.lock"):
        if not told.exists():
            told.write_bytes(pickle.dumps(list(hold_calls(plans, out))))
    summaries = {summary.call_id: summary for summary in pickle.loads(told.read_bytes())}  # noqa: S301  # our own
    files = (out / "calls").glob("*.json")
    records = {record.call_id: record for record in map(CallRecord.load, files)}
    return Demo(out, plans, summaries, records)
