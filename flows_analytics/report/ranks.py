"""Which way lines point in a layered drawing, and which of them it can afford."""

from __future__ import annotations

from collections.abc import Sequence

Pair = tuple[int, int]
"""A line from one node to another, by their positions."""


def point_up(count: int, lines: Sequence[Pair]) -> list[bool]:
    """Choose the lines to draw upwards, so that all others can point down.

    A depth-first walk from the first node follows lines in the order given; a line back to a node the walk is
    still inside closes a loop and points up.

    Args:
        count: Number of nodes.
        lines: The lines, the most important first; no line may lead from a node to itself.

    Returns:
        For each line, whether it points up.
    """
    leaving: list[list[int]] = [[] for _ in range(count)]
    for index, (tail, _) in enumerate(lines):
        leaving[tail].append(index)
    up = [False] * len(lines)
    state = ["new"] * count
    for root in range(count):
        if state[root] != "new":
            continue
        state[root] = "inside"
        walk = [(root, iter(leaving[root]))]
        while walk:
            node, rest = walk[-1]
            index = next(rest, None)
            if index is None:
                state[node] = "done"
                walk.pop()
                continue
            head = lines[index][1]
            if state[head] == "inside":
                up[index] = True
            elif state[head] == "new":
                state[head] = "inside"
                walk.append((head, iter(leaving[head])))
    return up


def ranks(count: int, downward: Sequence[Pair]) -> list[int]:
    """Give each node its layer: one below the lowest node above it.

    Args:
        count: Number of nodes.
        downward: Lines without loops.

    Returns:
        The layer of each node, from 0.
    """
    below: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for tail, head in downward:
        below[tail].append(head)
        waiting[head] += 1
    rank = [0] * count
    ready = [node for node in range(count) if not waiting[node]]
    while ready:
        node = ready.pop()
        for head in below[node]:
            rank[head] = max(rank[head], rank[node] + 1)
            waiting[head] -= 1
            if not waiting[head]:
                ready.append(head)
    return rank


def affordable(count: int, lines: Sequence[Pair], *, keep: Sequence[bool], budget: int) -> list[int]:
    """Choose the lines a drawing can afford.

    A line costs one point for each layer it passes. While the sum is over the budget, the longest lines go,
    those not worth keeping before the others.

    Args:
        count: Number of nodes.
        lines: The lines, the most important first.
        keep: For each line, whether it goes last.
        budget: Most points to spend.

    Returns:
        Positions of the lines to draw, in their order.
    """
    kept = list(range(len(lines)))
    while kept:
        chosen = [lines[index] for index in kept]
        up = point_up(count, chosen)
        down = [(head, tail) if flip else (tail, head) for (tail, head), flip in zip(chosen, up, strict=True)]
        rank = ranks(count, down)
        cost = {index: 2 * (rank[low] - rank[high]) for index, (high, low) in zip(kept, down, strict=True)}
        over = sum(cost.values()) - budget
        if over <= 0:
            break
        # Only one sort of line goes at a time: without the weak ones, the others may well be short enough.
        weak = [index for index in kept if not keep[index]] or kept
        dropped: set[int] = set()
        for index in sorted(weak, key=lambda index: -cost[index]):
            if over <= 0:
                break
            dropped.add(index)
            over -= cost[index]
        kept = [index for index in kept if index not in dropped]
    return kept
