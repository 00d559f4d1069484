"""How far one path gets in a funnel, and by which visits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from flows_analytics.stats.funnel_call import FunnelPath
from flows_analytics.stats.step import Step

Mode = Literal["ordered", "strict", "any"]
"""``ordered``: in order, with other nodes between; ``strict``: by consecutive visits; ``any``: in any order."""


@dataclass(frozen=True)
class Attempt:
    """The best a path did.

    Attributes:
        level: Required steps reached; 0 if not even the first.
        chain: Positions of the visits that reached them, in order of the path.
        optional: Optional steps that the chain passed, by their number, with the position of the visit.
    """

    level: int = 0
    chain: tuple[int, ...] = ()
    optional: tuple[tuple[int, int], ...] = ()


NOWHERE = Attempt()


def best_attempt(
    path: FunnelPath, steps: Sequence[Step], mode: Mode, window_us: int | None, exclude: frozenset[str]
) -> Attempt:
    """Find the chain of visits that first reaches the highest level of a path.

    Inside that chain the latest start counts, and the latest repeat of a middle step.

    Args:
        path: The path.
        steps: The funnel's steps.
        mode: In which order they count.
        window_us: Most microseconds from the first required step to any other; None if any time will do.
        exclude: Nodes that void the attempt under way.

    Returns:
        The attempt.
    """
    find = {"ordered": _ordered, "strict": _strict, "any": _any}[mode]
    return find(_Search(path, steps, window_us, exclude))


class _Search:
    """A path and what is looked for in it."""

    def __init__(
        self, path: FunnelPath, steps: Sequence[Step], window_us: int | None, exclude: frozenset[str]
    ) -> None:
        self.nodes = path.nodes
        self.times = path.entered_us
        self.steps = steps
        self.required = [number for number, step in enumerate(steps) if not step.optional]
        self.window_us = window_us
        self.exclude = exclude

    def matches(self, position: int, step: int) -> bool:
        return self.nodes[position] in self.steps[step].nodes

    def in_window(self, first: int, last: int) -> bool:
        if self.window_us is None:
            return True
        if self.times is None:
            raise ValueError("a window needs the times of visits")
        return self.times[last] - self.times[first] <= self.window_us

    def began(self, position: int) -> int:
        """Give the position after the last exclusion before a position."""
        return next((i + 1 for i in range(position, -1, -1) if self.nodes[i] in self.exclude), 0)

    def ends(self, position: int) -> int:
        """Give the position of the next exclusion, or of the path's end."""
        return next(
            (i for i in range(position, len(self.nodes)) if self.nodes[i] in self.exclude), len(self.nodes)
        )


def _ordered(search: _Search) -> Attempt:
    required = search.required
    # The latest start of a chain over the first so many required steps. A later start is never worse.
    starts: list[int | None] = [None] * len(required)
    level, end = 0, -1
    for position, node in enumerate(search.nodes):
        if node in search.exclude:
            starts = [None] * len(required)
            continue
        # The furthest step first: one visit satisfies one step of a chain.
        for number in range(len(required) - 1, -1, -1):
            if not search.matches(position, required[number]):
                continue
            start = position if number == 0 else starts[number - 1]
            if start is not None and search.in_window(start, position):
                starts[number] = start
                if number >= level:
                    level, end = number + 1, position
    if not level:
        return NOWHERE
    chain = [end]
    for number in range(level - 2, -1, -1):
        chain.append(next(i for i in range(chain[-1] - 1, -1, -1) if search.matches(i, required[number])))
    chain.reverse()
    return Attempt(level, tuple(chain), tuple(_optional_between(search, chain)))


def _optional_between(search: _Search, chain: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Find the optional steps that a chain passes between the required ones beside them."""
    for number, step in enumerate(search.steps):
        if not step.optional:
            continue
        before = sum(not earlier.optional for earlier in search.steps[:number])
        if before > len(chain):
            return
        low = chain[before - 1] + 1 if before else search.began(chain[0])
        high = chain[before] if before < len(chain) else search.ends(chain[-1])
        for position in range(high - 1, low - 1, -1):
            if search.matches(position, number) and search.in_window(chain[0], position):
                yield number, position
                break


def _strict(search: _Search) -> Attempt:
    steps = search.steps
    # Chains that end at the visit before, by the last step they reached: positions by number of step.
    running: dict[int, dict[int, int]] = {}
    best: dict[int, int] = {}
    level = 0
    for position, node in enumerate(search.nodes):
        ending: dict[int, dict[int, int]] = {}
        for number, step in enumerate(steps):
            if node not in step.nodes:
                continue
            found = [
                {**chain, number: position}
                for last, chain in running.items()
                if last < number and all(between.optional for between in steps[last + 1 : number])
            ]
            if all(before.optional for before in steps[:number]):
                found.append({number: position})
            in_time = [chain for chain in found if search.in_window(_start(search, chain), position)]
            if in_time:
                ending[number] = max(in_time, key=lambda chain: (_start(search, chain), len(chain)))
        running = ending
        for chain in ending.values():
            reached = sum(number in chain for number in search.required)
            goes_on = reached == level > 0 and best.items() <= chain.items()
            if reached > level or goes_on:
                level, best = reached, chain
    required = tuple(best[number] for number in search.required[:level])
    return Attempt(level, required, tuple((n, at) for n, at in sorted(best.items()) if steps[n].optional))


def _start(search: _Search, chain: dict[int, int]) -> int:
    """Give the position of a chain's first required step; of its end, if it has only optional ones."""
    return next((chain[number] for number in search.required if number in chain), max(chain.values()))


def _any(search: _Search) -> Attempt:
    chain: list[int] = []
    for end in range(len(search.nodes)):
        if any(search.matches(end, number) for number in search.required):
            found = _latest_distinct(search, end)
            if len(found) > len(chain):
                chain = found
    if not chain:
        return NOWHERE
    return Attempt(len(chain), tuple(chain), tuple(_optional_beside(search, chain)))


def _latest_distinct(search: _Search, end: int) -> list[int]:
    """Match as many required steps as possible to visits up to an end, each to one; the latest visits that do."""
    visit_of: dict[int, int] = {}

    def place(position: int, tried: set[int]) -> bool:
        for number in search.required:
            if number in tried or not search.matches(position, number):
                continue
            tried.add(number)
            if number not in visit_of or place(visit_of[number], tried):
                visit_of[number] = position
                return True
        return False

    for position in range(end, search.began(end) - 1, -1):
        if search.in_window(position, end):
            place(position, set())
    return sorted(visit_of.values())


def _optional_beside(search: _Search, chain: Sequence[int]) -> Iterator[tuple[int, int]]:
    free = [
        position
        for position in range(search.began(chain[-1]), search.ends(chain[-1]))
        if position not in chain and search.in_window(chain[0], position) and search.in_window(position, chain[-1])
    ]
    for number, step in enumerate(search.steps):
        if step.optional:
            at = next((position for position in reversed(free) if search.matches(position, number)), None)
            if at is not None:
                yield number, at
