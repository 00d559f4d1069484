"""Ledger: what the children noted of their calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Ledger:
    """What is known of the calls, whatever became of their processes.

    Attributes:
        begun: Calls whose bot was about to run.
        moments: Fingerprints of the acknowledged moments, by call. A call has started if it has any.
        over: The status of calls that were held to their end.
        lags_ms: How long after it was recorded a moment was acknowledged, for the first of each write.
    """

    begun: set[str] = field(default_factory=set)
    moments: dict[str, list[str]] = field(default_factory=dict)
    over: dict[str, str] = field(default_factory=dict)
    lags_ms: list[float] = field(default_factory=list)

    def take(self, note: dict[str, Any]) -> None:
        """Take a note."""
        if "begun" in note:
            assert note["begun"] not in self.begun
            self.begun.add(note["begun"])
        elif "acknowledged" in note:
            self.moments.setdefault(note["acknowledged"], []).extend(note["moments"])
            self.lags_ms.append(note["lag_ms"])
        else:
            self.over[note["over"]] = note["status"]

    @property
    def started(self) -> int:
        """Calls of which a moment was acknowledged."""
        return len(self.moments)

    @property
    def acknowledged(self) -> int:
        """Moments that were acknowledged."""
        return sum(map(len, self.moments.values()))
