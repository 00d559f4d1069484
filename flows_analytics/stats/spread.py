"""The spread of a duration: its usual quantiles, mean and total."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.stats.buckets import quantiles
from flows_analytics.store.counts import Buckets


@dataclass(frozen=True)
class Spread:
    """How long something took, each time it happened. Every time is in milliseconds; None if it never did.

    Attributes:
        count: How often it happened.
        p50_ms: Half took no longer.
        p90_ms: Nine in ten took no longer.
        p95_ms: 19 in 20 took no longer.
        mean_ms: The mean; None as well if the sum is not known.
        total_ms: The sum; None as well if it is not known.
    """

    count: int
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    mean_ms: float | None = None
    total_ms: float | None = None

    @classmethod
    def of(cls, buckets: Buckets, total_us: int | None = None) -> Spread:
        """Read the spread from counted durations.

        Args:
            buckets: How many durations fell into each bucket.
            total_us: Their exact sum in microseconds; None if it was not kept.

        Returns:
            The spread; its quantiles are at most 1 % off.
        """
        count = buckets.total()
        known = count > 0 and total_us is not None
        p50, p90, p95 = quantiles(buckets, (0.5, 0.9, 0.95))
        return cls(
            count=count,
            p50_ms=_ms(p50),
            p90_ms=_ms(p90),
            p95_ms=_ms(p95),
            mean_ms=total_us / count / 1000 if known and total_us is not None else None,
            total_ms=total_us / 1000 if known and total_us is not None else None,
        )

    def to_dict(self) -> dict[str, float | int | None]:
        """Give the spread as plain values.

        Returns:
            The attributes by name.
        """
        return {
            "count": self.count,
            "p50_ms": self.p50_ms,
            "p90_ms": self.p90_ms,
            "p95_ms": self.p95_ms,
            "mean_ms": self.mean_ms,
            "total_ms": self.total_ms,
        }


def _ms(us: float | None) -> float | None:
    return None if us is None else us / 1000
