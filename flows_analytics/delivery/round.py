"""One round through an outbox."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from flows_analytics.delivery.outcome import Outcome, State


@dataclass
class Round:
    """What came of one round.

    Attributes:
        outcomes: What came of each attempt.
        set_aside: Files that were no entries; each lies in ``failed/`` now.
        unknown: How many calls wait for a sink that is not there, by its name.
        dropped: Calls given up because of the limits.
    """

    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    set_aside: list[Path] = field(default_factory=list[Path])
    unknown: Counter[str] = field(default_factory=Counter[str])
    dropped: list[str] = field(default_factory=list[str])

    def count(self, state: State) -> int:
        """Count the attempts that came to a state.

        Args:
            state: The state.

        Returns:
            How many.
        """
        return sum(outcome.state == state for outcome in self.outcomes)
