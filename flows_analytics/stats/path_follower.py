"""Following many paths at once through a funnel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from flows_analytics.stats.attempt import Attempt, best_attempt
from flows_analytics.stats.attempts_found import AttemptsFound
from flows_analytics.stats.attempts_without_times import attempts_without_times, can_search
from flows_analytics.stats.funnel_call import FunnelPath
from flows_analytics.stats.funnel_result import FunnelResult
from flows_analytics.stats.funnel_tally import FunnelTally
from flows_analytics.stats.timed_search import latest_chains, search_ordered
from flows_analytics.store.bucket_arrays import buckets_of
from flows_analytics.store.path_batch import Ints, PathBatch

if TYPE_CHECKING:
    from flows_analytics.stats.funnel import Funnel

_BUCKETS = 4096
"""More than there are log buckets of times that fit into 64 bits."""

_FEW_KEYS = 1 << 22
"""So many different keys are counted in a table; more of them are sorted."""


class PathFollower:
    """Sends calls through a funnel, many at once. It finds what `Funnel.of_calls` finds.

    A path gets as far as all others with the same nodes, unless the window stops it. So each distinct path is
    followed once, and only those that the window may stop are followed one by one.

    Args:
        funnel: The funnel.
    """

    def __init__(self, funnel: Funnel) -> None:
        self._funnel = funnel
        self._found = AttemptsFound(
            len(funnel.required), funnel.goal or (), partial(attempts_without_times, funnel)
        )
        self._groups: dict[str | None, int] = {}
        self._ends: dict[str, int] = {}
        self._calls = Counter[tuple[int, ...]]()
        self._times: dict[tuple[int, int], list[tuple[Ints, Ints]]] = {}

    def take(self, batch: PathBatch) -> None:
        """Follow the calls of a batch.

        Args:
            batch: Paths, those of a call all in one batch.
        """
        if not len(batch.path):
            return
        attempt = self._attempts(batch)
        groups = np.array([self._groups.setdefault(name, len(self._groups)) for name in self._named(batch)])
        ends = np.array([self._ends.setdefault(name, len(self._ends)) for name in batch.ends])
        group, end = groups[batch.group], ends[batch.end]
        running = np.array([name == "running" for name in batch.ends])[batch.end]
        goal = self._found.goal[attempt]
        starts = batch.offsets[:-1]
        if batch.call is not None:
            first = np.flatnonzero(np.diff(batch.call, prepend=-1))
            best = self._furthest(batch, batch.call, attempt)
            running, goal = np.logical_or.reduceat(running, first), np.logical_or.reduceat(goal, first)
            attempt, group, end, starts = attempt[best], group[best], end[best], starts[best]
        self._count(np.stack([group, attempt, end, running, goal]))
        self._measure(attempt, group, starts, batch.entered_us)

    def result(self) -> FunnelResult:
        """Say how far all calls got."""
        funnel, found = self._funnel, self._found
        tallies = {name: FunnelTally() for name in self._groups}
        groups, ends = list(self._groups), list(self._ends)
        for (group, number, end, running, goal), many in self._calls.items():
            tallies[groups[group]].add(
                found.attempts[number],
                found.nodes[number],
                ends[end],
                last=len(funnel.required),
                running=bool(running),
                goal=bool(goal),
                many=many,
            )
        for (since, level), parts in self._times.items():
            for group, counted in _sums(parts):
                tally = tallies[groups[group]]
                (tally.from_start if since else tally.from_previous)[level] = counted
        return FunnelResult.of(
            funnel.required, funnel.steps, funnel.mode, tallies, by=funnel.by, goal=funnel.goal is not None
        )

    def _named(self, batch: PathBatch) -> Sequence[str | None]:
        # A value that no call has must not become a part of the result.
        taken = np.bincount(batch.group, minlength=len(batch.groups)) > 0
        some = batch.groups[int(batch.group[0])]
        return [
            None if self._funnel.by is None else name if used else some
            for name, used in zip(batch.groups, taken, strict=True)
        ]

    def _attempts(self, batch: PathBatch) -> Ints:
        attempt = self._found.untimed(batch.paths)[batch.path]
        if self._funnel.window_us is None:
            return attempt
        late = self._late(batch, attempt, self._funnel.window_us)
        if len(late):
            attempt[late] = self._timed(batch, late, self._funnel.window_us)
            self._found.settle()
        return attempt

    def _late(self, batch: PathBatch, attempt: Ints, window_us: int) -> Ints:
        """Find the paths that the window may stop."""
        starts, times, found = batch.offsets[:-1], batch.entered_us, self._found
        longer = np.maximum.reduceat(times, starts) - np.minimum.reduceat(times, starts) > window_us
        if len(self._funnel.required) == len(self._funnel.steps):
            # What any time allows is the best of all, and the best in the window if it lies in it: unless a clock
            # ran backwards, so that a visit in between may not.
            backwards = np.append(np.diff(times) < 0, [False])
            backwards[batch.offsets[1:] - 1] = False
            steady = ~np.logical_or.reduceat(backwards, starts)
            level = found.level[attempt]
            last = found.chain[np.maximum(level - 1, 0), attempt]
            took = times[starts + last] - times[starts + found.chain[0, attempt]]
            longer &= ~(steady & (took <= window_us))
        return np.flatnonzero(longer)

    def _timed(self, batch: PathBatch, late: Ints, window_us: int) -> Ints:
        funnel, found = self._funnel, self._found
        path, starts = batch.path[late], batch.offsets[:-1][late]
        if can_search(funnel):
            level, end = search_ordered(
                path,
                batch.paths,
                batch.entered_us,
                starts,
                steps=funnel.steps,
                window_us=window_us,
                exclude=funnel.exclude,
            )
            ways, of = _distinct_rows(np.stack([path, level, end + 1]))
            which, reached, after = ways.T
            chains = latest_chains(which, batch.paths, reached, after - 1, steps=funnel.steps)
            attempts = map(Attempt, reached.tolist(), chains)
            nodes_of = map(batch.paths.__getitem__, which.tolist())
            return np.array(list(map(found.number, nodes_of, attempts)))[of]
        numbers: list[int] = []
        places: list[int] = path.tolist()
        begins: list[int] = starts.tolist()
        for which, begin in zip(places, begins, strict=True):
            nodes = batch.paths[which]
            times = tuple(batch.entered_us[begin : begin + len(nodes)].tolist())
            timed = FunnelPath(nodes, "end", times)
            best = best_attempt(timed, funnel.steps, funnel.mode, window_us, funnel.exclude)
            numbers.append(found.number(nodes, best))
        return np.array(numbers)

    def _furthest(self, batch: PathBatch, call: Ints, attempt: Ints) -> Ints:
        """Choose of each call the path that gets furthest; of several, the one that got there first."""
        level = self._found.level[attempt]
        last = self._found.chain[np.maximum(level - 1, 0), attempt]
        arrival = batch.entered_us[batch.offsets[:-1] + last]
        order = np.lexsort((arrival, -level, call))
        return order[np.flatnonzero(np.diff(call[order], prepend=-1))]

    def _count(self, columns: Ints) -> None:
        sizes = tuple((columns.max(axis=1) + 1).tolist())
        keys, many = _counted(np.asarray(np.ravel_multi_index(tuple(columns), sizes)))
        rows = np.stack(np.unravel_index(keys, sizes), axis=1)
        for row, number in zip(rows.tolist(), many.tolist(), strict=True):
            self._calls[tuple(row)] += number

    def _measure(self, attempt: Ints, group: Ints, starts: Ints, times: Ints) -> None:
        """Count the times between steps."""
        level = self._found.level[attempt]
        rows = np.flatnonzero(level > 1)
        attempt, group, starts, level = attempt[rows], group[rows] * _BUCKETS, starts[rows], level[rows]
        first = before = times[starts + self._found.chain[0, attempt]]
        for number in range(1, len(self._funnel.required)):
            goes_on = level > number
            if not goes_on.all():
                attempt, group, starts = attempt[goes_on], group[goes_on], starts[goes_on]
                level, first, before = level[goes_on], first[goes_on], before[goes_on]
            if not len(level):
                break
            at = times[starts + self._found.chain[number, attempt]]
            counted = _counted(group + buckets_of(at - before))
            self._times.setdefault((0, number + 1), []).append(counted)
            # From the first step to the second is from the one before as well.
            if number > 1:
                counted = _counted(group + buckets_of(at - first))
            self._times.setdefault((1, number + 1), []).append(counted)
            before = at


def _distinct_rows(columns: Ints) -> tuple[Ints, Ints]:
    """Find the different rows of columns of numbers from 0: those, and of each row the place of its like."""
    sizes = tuple((columns.max(axis=1) + 1).tolist())
    # One number a row sorts many times faster than the row does.
    keys, of = np.unique(np.ravel_multi_index(tuple(columns), sizes), return_inverse=True)
    return np.stack(np.unravel_index(keys, sizes), axis=1), of


def _counted(keys: Ints) -> tuple[Ints, Ints]:
    """Count equal keys: the keys, and how many there are of each."""
    if int(keys.max(initial=0)) < _FEW_KEYS:
        counted = np.bincount(keys)
        there = np.flatnonzero(counted)
        return there, counted[there]
    return np.unique(keys, return_counts=True)


def _sums(parts: Sequence[tuple[Ints, Ints]]) -> Iterator[tuple[int, Counter[int]]]:
    """Sum what was counted by group and bucket. Yields groups with what was counted of each."""
    keys, of = np.unique(np.concatenate([keys for keys, _ in parts]), return_inverse=True)
    many = np.bincount(of, np.concatenate([many for _, many in parts]), len(keys)).astype(np.int64)
    group, bucket = keys // _BUCKETS, keys % _BUCKETS
    begins = np.flatnonzero(np.diff(group, prepend=-1))
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(keys)], strict=True):
        counted = dict(zip(bucket[begin:end].tolist(), many[begin:end].tolist(), strict=True))
        yield int(group[begin]), Counter(counted)
