"""The difference of two rates, and whether it can be chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from flows_analytics.stats.rates import Rate


@dataclass(frozen=True)
class Difference:
    """How much one rate lies above another.

    Attributes:
        before: The rate compared with.
        after: The rate compared.
        value: ``after`` less ``before``; None if either is of nothing.
        interval: Newcombe's 95 % interval of the difference; None likewise.
        p: How likely a difference at least as large is if there is none; None likewise.
        p_holm: The same, corrected for the other differences tested with it; None likewise.
        test: ``score``, or ``exact`` (Fisher's) if either side has fewer than 30; None if nothing was tested.
    """

    before: Rate
    after: Rate
    value: float | None
    interval: tuple[float, float] | None
    p: float | None
    p_holm: float | None
    test: Literal["score", "exact"] | None

    @property
    def clear(self) -> bool:
        """Whether chance is an unlikely explanation: the corrected p is below 0.05."""
        return self.p_holm is not None and self.p_holm < 0.05

    def to_dict(self) -> dict[str, Any]:
        """Give the difference as plain values.

        Returns:
            The attributes by name, the interval as ``low`` and ``high``.
        """
        low, high = self.interval or (None, None)
        return {
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "value": self.value,
            "low": low,
            "high": high,
            "p": self.p,
            "p_holm": self.p_holm,
            "test": self.test,
            "clear": self.clear,
        }


def points(share: float) -> str:
    """Word a difference of two shares.

    Args:
        share: The difference, -1 to 1.

    Returns:
        Percentage points with their sign, such as ``+3.2``.
    """
    text = f"{100 * share:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text


def differences(pairs: Sequence[tuple[Rate, Rate]]) -> tuple[Difference, ...]:
    """Compare rates two by two, as one family of tests.

    Args:
        pairs: Rates before and after.

    Returns:
        Their differences in the same order, Holm-corrected over all that could be tested.
    """
    from flows_analytics.stats.proportions import holm  # noqa: PLC0415  # as in `Rate.interval`

    found = [_difference(before, after) for before, after in pairs]
    corrected = iter(holm([each.p for each in found if each.p is not None]))
    return tuple(each if each.p is None else replace(each, p_holm=next(corrected)) for each in found)


def _difference(before: Rate, after: Rate) -> Difference:
    from flows_analytics.stats.proportions import exact_p, newcombe, score_p  # noqa: PLC0415  # as above

    if before.value is None or after.value is None:
        return Difference(before, after, None, None, None, None, None)
    sides = (after.numerator, after.denominator, before.numerator, before.denominator)
    exact = before.small or after.small
    return Difference(
        before=before,
        after=after,
        value=after.value - before.value,
        interval=newcombe(*sides),
        p=exact_p(*sides) if exact else score_p(*sides),
        p_holm=None,
        test="exact" if exact else "score",
    )
