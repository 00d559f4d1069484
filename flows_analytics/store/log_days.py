"""Days of a log: an imported log as rows of the tables, made day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from flows_analytics.store.arrow import (
    ArrowColumn,
    ArrowTable,
    coded,
    distinct,
    lists,
    plain,
    table_with,
    taken,
    texts_table,
)
from flows_analytics.store.bucket_arrays import buckets_of
from flows_analytics.store.snapshot import NodeNumbers
from flows_analytics.store.tables import CallRow, PathRow, VisitRow
from flows_analytics.store.walks import KINDS, Bools, Ints, Times, Walks, prefix_codes

_DAY_US = 86_400_000_000
_EPOCH = date(1970, 1, 1)
_CAUSES = ("initial", "code", "function")
_STATUSES = ("completed", "started", "error", "cancelled")
_STATUS_OF = np.array([{"running": 1, "lost": 1, "error": 2, "cancelled": 3}.get(kind, 0) for kind in KINDS])
_RUNNING, _HANDOFF, _END = KINDS.index("running"), KINDS.index("handoff"), KINDS.index("end")


@dataclass(frozen=True)
class Texts:
    """Names in order of their codes.

    Attributes:
        calls: Ids of calls.
        flows: Ids of flows.
        nodes: Names of nodes.
        functions: Names of functions.
    """

    calls: ArrowColumn
    flows: Sequence[str]
    nodes: Sequence[str]
    functions: ArrowColumn


@dataclass(frozen=True)
class Attributes:
    """What is known of calls beside their visits; each array has a place for each code of a call.

    Attributes:
        started: When each started.
        ended: When it ended.
        told: Code of the exit kind that its outcome means; -1 for none.
        row: The number of its row of attributes; -1 for none.
        columns: Columns of text, in order of those rows; ``outcome`` and the metadata among them.
    """

    started: Times
    ended: Times
    told: Ints
    row: Ints
    columns: Mapping[str, ArrowColumn]


class LogDays:
    """A log as rows, made day by day.

    Args:
        walks: Its visits, in order.
        texts: Its names.
        attributes: What is known of its calls beside.
        numbers: Numbers of nodes; told of new ones.

    Attributes:
        calls: How many calls there are.
        visits: How many visits.
    """

    def __init__(self, walks: Walks, texts: Texts, attributes: Attributes, numbers: NodeNumbers) -> None:
        self._walks, self._texts, self._attributes = walks, texts, attributes
        number = len(texts.calls)
        call = walks.path_call
        self._path_entered = np.minimum.reduceat(walks.steps.entered, walks.starts) if len(call) else call
        known_left = np.where(walks.left.known, walks.left.us, walks.steps.entered)
        path_last = np.maximum.reduceat(known_left, walks.starts) if len(call) else call
        self._end_kind = walks.exit_kind[walks.lasts]
        # Paths stand in order of their calls.
        self._first_path = np.searchsorted(call, np.arange(number))
        self._flows = np.bincount(call, minlength=number)
        has_flow = self._flows > 0
        firsts = self._first_path[has_flow]
        began, last = Times(np.zeros(number, np.int64), has_flow), Times(np.zeros(number, np.int64), has_flow)
        self._sizes = np.zeros(number, np.int64)
        if len(firsts):
            began.us[has_flow] = np.minimum.reduceat(self._path_entered, firsts)
            last.us[has_flow] = np.maximum.reduceat(path_last, firsts)
            self._sizes[has_flow] = np.add.reduceat(walks.lengths, firsts)
        end = np.where(attributes.told >= 0, attributes.told, np.where(attributes.ended.known, _END, _RUNNING))
        ending = self._end_kind != _HANDOFF
        end[call[ending]] = self._end_kind[ending]
        self._exit_kind = end
        self._started = attributes.started.otherwise(began).otherwise(attributes.ended)
        over = attributes.ended.otherwise(last)
        self._ended = Times(over.us, over.known & (end != _RUNNING))
        lasted = over.us - self._started.us
        self._duration = Times(lasted, self._ended.known & (lasted >= 0))
        placed = np.flatnonzero((has_flow | (attributes.row >= 0)) & self._started.known)
        self._order = placed[np.argsort(self._started.us[placed], kind="stable")]
        self._day = self._started.us[self._order] // _DAY_US
        self.calls, self.visits = len(placed), len(walks.number)
        self._number(numbers)

    def _number(self, numbers: NodeNumbers) -> None:
        walks = self._walks
        self._path, parts = prefix_codes(walks.starts, walks.lengths, walks.steps.node, distinct)
        number = [f"|{numbers.number(name)}|" for name in self._texts.nodes]
        self._paths: list[str] = []
        for before, node in parts:
            self._paths.append((self._paths[before] if before >= 0 else "") + number[node])

    @property
    def ids(self) -> ArrowTable:
        """The ids of its calls, in the column ``value``."""
        return texts_table(taken(self._texts.calls, self._order))

    @property
    def days(self) -> Sequence[str]:
        """The days on which its calls started."""
        return [str(_EPOCH + timedelta(days=int(day))) for day in np.unique(self._day)]

    def tables(self, day: str) -> Mapping[str, ArrowTable]:
        """Make the rows of a day.

        Args:
            day: The day, such as ``2026-01-31``.

        Returns:
            The tables ``calls``, ``paths`` and ``visits``; the last two only if a call of the day has visits.
        """
        number = (date.fromisoformat(day) - _EPOCH).days
        calls = self._order[np.searchsorted(self._day, number) : np.searchsorted(self._day, number, side="right")]
        days = np.array([number])
        made = {"calls": self._calls_of(calls, days)}
        paths, of_path = _spread(self._first_path[calls], self._flows[calls])
        if len(paths):
            visits, of_visit = _spread(self._walks.starts[paths], self._walks.lengths[paths])
            made["paths"] = self._paths_of(calls, paths, of_path, visits, days)
            made["visits"] = self._visits_of(calls, of_path[of_visit], visits, days)
        return made

    def _calls_of(self, calls: Ints, days: Ints) -> ArrowTable:
        kind = self._exit_kind[calls]
        duration = self._duration.at(calls)
        rows = self._attributes.row[calls]
        further = {name: taken(column, rows) for name, column in self._attributes.columns.items()}
        outcome = further.pop("outcome")
        return table_with(
            CallRow,
            {
                "call_id": taken(self._texts.calls, calls),
                "started_date": plain(days.repeat(len(calls)), day=True),
                "started_us": plain(self._started.us[calls]),
                "ended_us": plain(*self._ended.at(calls)),
                "duration_us": plain(*duration),
                "duration_bucket": plain(buckets_of(duration.us), duration.known),
                "status": coded(_STATUS_OF[kind], _STATUSES),
                "exit_kind": coded(kind, KINDS),
                "open": plain(kind == _RUNNING),
                "end_reason": outcome,
                "flows": plain(self._flows[calls]),
                "visits": plain(self._sizes[calls]),
                "goals": coded(np.zeros(len(calls), np.int32), [""]),
                **further,
            },
            len(calls),
        )

    def _paths_of(self, calls: Ints, paths: Ints, of_call: Ints, visits: Ints, days: Ints) -> ArrowTable:
        call = calls[of_call]
        duration = self._duration.at(call)
        rows = self._attributes.row[call]
        columns = self._attributes.columns
        further = {
            name: taken(column, rows)
            for name, column in columns.items()
            if name in PathRow._fields or name not in (*CallRow._fields, "outcome")
        }
        here, codes = np.unique(self._path[paths], return_inverse=True)
        lengths = self._walks.lengths[paths]
        return table_with(
            PathRow,
            {
                "call_id": coded(of_call, taken(self._texts.calls, calls)),
                "started_date": plain(days.repeat(len(paths)), day=True),
                "flow_id": coded(self._walks.steps.flow[self._walks.starts[paths]], self._texts.flows),
                "path": coded(codes, [self._paths[int(code)] for code in here]),
                "path_len": plain(lengths),
                "entered_us": lists(self._walks.steps.entered[visits], np.append([0], np.cumsum(lengths))),
                "end_kind": coded(self._end_kind[paths], KINDS),
                "goal": plain(np.zeros(len(paths), np.bool_)),
                "open": plain(self._exit_kind[call] == _RUNNING),
                "flows": plain(self._flows[call]),
                "first_in_call": plain(_first_of_their_kind(of_call, codes, self._end_kind[paths])),
                "started_us": plain(self._started.us[call]),
                "duration_us": plain(*duration),
                "duration_bucket": plain(buckets_of(duration.us), duration.known),
                **further,
            },
            len(paths),
        )

    def _visits_of(self, calls: Ints, of_call: Ints, visits: Ints, days: Ints) -> ArrowTable:
        walks, nodes = self._walks, self._texts.nodes
        dwell = walks.dwell.at(visits)
        via, number = walks.via[visits], walks.number[visits]
        return table_with(
            VisitRow,
            {
                "call_id": coded(of_call, taken(self._texts.calls, calls)),
                "started_date": plain(days.repeat(len(visits)), day=True),
                "flow_id": coded(walks.steps.flow[visits], self._texts.flows),
                "seq": plain(number),
                "node": coded(walks.steps.node[visits], nodes),
                "visit_no": plain(walks.visit_no[visits]),
                "via": coded(via, self._texts.functions),
                "cause": coded(np.where(number == 0, 0, np.where(via < 0, 1, 2)), _CAUSES),
                "entered_us": plain(walks.steps.entered[visits]),
                "left_us": plain(*walks.left.at(visits)),
                "dwell_us": plain(*dwell),
                "dwell_bucket": plain(buckets_of(dwell.us), dwell.known),
                "exit_kind": coded(walks.exit_kind[visits], KINDS),
                "next_node": coded(walks.following[visits], nodes),
                "previous_node": coded(walks.previous[visits], nodes),
                "first_in_call": plain(walks.first_in_call[visits]),
                "first_move_in_call": plain(walks.first_move_in_call[visits]),
            },
            len(visits),
        )


def _spread(starts: Ints, lengths: Ints) -> tuple[Ints, Ints]:
    """Count on from each start: the positions, and the number of the start that each belongs to."""
    of = np.repeat(np.arange(len(starts)), lengths)
    before = np.cumsum(lengths) - lengths
    return np.arange(len(of)) - before[of] + starts[of], of


def _first_of_their_kind(of_call: Ints, path: Ints, end_kind: Ints) -> Bools:
    """Tell which paths no earlier one of their call equals."""
    key = (of_call.astype(np.int64) * (int(path.max(initial=0)) + 1) + path) * len(KINDS) + end_kind
    _, firsts = np.unique(key, return_index=True)
    is_first = np.zeros(len(path), np.bool_)
    is_first[firsts] = True
    return is_first
