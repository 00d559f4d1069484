"""Pruning: finished calls that are older than an age go, with all that is kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flows_analytics.files.layout import FAILED_DIRECTORY, JOURNAL_DIRECTORY, OUTBOX_DIRECTORY, TABLES_DIRECTORY
from flows_analytics.retention.grouping import Group, group, place_of, stems_under_way
from flows_analytics.retention.trace import Trace


@dataclass(frozen=True)
class Plan:
    """What pruning would erase, and what it leaves although it is old.

    Attributes:
        erase: What goes, in the order given.
        calls: How many calls that is, as far as calls are known.
        waiting: How many calls are left because they have not been sent.
        under_way: How many calls are left because their records say that they are not over.
        not_ours: Files that are left because nothing says that they belong to a call.
    """

    erase: list[Trace]
    calls: int = 0
    waiting: int = 0
    under_way: int = 0
    not_ours: list[Trace] = field(default_factory=list[Trace])


def plan_prune(traces: Sequence[Trace], before: datetime, *, unsent: bool) -> Plan:
    """Decide what goes.

    A call goes if its own times say that it ended before, and nothing stands against it. What belongs to no call
    that is known goes by the time its file was written.

    Args:
        traces: All that is kept, in the order in which it is erased.
        before: What ended earlier goes.
        unsent: Whether calls that have not been sent go, too.

    Returns:
        The plan.
    """
    grouping = group(traces, before)
    old = {call: kept for call, kept in grouping.groups.items() if kept.ended < before}
    under_way = {call for call, kept in old.items() if _any(kept, "under_way")}
    waiting = {call for call, kept in old.items() if _any(kept, "waiting") and not unsent} - under_way
    doomed = old.keys() - under_way - waiting
    gone = {id(trace) for call in doomed for trace in old[call].traces}
    # A recording that two records name goes with the second.
    stays = {id(trace) for call, kept in grouping.groups.items() if call not in doomed for trace in kept.traces}
    live = stems_under_way(traces)
    ours = {_directory_of(trace) for trace in traces if trace.who}
    lost_waiting = 0
    not_ours: list[Trace] = []
    for trace in grouping.loose:
        if trace.at >= before or trace.state == "under_way" or (trace.stem is not None and trace.stem in live):
            continue
        stray_sound = trace.kind == "recordings" and place_of(trace.path.parent) not in ours
        if trace.state == "not_ours" or stray_sound:
            not_ours.append(trace)
        elif trace.state == "waiting" and not unsent:
            lost_waiting += 1
        else:
            gone.add(id(trace))
    return Plan(
        erase=[trace for trace in traces if id(trace) in gone - stays],
        calls=len(doomed),
        waiting=len(waiting) + lost_waiting,
        under_way=len(under_way),
        not_ours=not_ours,
    )


def _directory_of(trace: Trace) -> Path:
    folder = place_of(trace.path.parent)
    inside = (JOURNAL_DIRECTORY, OUTBOX_DIRECTORY, FAILED_DIRECTORY, TABLES_DIRECTORY)
    return folder.parent if folder.name in inside else folder


def _any(kept: Group, state: str) -> bool:
    return any(trace.state == state for trace in kept.traces)
