"""Attempts found: each different attempt once, and what a funnel counts of it as arrays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from flows_analytics.stats.attempt import Attempt
from flows_analytics.store.path_batch import Ints


class AttemptsFound:
    """Numbers the different ways in which paths get along a funnel.

    Args:
        levels: How many required steps there are.
        goal: Nodes that mean success.
        without_times: Finds how far each of some paths gets if any time will do.

    Attributes:
        attempts: The attempts, in order of their numbers.
        nodes: The nodes of the path of each.
        level: The level of each.
        chain: By step the positions of the visits that reached it; 0 where none did.
        goal: Whether its path comes to a goal.
    """

    def __init__(
        self,
        levels: int,
        goal: Collection[str],
        without_times: Callable[[Sequence[tuple[str, ...]]], Iterable[Attempt]],
    ) -> None:
        self.attempts: list[Attempt] = []
        self.nodes: list[tuple[str, ...]] = []
        self.level: Ints = np.zeros(0, np.int64)
        self.chain: Ints = np.zeros((levels, 0), np.int64)
        self.goal = np.zeros(0, np.bool_)
        self._levels, self._goal, self._without_times = levels, frozenset(goal), without_times
        self._untimed: dict[tuple[str, ...], int] = {}
        self._numbers: dict[tuple[tuple[str, ...], Attempt], int] = {}

    def untimed(self, paths: Collection[tuple[str, ...]]) -> Ints:
        """Give the numbers of how far paths get if any time will do.

        Args:
            paths: The paths.

        Returns:
            The numbers.
        """
        new = [nodes for nodes in paths if nodes not in self._untimed]
        for nodes, attempt in zip(new, self._without_times(new), strict=True):
            self._untimed[nodes] = self.number(nodes, attempt)
        self.settle()
        return np.array([self._untimed[nodes] for nodes in paths], np.int64)

    def number(self, nodes: tuple[str, ...], attempt: Attempt) -> int:
        """Give the number of an attempt, a new one if it has none. `settle` brings the arrays up to date.

        Args:
            nodes: The nodes of its path.
            attempt: The attempt.

        Returns:
            Its number.
        """
        key = nodes, attempt
        if key not in self._numbers:
            self._numbers[key] = len(self.attempts)
            self.attempts.append(attempt)
            self.nodes.append(nodes)
        return self._numbers[key]

    def settle(self) -> None:
        """Bring the arrays up to date."""
        new = range(len(self.level), len(self.attempts))
        if not new:
            return
        chains = np.zeros((self._levels, len(new)), np.int64)
        for column, number in enumerate(new):
            chain = self.attempts[number].chain
            chains[: len(chain), column] = chain
        self.level = np.append(self.level, [self.attempts[number].level for number in new])
        self.chain = np.concatenate([self.chain, chains], axis=1)
        self.goal = np.append(self.goal, [not self._goal.isdisjoint(self.nodes[number]) for number in new])
