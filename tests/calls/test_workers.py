"""Which worker held the call when."""

from __future__ import annotations

import pytest

from flows_analytics.calls.events import WorkerActivated, WorkerDeactivated
from flows_analytics.calls.workers import Shift, read_shifts


def on(worker, at_ms):
    return WorkerActivated(seq=0, at_ms=at_ms, worker=worker)


def off(worker, at_ms):
    return WorkerDeactivated(seq=0, at_ms=at_ms, worker=worker)


@pytest.mark.parametrize(
    ("events", "ended_ms", "shifts"),
    [
        ((), 50, []),
        ((on("a", 0), off("a", 10), on("b", 11)), 50, [("a", 0, 10), ("b", 11, 50)]),
        ((on("a", 0), off("a", 10), on("b", 11)), None, [("a", 0, 10), ("b", 11, None)]),
        # Two may be active at a time, and one may be activated twice.
        ((on("a", 0), on("b", 5), on("a", 6), off("a", 10)), 50, [("a", 0, 10), ("b", 5, 50)]),
        # Attached after it was activated.
        ((off("a", 10),), 50, [("a", None, 10)]),
        ((on("a", 0), off("a", 5), on("a", 7)), 50, [("a", 0, 5), ("a", 7, 50)]),
    ],
)
def test_shifts(events, ended_ms, shifts):
    assert read_shifts(events, ended_ms=ended_ms) == tuple(Shift(*shift) for shift in shifts)
