"""Which traces belong to one call."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flows_analytics.retention.trace import Call, Trace


@dataclass
class Group:
    """The traces of one call.

    Attributes:
        traces: The traces.
        ended: When the call ended: the latest time that any of those who know says.
    """

    ended: datetime
    traces: list[Trace] = field(default_factory=list[Trace])


@dataclass(frozen=True)
class Grouping:
    """Traces by call.

    Attributes:
        groups: By call. A recording that several records name belongs to each of them.
        loose: What belongs to no call that is known, in the order given.
    """

    groups: dict[Call, Group]
    loose: list[Trace]


def group(traces: Sequence[Trace], before: datetime) -> Grouping:
    """Find which traces belong to one call.

    A trace belongs to the call it names itself; to that of the record it names, as an entry of the outbox does; or
    to that of the record that names it, as a recording does. Otherwise its file's name tells, if it is the name of
    one call only and no call under way bears it.

    Args:
        traces: All that is kept.
        before: A file that was written later is given to no call by its name alone: it may be that of another
            call of the same id, which has no other trace yet.

    Returns:
        The calls, and what belongs to none.
    """
    groups: dict[Call, Group] = {}
    named_by: defaultdict[Path, set[Call]] = defaultdict(set)
    by_place: dict[Path, Call] = {}
    by_stem: defaultdict[str, set[Call]] = defaultdict(set)
    for trace in traces:
        if (call := trace.call) is not None:
            found = groups.setdefault(call, Group(trace.at))
            found.ended = max(found.ended, trace.at)
            by_place[place_of(trace.path)] = call
            for name in trace.names:
                named_by[place_of(name)].add(call)
            if trace.stem is not None:
                by_stem[trace.stem].add(call)
    live = stems_under_way(traces)
    loose: list[Trace] = []
    for trace in traces:
        calls: set[Call] = set()
        if trace.call is not None:
            calls = {trace.call}
        elif trace.who is None or trace.names:
            place = place_of(trace.path)
            calls = named_by[place] or {
                by_place[where] for where in map(place_of, trace.names) if where in by_place
            }
            if not calls and trace.stem is not None and trace.stem not in live and trace.at < before:
                calls = by_stem[trace.stem] if len(by_stem[trace.stem]) == 1 else set()
        for call in calls:
            groups[call].traces.append(trace)
        if not calls:
            loose.append(trace)
    return Grouping(groups, loose)


def stems_under_way(traces: Iterable[Trace]) -> set[str]:
    """Name the calls that are being recorded now.

    Args:
        traces: All that is kept.

    Returns:
        Their names, as their files have them.
    """
    return {trace.stem for trace in traces if is_live(trace) and trace.stem is not None}


def is_live(trace: Trace) -> bool:
    """Tell the journal of a call that is being recorded now."""
    return trace.kind == "journals" and trace.state == "under_way"


def place_of(path: Path) -> Path:
    """Name a file so that two names of it can be compared. Links are not followed."""
    return Path(os.path.abspath(path))  # noqa: PTH100  # Path.absolute keeps the dots
