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
        warned_at: When an earlier pass warned that it may be given up, in seconds since 1970; None if none did.
    """

    path: Path
    first_at: float
    size: int
    warned_at: float | None = None


@dataclass(frozen=True)
class Limits:
    """When calls that could not be sent are given up, the oldest first. By default never.

    No call is given up without a warning in an earlier pass, and none for its age before a fifth of
    ``max_age_secs`` has gone by since: a clock that jumps ahead costs a warning, not all that waits. What was
    refused for good and lies in ``failed/`` does not count, and is never given up.

    Attributes:
        max_bytes: How much the records of waiting calls may take; None sets no limit.
        max_age_secs: How long a call may wait, in seconds; None sets no limit.
    """

    max_bytes: int | None = None
    max_age_secs: float | None = None

    def exceeded_by(self, waiting: Sequence[Waiting], now: float) -> list[Waiting]:
        """Choose what is too much.

        Args:
            waiting: All entries.
            now: The wall clock, in seconds since 1970.

        Returns:
            Entries, the oldest first; what is left without them keeps the limits.
        """
        return _beyond(waiting, now, self.max_bytes, self.max_age_secs)

    def near(self, waiting: Sequence[Waiting], now: float) -> list[Waiting]:
        """Choose what may be given up soon: what would be too much for four fifths of the limits.

        Args:
            waiting: All entries.
            now: The wall clock, in seconds since 1970.

        Returns:
            Entries, the oldest first; all that `exceeded_by` chooses among them.
        """
        size = None if self.max_bytes is None else _NEAR * self.max_bytes
        age = None if self.max_age_secs is None else _NEAR * self.max_age_secs
        return _beyond(waiting, now, size, age)

    def given_up(self, waiting: Sequence[Waiting], now: float) -> list[Waiting]:
        """Choose what is given up: what is too much, and was warned of long enough ago.

        Args:
            waiting: All entries.
            now: The wall clock, in seconds since 1970.

        Returns:
            The entries to drop, the oldest first.
        """
        too_much = set(_beyond(waiting, now, self.max_bytes, None))
        grace = (1 - _NEAR) * (self.max_age_secs or 0.0)
        return [
            entry
            for entry in self.exceeded_by(waiting, now)
            if entry.warned_at is not None and (entry in too_much or now - entry.warned_at >= grace)
        ]

    def warning(self, waiting: Sequence[Waiting], now: float) -> str | None:
        """Warn before anything is dropped.

        Args:
            waiting: All entries.
            now: The wall clock, in seconds since 1970.

        Returns:
            What to say when four fifths of a limit are reached; None before.
        """
        if _beyond(waiting, now, None if self.max_bytes is None else _NEAR * self.max_bytes, None):
            return f"the outbox is nearly full ({self.max_bytes} bytes): soon its oldest calls will not be sent"
        if self.max_age_secs is not None and self.near(waiting, now):
            return f"calls wait for nearly {self.max_age_secs:g} s in the outbox: soon they will not be sent"
        return None


def _beyond(
    waiting: Sequence[Waiting], now: float, max_bytes: float | None, max_age_secs: float | None
) -> list[Waiting]:
    oldest_first = sorted(waiting, key=lambda entry: (entry.first_at, entry.path))
    held = sum(entry.size for entry in waiting)
    beyond: list[Waiting] = []
    for entry in oldest_first:
        too_old = max_age_secs is not None and now - entry.first_at > max_age_secs
        if not too_old and (max_bytes is None or held <= max_bytes):
            break
        beyond.append(entry)
        held -= entry.size
    return beyond
