"""Pruning and forgetting, again and again, while bots hold calls in the same directory."""

from __future__ import annotations

import threading

from flows_analytics import CallRecord, HTMLReportSink, JSONFileSink
from flows_analytics.cli import main
from flows_analytics.delivery.outbox import Outbox
from tests.bots import PIZZA_PATH, hold_pizza_call
from tests.retention.kept import keep_all
from tests.test_security import Refusing


def test_calls_that_are_held_meanwhile_lose_nothing(tmp_path):
    # Calls on virtual time are of some day in 2025.
    over, runs = threading.Event(), []

    def prune():
        while not over.is_set():
            runs.append(main(["prune", str(tmp_path), "--older-than", "100y", "--unsent"]))
            runs.append(main(["forget", "nobody", str(tmp_path), "--yes"]) - 1)

    pruning = threading.Thread(target=prune)
    pruning.start()
    try:
        for number in range(8):
            keep_all(tmp_path, tmp_path, f"old-{number}", 40_000)
            sinks = [JSONFileSink(tmp_path), HTMLReportSink(tmp_path), Refusing("later", retry=True)]
            held = hold_pizza_call(call_id=f"order-{number}", sinks=sinks, upload_deadline_secs=0.1)
            assert held.observer.health.ok
    finally:
        over.set()
        pruning.join(60)

    assert main(["prune", str(tmp_path), "--older-than", "100y", "--unsent"]) == 0
    assert len(runs) >= 4
    assert set(runs) == {0}
    records = [CallRecord.load(path) for path in sorted(tmp_path.glob("*.json"))]
    assert [record.call_id for record in records] == [f"order-{number}" for number in range(8)]
    assert {record.path for record in records} == {PIZZA_PATH}
    assert [entry.call_id for entry in Outbox(tmp_path).entries()] == [record.call_id for record in records]
    assert len(list(tmp_path.glob("*.html"))) == 8
    assert not (tmp_path / "journal").exists()
