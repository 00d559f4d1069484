"""What compacting and importing did."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.store.problem import Problem


@dataclass(frozen=True)
class Compaction:
    """What compacting did.

    Attributes:
        calls: Calls that are new in the tables, or were changed.
        problems: What was not counted, and what looks wrong.
    """

    calls: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Import:
    """What importing did.

    Attributes:
        calls: Calls taken.
        visits: Their visits.
        replaced: Those of them that had been imported before.
        problems: What was not taken, and what looks wrong.
    """

    calls: int
    visits: int
    replaced: int
    problems: tuple[Problem, ...]
