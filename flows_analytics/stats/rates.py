"""Rates that never come without what they were counted from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flows_analytics.errors import CountsError

SMALL = 30
"""A rate of fewer than this many says little, and is flagged."""


@dataclass(frozen=True)
class Rate:
    """A share of a whole.

    Attributes:
        numerator: How many.
        denominator: Of how many.

    Raises:
        CountsError: The part is negative or larger than the whole.
    """

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if not 0 <= self.numerator <= self.denominator:
            raise CountsError("rate_impossible", f"{self.numerator} of {self.denominator} is no share of a whole")

    @property
    def value(self) -> float | None:
        """The share, 0 to 1; None of nothing."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def small(self) -> bool:
        """Whether there were too few to say much."""
        return self.denominator < SMALL

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval; None of nothing."""
        if not self.denominator:
            return None
        # statsmodels takes a second to load, and many rates are never asked for an interval.
        from flows_analytics.stats.proportions import wilson  # noqa: PLC0415

        return wilson(self.numerator, self.denominator)

    @property
    def text(self) -> str:
        """The share in words: ``37 %``; never 0 % of some, nor 100 % of not quite all; ``–`` of nothing."""
        if not self.denominator:
            return "–"
        percent = 100 * self.numerator / self.denominator
        if 0 < percent < 1:
            return "< 1 %"
        if 99 < percent < 100:
            return "> 99 %"
        return f"{percent:.0f} %"

    def to_dict(self) -> dict[str, Any]:
        """Give the rate as plain values.

        Returns:
            ``value``, ``numerator``, ``denominator``, ``low`` and ``high`` of the interval, and ``small``.
        """
        low, high = self.interval or (None, None)
        return {
            "value": self.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "low": low,
            "high": high,
            "small": self.small,
        }
