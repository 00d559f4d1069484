"""Walks: the visits of a log put in order, with what follows, what went before and how each path ended.

Everything is an array of numbers, so that millions of visits take seconds. Names are codes: numbers from 0, and -1
for none. A time is a pair of arrays, the values and whether each is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[Any]
"""Whole numbers."""

Bools = npt.NDArray[np.bool_]
"""Truth values."""

KINDS = (
    "transition",
    "handoff",
    "end",
    "hangup",
    "transfer",
    "error",
    "timeout",
    "cancelled",
    "lost",
    "running",
)
"""Exit kinds in order of their codes."""

_TRANSITION, _HANDOFF, _END, _RUNNING = (KINDS.index(kind) for kind in ("transition", "handoff", "end", "running"))


class Times(NamedTuple):
    """Times, or durations, in microseconds.

    Attributes:
        us: The values; anything where there is none.
        known: Whether there is one.
    """

    us: Ints
    known: Bools

    def at(self, where: Any) -> Times:
        """Choose some.

        Args:
            where: Positions, or a slice.

        Returns:
            Those.
        """
        return Times(self.us[where], self.known[where])

    def otherwise(self, other: Times) -> Times:
        """Take another where there is none.

        Args:
            other: The others.

        Returns:
            The values of these, else of those.
        """
        return Times(np.where(self.known, self.us, other.us), self.known | other.known)


@dataclass(frozen=True)
class Steps:
    """The rows of a log, in any order.

    Attributes:
        call: Codes of calls.
        flow: Codes of flows, in the order of their names.
        seq: What orders a path.
        node: Codes of nodes.
        entered: When each was entered; always known.
        exited: When it was left, as far as the log says.
        kind: Codes of the exit kinds that the log names; -1 for none.
        word: Codes of the words that stood for them.
        via: Codes of the functions that ended the visits.
    """

    call: Ints
    flow: Ints
    seq: Ints
    node: Ints
    entered: Ints
    exited: Times
    kind: Ints
    word: Ints
    via: Ints

    def at(self, where: Any) -> Steps:
        """Choose some rows.

        Args:
            where: Positions, or whether each is meant.

        Returns:
            Those.
        """
        return Steps(
            self.call[where],
            self.flow[where],
            self.seq[where],
            self.node[where],
            self.entered[where],
            self.exited.at(where),
            self.kind[where],
            self.word[where],
            self.via[where],
        )

    def sorted(self) -> Steps:
        """Put the rows in order of call, flow and ``seq``."""
        lowest = int(self.seq.min(initial=0))
        span = int(self.seq.max(initial=0)) - lowest + 1
        flows, calls = int(self.flow.max(initial=0)) + 1, int(self.call.max(initial=0)) + 1
        if calls * flows * span < 2**62:
            # One number for all three sorts three times as fast.
            key = (self.call.astype(np.int64) * flows + self.flow) * span + (self.seq - lowest)
            return self.at(np.argsort(key, kind="stable"))
        return self.at(np.lexsort((self.seq, self.flow, self.call)))

    def twice(self) -> Bools:
        """Tell which of the rows, in order, have the call, flow and ``seq`` of the one before."""
        return _as_before(self.call) & _as_before(self.flow) & _as_before(self.seq)

    def differs(self) -> Bools:
        """Tell which of the rows, in order, say anything else than the one before."""
        left_alike = np.where(self.exited.known, _as_before(self.exited.us), True) & _as_before(self.exited.known)
        alike = _as_before(self.node) & _as_before(self.entered) & left_alike
        return ~(alike & _as_before(self.word) & _as_before(self.via))


@dataclass(frozen=True)
class Walks:
    """Visits in order, and the paths they make. Positions of ``starts`` and ``lengths`` are numbers of paths.

    Attributes:
        steps: The rows, in order of call, flow and ``seq``.
        starts: Position of the first visit of each path.
        lengths: Visits of each path.
        number: Number of each visit in its path.
        via: Codes of the functions that led into the visits.
        previous: Codes of the nodes before; -1 at the beginning of a path.
        following: Codes of the nodes after; -1 at the end.
        visit_no: 1 at the first visit of the node in its path.
        first_in_call: Whether no earlier visit of the call was in the node.
        first_move_in_call: Whether no earlier visit of the call came to the node from the same one.
        exit_kind: Codes of how they were left.
        left: When they were left.
        dwell: How long they took.
        backwards: Whether the clock ran backwards at the visit.
    """

    steps: Steps
    starts: Ints
    lengths: Ints
    number: Ints
    via: Ints
    previous: Ints
    following: Ints
    visit_no: Ints
    first_in_call: Bools
    first_move_in_call: Bools
    exit_kind: Ints
    left: Times
    dwell: Times
    backwards: Bools

    @property
    def lasts(self) -> Ints:
        """Position of the last visit of each path."""
        return self.starts + self.lengths - 1

    @property
    def path_call(self) -> Ints:
        """Code of the call of each path."""
        return self.steps.call[self.starts]


def walk(steps: Steps, ended: Times, told: Ints) -> Walks:
    """Find out what follows what, and how each path ended.

    Args:
        steps: The rows, in order, each once.
        ended: When each call ended, as far as its attributes say.
        told: Code of the exit kind that the attributes of each call name.

    Returns:
        The walks.
    """
    rows = len(steps.call)
    begins = ~(_as_before(steps.call) & _as_before(steps.flow))
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, rows))
    lasts = starts + lengths - 1
    number = np.arange(rows) - np.repeat(starts, lengths)
    is_last = np.zeros(rows, np.bool_)
    is_last[lasts] = True
    previous = np.where(begins, -1, _shifted(steps.node, 1))
    following = np.where(is_last, -1, _shifted(steps.node, -1))
    entered_next = Times(_shifted(steps.entered, -1), ~is_last)

    handed = _handed(steps, starts, lasts)
    of_call = steps.call[starts]
    end = _ends(steps.kind[lasts], steps.exited.known[lasts], handed, ended.at(of_call), told[of_call])
    exit_kind = np.full(rows, _TRANSITION, np.int8)
    exit_kind[lasts] = end
    elsewhere = _elsewhere(steps, np.bincount(of_call))
    sooner = elsewhere.known & entered_next.known & (elsewhere.us < entered_next.us)
    left = steps.exited.otherwise(Times(np.where(sooner, elsewhere.us, entered_next.us), ~is_last))
    handed = Times(elsewhere.us[lasts], elsewhere.known[lasts] & handed.known).otherwise(handed)
    # Where nothing says when a visit was left, it took no time that anybody knows.
    at_end = steps.exited.at(lasts).otherwise(handed).otherwise(ended.at(of_call))
    over = end != _RUNNING
    left.us[lasts] = np.where(at_end.known, at_end.us, steps.entered[lasts])
    left.known[lasts] = over
    stayed = left.us - steps.entered
    dwelt = left.known & (stayed >= 0)
    dwelt[lasts] &= at_end.known

    nodes = int(steps.node.max(initial=0)) + 1
    path = np.repeat(np.arange(len(starts)), lengths)
    visit_no = _occurrence(path * nodes + steps.node)
    several = len(starts) and bool((of_call[1:] == of_call[:-1]).any())
    call = steps.call.astype(np.int64)
    first = (_occurrence(call * nodes + steps.node) if several else visit_no) == 1
    backwards = entered_next.known & (entered_next.us < steps.entered)
    backwards |= left.known & (left.us < steps.entered)
    return Walks(
        steps=steps,
        starts=starts,
        lengths=lengths,
        number=number,
        via=np.where(begins, -1, _shifted(steps.via, 1)),
        previous=previous,
        following=following,
        visit_no=visit_no,
        first_in_call=first,
        first_move_in_call=_first_moves(call, previous, steps.node, first, nodes),
        exit_kind=exit_kind,
        left=left,
        dwell=Times(stayed, dwelt),
        backwards=backwards,
    )


def _handed(steps: Steps, starts: Ints, lasts: Ints) -> Times:
    """Tell when each path gave over to another of its call: all but the one entered last did."""
    call, entered = steps.call[starts], steps.entered[lasts]
    # Of paths entered at one time, those that say they handed over come first, else they keep the order of flows.
    order = np.lexsort((steps.kind[lasts] != _HANDOFF, entered, call))
    goes_on = np.append(call[order][1:] == call[order][:-1], [False])[: len(order)]
    us, known = np.zeros(len(order), np.int64), np.zeros(len(order), np.bool_)
    us[order] = _shifted(entered[order], -1)
    known[order] = goes_on
    return Times(us, known)


def _elsewhere(steps: Steps, paths: Ints) -> Times:
    """Tell when a visit of another flow followed each visit in its call; unknown where the same flow went on."""
    us, known = np.zeros(len(steps.call), np.int64), np.zeros(len(steps.call), np.bool_)
    of_several = np.flatnonzero(paths[steps.call] > 1)
    order = of_several[np.lexsort((steps.entered[of_several], steps.call[of_several]))]
    call, flow = steps.call[order], steps.flow[order]
    us[order] = _shifted(steps.entered[order], -1)
    known[order[:-1]] = (call[1:] == call[:-1]) & (flow[1:] != flow[:-1])
    return Times(us, known)


def _ends(said: Ints, exited: Bools, handed: Times, ended: Times, told: Ints) -> Ints:
    nothing_known = np.where(exited | ended.known, _END, _RUNNING)
    end = np.where(said == _HANDOFF, _END, np.where(said >= 0, said, np.where(told >= 0, told, nothing_known)))
    return np.where(handed.known, _HANDOFF, end)


def _first_moves(call: Ints, previous: Ints, node: Ints, first: Bools, nodes: int) -> Bools:
    moves = previous >= 0
    # Whoever comes to a node for the first time comes there from anywhere for the first time. Only moves to nodes
    # that their call came back to have to be looked at.
    again = np.isin(call * nodes + node, np.unique((call * nodes + node)[~first])) if not first.all() else ~first
    looked_at = np.flatnonzero(moves & again)
    key = (call[looked_at] * nodes + previous[looked_at]) * nodes + node[looked_at]
    moves[looked_at] = _occurrence(key) == 1
    return moves


def _occurrence(key: Ints) -> Ints:
    """Number equal keys from 1, in order."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    begins = np.flatnonzero(~_as_before(ordered))
    rank = np.arange(1, len(key) + 1) - np.repeat(begins, np.diff(np.append(begins, len(key))))
    numbers = np.empty(len(key), np.int32)
    numbers[order] = rank
    return numbers


def _as_before(values: Any) -> Bools:
    same = np.zeros(len(values), np.bool_)
    np.equal(values[1:], values[:-1], out=same[1:])
    return same


def _shifted(values: Ints, by: int) -> Ints:
    """Move values on by one row, or back; what comes in at the end means nothing."""
    return np.roll(values, by)


def prefix_codes(starts: Ints, lengths: Ints, node: Ints, distinct: Any) -> tuple[Ints, list[tuple[int, int]]]:
    """Give equal paths equal numbers.

    Args:
        starts: Position of the first visit of each path.
        lengths: Visits of each path.
        node: Codes of the nodes visited.
        distinct: Gives equal whole numbers equal codes: the codes, and the numbers in order of code.

    Returns:
        The number of each path; and of each number the path without its last node (-1 for none) and that node.
        A number stands behind that of the path without its last node.
    """
    nodes = int(node.max(initial=0)) + 1
    parts: list[tuple[int, int]] = []
    current = np.full(len(starts), -1, np.int64)
    active = np.arange(len(starts))
    step = 0
    while len(active):
        codes, keys = distinct((current[active] + 1) * nodes + node[starts[active] + step])
        current[active] = codes + len(parts)
        parts.extend((int(key) // nodes - 1, int(key) % nodes) for key in keys)
        step += 1
        active = active[lengths[active] > step]
    return current, parts
