"""Timed search: how far many paths get in an ordered funnel with a window, all at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain, repeat

import numpy as np

from flows_analytics.stats.step import Step
from flows_analytics.store.path_batch import Ints

MOST_STEPS = 62
"""Steps that fit into a number as bits, beside one for what is excluded."""


def search_ordered(
    path: Ints,
    paths: Sequence[tuple[str, ...]],
    times: Ints,
    starts: Ints,
    *,
    steps: Sequence[Step],
    window_us: int,
    exclude: Collection[str],
) -> tuple[Ints, Ints]:
    """Find how far paths get, and where they first get as far; as `flows_analytics.stats.attempt` does for one.

    Args:
        path: Of each path, its place in ``paths``.
        paths: The distinct paths: nodes in order.
        times: When visits were entered, in microseconds.
        starts: Where in ``times`` each path begins.
        steps: The funnel's steps, all of them required, at most `MOST_STEPS`.
        window_us: Most microseconds from the first step to any other.
        exclude: Nodes that void the attempt under way.

    Returns:
        The level of each path, and the position of the visit that reached it; -1 at level 0.
    """
    wanted = _wanted(paths, steps, exclude)
    level = np.zeros(len(path), np.int64)
    end = np.full(len(path), -1, np.int64)
    # The latest start of a chain over the first so many steps; -1 for none. A later start is never worse.
    begun = np.full((len(steps), len(path)), -1, np.int64)
    for position in range(wanted.shape[1]):
        bits = wanted[path, position]
        here = np.flatnonzero(bits)
        bits = bits[here]
        begun[:, here[(bits >> len(steps)) != 0]] = -1
        # The furthest step first: one visit satisfies one step of a chain.
        for number in range(len(steps) - 1, -1, -1):
            rows = here[(bits >> number) & 1 != 0]
            start = np.full(len(rows), position) if number == 0 else begun[number - 1, rows]
            begins = start >= 0
            rows, start = rows[begins], start[begins]
            in_window = times[starts[rows] + position] - times[starts[rows] + start] <= window_us
            rows = rows[in_window]
            begun[number, rows] = start[in_window]
            further = rows[number >= level[rows]]
            level[further], end[further] = number + 1, position
    return level, end


def latest_chains(
    path: Ints, paths: Sequence[tuple[str, ...]], level: Ints, end: Ints, *, steps: Sequence[Step]
) -> list[tuple[int, ...]]:
    """Find the visits of chains: the latest repeat of each step before the next one.

    Args:
        path: Of each chain, the place of its path in ``paths``.
        paths: The distinct paths: nodes in order.
        level: How many steps each chain reached.
        end: The position of its last visit; -1 at level 0.
        steps: The funnel's steps, as for `search_ordered`.

    Returns:
        The positions of each, in order.
    """
    wanted = _wanted(paths, steps, ())
    chains = np.zeros((len(path), len(steps)), np.int64)
    rows = np.flatnonzero(level > 0)
    chains[rows, level[rows] - 1] = end[rows]
    # Backwards through all paths at once; what is looked for is the step before the one found last.
    looked_for = level - 2
    for position in range(wanted.shape[1] - 2, -1, -1):
        rows = np.flatnonzero((looked_for >= 0) & (position < end))
        rows = rows[(wanted[path[rows], position] >> looked_for[rows]) & 1 != 0]
        chains[rows, looked_for[rows]] = position
        looked_for[rows] -= 1
    return [tuple(positions[:reached]) for positions, reached in zip(chains.tolist(), level.tolist(), strict=True)]


def _wanted(paths: Sequence[tuple[str, ...]], steps: Sequence[Step], exclude: Collection[str]) -> Ints:
    """Write for each visit of each path which steps it matches, as bits; the highest one means excluded."""
    bits_of: dict[str, int] = {node: 1 << len(steps) for node in exclude}
    for number, step in enumerate(steps):
        for node in step.nodes:
            bits_of[node] = bits_of.get(node, 0) | 1 << number
    lengths = np.array(list(map(len, paths)), np.int64)
    row = np.repeat(np.arange(len(paths)), lengths)
    position = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    wanted = np.zeros((len(paths), int(lengths.max(initial=0))), np.int64)
    wanted[row, position] = np.fromiter(
        map(bits_of.get, chain.from_iterable(paths), repeat(0)), np.int64, len(row)
    )
    return wanted
