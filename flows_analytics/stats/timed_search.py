"""Timed search: how far many paths get in an ordered funnel with a window, all at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

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
    lengths = np.array([len(nodes) for nodes in paths], np.int64)
    wanted = _wanted(paths, int(lengths.max(initial=0)), steps, exclude)
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


def latest_chain(nodes: Sequence[str], steps: Sequence[Step], level: int, end: int) -> tuple[int, ...]:
    """Find the visits of a chain: the latest repeat of each step before the next one.

    Args:
        nodes: The nodes of the path.
        steps: The funnel's steps.
        level: How many of them the chain reached.
        end: The position of its last visit.

    Returns:
        The positions, in order.
    """
    chain = [end] if level else []
    for step in reversed(steps[: max(level - 1, 0)]):
        chain.append(next(i for i in range(chain[-1] - 1, -1, -1) if nodes[i] in step.nodes))
    return tuple(reversed(chain))


def _wanted(
    paths: Sequence[tuple[str, ...]], longest: int, steps: Sequence[Step], exclude: Collection[str]
) -> Ints:
    """Write for each visit of each path which steps it matches, as bits; the highest one means excluded."""
    bits_of: dict[str, int] = {node: 1 << len(steps) for node in exclude}
    for number, step in enumerate(steps):
        for node in step.nodes:
            bits_of[node] = bits_of.get(node, 0) | 1 << number
    wanted = np.zeros((len(paths), longest), np.int64)
    for row, nodes in enumerate(paths):
        wanted[row, : len(nodes)] = [bits_of.get(node, 0) for node in nodes]
    return wanted
