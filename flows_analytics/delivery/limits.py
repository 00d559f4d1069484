"""How much may wait in the outbox, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_NEAR = 0.8


@dataclass(frozen=True)
class Waiting:
    """An entry as the limits see it.

    Attributes:
        path: Its file.
        first_at: When it was made, in seconds since 1970.
        size: What it holds on disk, in bytes.
    """

    path: Path
    first_at: float
    size: int


@dataclass(frozen=True)
class Limits:
    """When calls that could not be sent are given up, the oldest first. By default never.

    Attributes:
        max_bytes: How much the records of waiting calls may take; None sets no limit.
        max_age_secs: How long a call may wait, in seconds; None sets no limit.
    """

    max_bytes: int | None = None
    max_age_secs: float | None = None

    def exceeded_by(self, waiting: Sequence[Waiting], now: float) -> list[Waiting]:
        """Choose what is given up.

        Args:
            waiting: All entries.
            now: The wall clock, in seconds since 1970.

        Returns:
            The entries to drop, the oldest first; what is left keeps the limits.
        """
        oldest_first = sorted(waiting, key=lambda entry: (entry.first_at, entry.path))
        held = sum(entry.size for entry in waiting)
        dropped: list[Waiting] = []
        for entry in oldest_first:
            too_old = self.max_age_secs is not None and now - entry.first_at > self.max_age_secs
            if not too_old and (self.max_bytes is None or held <= self.max_bytes):
                break
            dropped.append(entry)
            held -= entry.size
        return dropped

    def warning(self, waiting: Sequence[Waiting], now: float) -> str | None:
        """Warn before anything is dropped.

        Args:
            waiting: All entries.
            now: The wall clock, in seconds since 1970.

        Returns:
            What to say when four fifths of a limit are reached; None before.
        """
        held = sum(entry.size for entry in waiting)
        if self.max_bytes is not None and held > _NEAR * self.max_bytes:
            return f"the outbox is nearly full ({self.max_bytes} bytes): soon its oldest calls will not be sent"
        oldest = min((entry.first_at for entry in waiting), default=now)
        if self.max_age_secs is not None and now - oldest > _NEAR * self.max_age_secs:
            return f"calls wait for nearly {self.max_age_secs:g} s in the outbox: soon they will not be sent"
        return None
