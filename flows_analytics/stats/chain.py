"""The flow as an absorbing Markov chain: what can be expected from each node on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from flows_analytics.stats.conservation import check_conservation
from flows_analytics.stats.matrices import Array, fundamental, zeros
from flows_analytics.store.counts import FlowCounts, Variant


class FlowChain:
    """A chain fitted on finished paths, up to the first goal that each visits.

    Each path is followed until it visits a goal, or ends: what it does after success makes it no less of one.
    Where goals are known by path only (an outcome that came with the log), a path reaches its goal as it ends.
    Paths under way are left out.

    Args:
        counts: What was counted of calls.

    Attributes:
        paths: Finished paths.
        nodes: The nodes that do not mean success and were visited by them, in order of name.
        starts: Paths that began in each node; a path that began in a goal is in none.
        moves: Transitions from node to node.
        arrivals: Paths that reached a goal next, by node and goal; ``""`` where it is known by path only.
        losses: Paths that ended without a goal, by node.
        straight: Paths that began in a goal, by goal.

    Raises:
        CountsError: The counts contradict each other.
    """

    def __init__(self, counts: FlowCounts) -> None:
        check_conservation(counts)
        self.paths = 0
        self.starts = Counter[str]()
        self.moves = Counter[tuple[str, str]]()
        self.arrivals = Counter[tuple[str, str]]()
        self.losses = Counter[str]()
        self.straight = Counter[str]()
        for way, taken in counts.variants.items():
            if way.end_kind != "running":
                self._follow(way, taken.paths, counts.goals)
        visited = {*self.starts, *self.losses, *(a for a, _ in self.moves), *(b for _, b in self.moves)}
        self.nodes = tuple(sorted(visited))
        self._dwell = {
            name: node.dwell_us / node.dwell.total() / 1e6
            for name, node in counts.nodes.items()
            if node.dwell.total()
        }

    def _follow(self, way: Variant, many: int, goals: frozenset[str]) -> None:
        self.paths += many
        # Calls may name goals of their own: what means success in one need not in another.
        until = next((at for at, node in enumerate(way.nodes) if node in goals), None) if way.goal else None
        if until == 0:
            self.straight[way.nodes[0]] += many
            return
        before = way.nodes[:until]
        self.starts[before[0]] += many
        for pair in pairwise(before):
            self.moves[pair] += many
        if until is not None:
            self.arrivals[before[-1], way.nodes[until]] += many
        elif way.goal:
            self.arrivals[before[-1], ""] += many
        else:
            self.losses[before[-1]] += many

    @cached_property
    def left(self) -> dict[str, int]:
        """How often each node was left, by a transition, an arrival at a goal or a loss."""
        total = Counter(self.losses)
        for (node, _), many in [*self.moves.items(), *self.arrivals.items()]:
            total[node] += many
        return dict(total)

    @cached_property
    def goals(self) -> tuple[str, ...]:
        """The goals that were reached."""
        return tuple(sorted({*self.straight, *(goal for _, goal in self.arrivals)}))

    @cached_property
    def solved(self) -> SolvedChain:
        """What follows from the chain."""
        place = {node: number for number, node in enumerate(self.nodes)}
        size = len(self.nodes)
        moves, to_goal, start = zeros(size, size), zeros(size), zeros(size)
        for (a, b), many in self.moves.items():
            moves[place[a], place[b]] = many / self.left[a]
        for (a, _), many in self.arrivals.items():
            to_goal[place[a]] += many / self.left[a]
        for node, many in self.starts.items():
            start[place[node]] = many / self.paths
        return SolvedChain(place, moves, to_goal, start, sum(self.straight.values()) / (self.paths or 1))

    @property
    def conversion(self) -> float | None:
        """P(goal) of a path as it begins, which is the share observed; None without finished paths."""
        return self.solved.conversion if self.paths else None

    def p_goal(self) -> dict[str, float]:
        """Give the probability of reaching a goal from each node.

        Returns:
            By node; 1 for a goal itself, unless it means success in some calls only.
        """
        found = dict(zip(self.nodes, map(float, self.solved.p_goal), strict=True))
        return {goal: 1.0 for goal in self.goals if goal} | found

    def steps_left(self) -> dict[str, float]:
        """Give the transitions to be expected from each node until the path reaches a goal or ends.

        Returns:
            By node, the last one into the goal or out of the call included.
        """
        return dict(zip(self.nodes, map(float, self.solved.visits.sum(axis=1)), strict=True))

    def seconds_left(self) -> dict[str, float | None]:
        """Give the time to be expected from entering each node until the path reaches a goal or ends.

        Returns:
            By node, in seconds; None if the way leads through a node in which no visit's time is known.
        """
        found: dict[str, float | None] = {}
        for node, expected in zip(self.nodes, self.solved.visits, strict=True):
            parts = [
                (float(visits), self._dwell.get(other)) for other, visits in zip(self.nodes, expected, strict=True)
            ]
            known = [visits * dwell for visits, dwell in parts if dwell is not None]
            unknown = any(dwell is None and visits > 0 for visits, dwell in parts)
            found[node] = None if unknown else sum(known)
        return found

    def worth_of_fixing(self) -> dict[str, float | None]:
        """Give the conversion that would be won if nobody were lost at a node, and went on like the others there.

        Returns:
            By node at which paths are lost, in shares of all paths: times ``paths`` it is paths won. None where
            nobody went on: how they would have is not known.
        """
        solved = self.solved
        found: dict[str, float | None] = {}
        for node, lost in self.losses.items():
            row = solved.place[node]
            share = lost / self.left[node]
            more_moves = solved.moves[row] * (share / (1 - share)) if share < 1 else zeros(len(self.nodes))
            more_goal = float(solved.to_goal[row]) * share / (1 - share) if share < 1 else 0.0
            # One row of the chain changes, so its effect has a closed form (Sherman and Morrison). Where those who
            # stay would only go in circles, the fix has no end.
            stay = 1 - float(more_moves @ solved.visits[:, row])
            if share == 1 or stay < 1e-12:
                found[node] = None
                continue
            gain = float(more_moves @ solved.p_goal) + more_goal
            found[node] = float(solved.expected[row]) * gain / stay
        return found

    def removal_effect(self) -> dict[str, float | None]:
        """Give the share of conversions that pass a node: those that would be gone if it led nowhere.

        Returns:
            By node; None for all if nothing converts.
        """
        solved = self.solved
        if not solved.conversion:
            return dict.fromkeys(self.nodes)
        return {
            node: float(solved.expected[row] / solved.visits[row, row] * solved.p_goal[row]) / solved.conversion
            for node, row in solved.place.items()
        }


@dataclass(frozen=True)
class SolvedChain:
    """A chain as matrices.

    Attributes:
        place: Row and column of each node.
        moves: Probability of going from row to column.
        to_goal: Probability of reaching a goal next.
        start: Share of paths that begin in each node.
        straight: Share of paths that begin in a goal.
    """

    place: Mapping[str, int]
    moves: Array
    to_goal: Array
    start: Array
    straight: float

    @cached_property
    def visits(self) -> Array:
        """Expected visits to each column from each row, the present one included."""
        return fundamental(self.moves)

    @cached_property
    def p_goal(self) -> Array:
        """Probability of reaching a goal from each node."""
        return self.visits @ self.to_goal

    @cached_property
    def expected(self) -> Array:
        """Expected visits to each node of a path as it begins."""
        return self.start @ self.visits

    @cached_property
    def conversion(self) -> float:
        """Probability of reaching a goal of a path as it begins."""
        return float(self.start @ self.p_goal) + self.straight
