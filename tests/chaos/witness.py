"""Witness: says which moments the operating system has taken, as soon as a journal knows it."""

from __future__ import annotations

import time
from typing import Any

from flows_analytics.recording.journal import Journal
from flows_analytics.recording.journal_lines import Unplaced
from tests.chaos.notes import Notes, fingerprint


def bear_witness(notes: Notes) -> None:
    """Watch every journal of this process.

    What is given to a journal is kept here in order; when its count of acknowledged moments has grown, as many of
    them are noted. A process killed in between has noted less than was acknowledged, never more.
    """
    given: dict[Journal, tuple[str, list[tuple[Any, float]]]] = {}
    noted: dict[Journal, int] = {}
    head, add, write_pending = Journal.head, Journal.add, Journal.write_pending

    def witnessed_head(self: Journal, header: Any, wall_ns: int, first: Any) -> None:
        given[self] = (header.call_id, [(first, 0.0)])
        noted[self] = 0
        head(self, header, wall_ns, first)

    def witnessed_add(self: Journal, moment: Any) -> None:
        given[self][1].append((moment, time.monotonic()))
        add(self, moment)

    def witnessed_write_pending(self: Journal) -> bool:
        written = write_pending(self)
        call_id, moments = given[self]
        taken = moments[noted[self] : self.acknowledged]
        if taken:
            noted[self] += len(taken)
            # The first moment of a call waits for the second: nothing is written of a call that does not begin.
            since = taken[0][1] or (taken[1][1] if taken[1:] else time.monotonic())
            lag_ms = 1000 * (time.monotonic() - since)
            notes.acknowledged(call_id, [_fingerprint(item) for item, _ in taken], lag_ms)
        return written

    Journal.head = witnessed_head  # type: ignore[method-assign]
    Journal.add = witnessed_add  # type: ignore[method-assign]
    Journal.write_pending = witnessed_write_pending  # type: ignore[method-assign]


def _fingerprint(item: Any) -> str:
    return fingerprint(item.moment, placed=False) if isinstance(item, Unplaced) else fingerprint(item)
