"""Time in a node, with the visits that are still under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.errors import ExtraMissingError
from flows_analytics.stats.buckets import middle_of
from flows_analytics.stats.text_table import Column, seconds, text_table
from flows_analytics.store.counts import Buckets

_SHOWN = 12


@dataclass(frozen=True)
class StillThere:
    """The share of visits that last longer than a time.

    Attributes:
        ms: The time, in milliseconds.
        share: The share of visits still there after it, 0 to 1.
        low: Lower end of the share's 95 % interval.
        high: Upper end.
        at_risk: Visits known to have lasted at least so long.
    """

    ms: float
    share: float
    low: float
    high: float
    at_risk: int

    def to_dict(self) -> dict[str, float | int]:
        """Give the point as plain values.

        Returns:
            The attributes by name.
        """
        return {"ms": self.ms, "share": self.share, "low": self.low, "high": self.high, "at_risk": self.at_risk}


@dataclass(frozen=True)
class TimeInNode:
    """How long visits last, by Kaplan and Meier: a visit under way counts for as long as it has lasted.

    Attributes:
        over: Visits that are over.
        running: Visits under way.
        points: The share still there, at each time at which some left.
    """

    over: int
    running: int
    points: tuple[StillThere, ...]

    @classmethod
    def of(cls, over: Buckets, running: Buckets) -> TimeInNode:
        """Estimate from counted durations.

        Args:
            over: How long the visits lasted that are over.
            running: How long those under way have lasted so far.

        Returns:
            The estimate; its times are at most 1 % off.

        Raises:
            ExtraMissingError: statsmodels is not installed.
        """
        over, running = +over, +running
        if not over:
            return cls(0, running.total(), ())
        try:
            # It takes a second to load.
            from statsmodels.duration import survfunc  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]
        except ImportError as missing:
            raise ExtraMissingError("time in node needs statsmodels", "stats") from missing
        # By bucket, so that equal times stay equal. At a tie, those under way still count among the visits there.
        times = [*over, *running]
        left = [1] * len(over) + [0] * len(running)
        found: Any = cast(Any, survfunc).SurvfuncRight(
            times, left, freq_weights=[*over.values(), *running.values()]
        )
        points = (
            _point(int(bucket), float(share), float(error), int(at_risk))
            for bucket, share, error, at_risk in zip(
                found.surv_times, found.surv_prob, found.surv_prob_se, found.n_risk, strict=True
            )
        )
        return cls(over.total(), running.total(), tuple(points))

    def quantile_ms(self, share: float) -> float | None:
        """Give the time by which a share of visits is over.

        Args:
            share: 0.5 for the median.

        Returns:
            Milliseconds; None if so many visits were never seen to end.
        """
        return next((point.ms for point in self.points if point.share <= 1 - share + 1e-12), None)

    def to_dict(self) -> dict[str, Any]:
        """Give the estimate as plain values.

        Returns:
            ``over``, ``running``, ``p50_ms``, ``p90_ms``, ``p95_ms``, ``points`` and ``reading``.
        """
        return {
            "over": self.over,
            "running": self.running,
            "p50_ms": self.quantile_ms(0.5),
            "p90_ms": self.quantile_ms(0.9),
            "p95_ms": self.quantile_ms(0.95),
            "points": [point.to_dict() for point in self.points],
            "reading": self.reading(),
        }

    def table(self) -> RenderableType:
        """Show the estimate as a table in a terminal.

        Returns:
            Something for rich's ``Console.print``.
        """
        every = max(len(self.points) // _SHOWN, 1)
        return Group(
            Text(self.reading()),
            Text(),
            text_table(
                "Still there after",
                [Column("time"), Column("share"), Column("95 %"), Column("known")],
                [
                    (
                        seconds(point.ms),
                        f"{100 * point.share:.0f} %",
                        f"{100 * point.low:.0f}–{100 * point.high:.0f} %",
                        point.at_risk,
                    )
                    for point in self.points[::every]
                ],
            ),
        )

    def reading(self) -> str:
        """Say in plain words how long visits last.

        Returns:
            A sentence.
        """
        if not self.over:
            return "No visit is over yet."
        half = self.quantile_ms(0.5)
        visits = f"{self.over + self.running:,} visits, {self.running:,} of them under way"
        if half is None:
            return f"Of {visits}, fewer than half were seen to end."
        return f"Half of the visits last no longer than {seconds(half)} ({visits})."


def _point(bucket: int, share: float, error: float, at_risk: int) -> StillThere:
    # Greenwood's error has no value once nobody is left.
    half = 1.96 * error if error == error else 0.0  # noqa: PLR0124  # nan is the number that is not itself
    return StillThere(middle_of(bucket) / 1000, share, max(share - half, 0.0), min(share + half, 1.0), at_risk)
