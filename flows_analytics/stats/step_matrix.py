"""The step matrix: where paths are after so many transitions, as a Sankey diagram draws it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.errors import CountsError
from flows_analytics.stats.conservation import check_conservation
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.text_table import Column, text_table
from flows_analytics.store.counts import FlowCounts

_ENDED = "ended:"


@dataclass(frozen=True)
class StepMatrix:
    """Where paths are at each step.

    Attributes:
        paths: Paths.
        columns: For each step, how many paths are at each node. A path that is over stays at ``ended:`` and its
            exit kind, and one under way at ``ended:running``, so that every column sums to all paths.
        links: For each step but the last, how many paths go from where they are to where they are at the next.
    """

    paths: int
    columns: tuple[dict[str, int], ...]
    links: tuple[dict[tuple[str, str], int], ...]

    @classmethod
    def of(cls, counts: FlowCounts, steps: int = 10) -> StepMatrix:
        """Read the matrix from counted variants.

        Args:
            counts: What was counted of calls.
            steps: How many steps to look at, at least 1.

        Returns:
            The matrix.

        Raises:
            CountsError: The counts contradict each other.
            ValueError: There are no steps to look at.
        """
        if steps < 1:
            raise ValueError("a step matrix has at least one step")
        check_conservation(counts)
        columns = [Counter[str]() for _ in range(steps)]
        links = [Counter[tuple[str, str]]() for _ in range(steps - 1)]
        for way, taken in counts.variants.items():
            places = [*way.nodes[:steps], *[_ENDED + way.end_kind] * (steps - len(way.nodes))]
            for column, place in zip(columns, places, strict=True):
                column[place] += taken.paths
            for link, pair in zip(links, pairwise(places), strict=True):
                link[pair] += taken.paths
        if any(column.total() != counts.paths for column in [*columns, *links]):
            raise CountsError("counts_contradictory", "the steps do not sum to all paths")
        return cls(counts.paths, tuple(map(_sorted, columns)), tuple(map(_sorted, links)))

    def share(self, step: int, place: str) -> Rate:
        """Give the share of paths at a place.

        Args:
            step: The step, from 0.
            place: A node, or ``ended:`` and an exit kind.

        Returns:
            The paths there, of all; the shares of a step sum to 1.
        """
        return Rate(self.columns[step].get(place, 0), self.paths)

    def to_dict(self) -> dict[str, Any]:
        """Give the matrix as plain values.

        Returns:
            ``paths``, ``steps`` (for each, a list of ``place``, ``paths`` and ``share``), ``links`` (``step``,
            ``from``, ``to``, ``paths``) and ``reading``.
        """
        return {
            "paths": self.paths,
            "steps": [
                [
                    {"place": place, "paths": many, "share": self.share(step, place).value}
                    for place, many in column.items()
                ]
                for step, column in enumerate(self.columns)
            ],
            "links": [
                {"step": step, "from": source, "to": target, "paths": many}
                for step, link in enumerate(self.links)
                for (source, target), many in link.items()
            ],
            "reading": self.reading(),
        }

    def table(self) -> RenderableType:
        """Show the matrix as a table in a terminal.

        Returns:
            Something for rich's ``Console.print``.
        """
        places = sorted(
            {place for column in self.columns for place in column}, key=lambda p: (p.startswith(_ENDED), p)
        )
        columns = [Column("place", number=False), *(Column(str(step + 1)) for step in range(len(self.columns)))]
        rows = [(place, *(self.share(step, place) for step in range(len(self.columns)))) for place in places]
        return Group(Text(self.reading()), Text(), text_table("Where paths are, step by step", columns, rows))

    def reading(self) -> str:
        """Say in plain words how long paths are.

        Returns:
            A sentence.
        """
        if not self.paths:
            return "No path was taken."
        over = sum(many for place, many in self.columns[-1].items() if place.startswith(_ENDED))
        return f"Of {self.paths:,} paths, {Rate(over, self.paths).text} are over before step {len(self.columns)}."


def _sorted(counted: Counter[Any]) -> dict[Any, int]:
    return dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))
