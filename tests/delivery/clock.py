"""A wall clock that moves when somebody waits."""

from __future__ import annotations

from dataclasses import dataclass, field

EPOCH = 1_800_000_000.0


@dataclass
class Clock:
    """Seconds since 1970, and how long was waited."""

    at: float = EPOCH
    waits: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    async def sleep(self, secs: float) -> None:
        self.waits.append(secs)
        self.at += secs
