"""Comparison: what is on disk and at the server, against what was noted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows_analytics import CallRecord
from flows_analytics.calls.ending import PROCESS_LOST
from flows_analytics.files.layout import UNREADABLE_SUFFIX, list_calls
from tests.chaos.ledger import Ledger
from tests.chaos.notes import fingerprints

_EXPECTED_LOSSES = {"journal_torn"}
"""What a SIGKILL may cost: the line that was being written, which nobody acknowledged."""

Calls = Mapping[str, list[CallRecord]]


@dataclass
class Comparison:
    """What is not as it must be.

    Attributes:
        faults: Everything, in words.
        lost_calls: Calls that were started and are not in a place.
        doubled_calls: Calls that are there more than once.
        lost_moments: Acknowledged moments that are not in their call.
        recovered: Records on disk that were made of what dead processes left.
        torn: Lines that were cut off.
        headless: Journals whose process was killed within their first write, so that nothing can be read.
        temporary: Temporary files of killed processes.
    """

    faults: list[str] = field(default_factory=list)
    lost_calls: int = 0
    doubled_calls: int = 0
    lost_moments: int = 0
    recovered: int = 0
    torn: int = 0
    headless: int = 0
    temporary: int = 0

    def judge_place(self, ledger: Ledger, place: str, calls: Calls) -> None:
        """Each call that was started is there once, whole, and as its bot knew it."""
        for call_id in sorted(ledger.moments.keys() - calls.keys()):
            self.lost_calls += 1
            self.faults.append(f"{call_id} is missing {place}")
        for call_id, (record, *others) in calls.items():
            if others:
                self.doubled_calls += 1
                self.faults.append(f"{call_id} is {place} {1 + len(others)} times")
            if call_id not in ledger.begun:
                self.faults.append(f"{call_id} was never begun, but is {place}")
            if lost := set(ledger.moments.get(call_id, ())) - fingerprints(record.events):
                self.lost_moments += len(lost)
                self.faults.append(f"{call_id} lacks acknowledged moments {place}: {sorted(lost)}")
            if [moment.seq for moment in record.events] != list(range(len(record.events))):
                self.faults.append(f"{call_id} has a gap {place}")
            if ledger.over.get(call_id, record.status) != record.status:
                self.faults.append(f"{call_id} was {ledger.over[call_id]}, but is {record.status} {place}")
            if unexpected := sorted(record.health.losses.keys() - _EXPECTED_LOSSES):
                self.faults.append(f"{call_id} counts losses {place}: {unexpected}")

    def judge_rest(self, ledger: Ledger, directory: Path) -> None:
        """Nothing waits any more, and what cannot be read was never acknowledged."""
        for folder in ("journal", "outbox", "failed"):
            for path in sorted(directory.glob(f"{folder}/*")):
                # A lock is a file without content, and free once its holder is dead.
                if path.suffix == UNREADABLE_SUFFIX and path.stem not in ledger.moments:
                    self.headless += 1
                elif path.suffix not in (".lock", ".tmp"):
                    self.faults.append(f"left behind: {path.relative_to(directory)}")
        self.temporary = len(list(directory.rglob(".*.tmp")))


def compare(ledger: Ledger, directory: Path, stored: Mapping[str, bytes]) -> Comparison:
    """Compare what was noted with what is on disk and what a server stored."""
    on_disk = _by_call(CallRecord.load(path) for path in list_calls(directory))
    at_server = _by_call(CallRecord.model_validate_json(body) for body in stored.values())
    comparison = Comparison()
    comparison.judge_place(ledger, "on disk", on_disk)
    comparison.judge_place(ledger, "at the server", at_server)
    for call_id in on_disk.keys() & at_server.keys():
        if on_disk[call_id][0].events != at_server[call_id][0].events:
            comparison.faults.append(f"{call_id} is another call at the server than on disk")
    comparison.judge_rest(ledger, directory)
    records = [record for records in on_disk.values() for record in records]
    comparison.recovered = sum(record.end_reason == PROCESS_LOST for record in records)
    comparison.torn = sum(record.health.count("journal_torn") for record in records)
    return comparison


def _by_call(records: Iterable[CallRecord]) -> dict[str, list[CallRecord]]:
    calls: defaultdict[str, list[CallRecord]] = defaultdict(list)
    for record in records:
        calls[record.call_id].append(record)
    return calls
