"""Intervals and tests for shares: the one file that knows statsmodels' untyped functions for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from flows_analytics.errors import ExtraMissingError

try:
    from scipy import stats as _scipy_stats  # pyright: ignore[reportMissingTypeStubs]
    from statsmodels.stats import proportion as _proportion  # pyright: ignore[reportMissingTypeStubs]
except ImportError as missing:
    raise ExtraMissingError(f"statistics need {missing.name}", "stats") from missing

_proportions = cast(Any, _proportion)
_exact = cast(Any, _scipy_stats)


def wilson(count: int, total: int) -> tuple[float, float]:
    """Give the Wilson interval of a share.

    Args:
        count: How many.
        total: Of how many; more than none.

    Returns:
        The ends of the 95 % interval.
    """
    low, high = _proportions.proportion_confint(count, total, alpha=0.05, method="wilson")
    # Rounding can leave an end that is exactly 0 or 1 a hair beyond it.
    return max(float(low), 0.0), min(float(high), 1.0)


def newcombe(count: int, total: int, other_count: int, other_total: int) -> tuple[float, float]:
    """Give Newcombe's interval of the difference of two shares, the first less the second.

    Args:
        count: How many on one side.
        total: Of how many; more than none.
        other_count: How many on the other side.
        other_total: Of how many; more than none.

    Returns:
        The ends of the 95 % interval.
    """
    low, high = _proportions.confint_proportions_2indep(
        count, total, other_count, other_total, method="newcomb", compare="diff", alpha=0.05
    )
    return float(low), float(high)


def score_p(count: int, total: int, other_count: int, other_total: int) -> float:
    """Test by the score whether two shares are the same.

    Args:
        count: How many on one side.
        total: Of how many; more than none.
        other_count: How many on the other side.
        other_total: Of how many; more than none.

    Returns:
        The two-sided p-value, without continuity correction.
    """
    both = count + other_count
    if both in (0, total + other_total):
        # Nothing varies, so the score's variance is 0: nothing speaks against equal shares.
        return 1.0
    return float(_proportions.proportions_ztest([count, other_count], [total, other_total])[1])


def exact_p(count: int, total: int, other_count: int, other_total: int) -> float:
    """Test by Fisher's exact test whether two shares are the same.

    Args:
        count: How many on one side.
        total: Of how many.
        other_count: How many on the other side.
        other_total: Of how many.

    Returns:
        The two-sided p-value.
    """
    table = [[count, total - count], [other_count, other_total - other_count]]
    return min(float(_exact.fisher_exact(table)[1]), 1.0)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Correct p-values for having made several tests, by Holm's method.

    Args:
        p_values: The p-values.

    Returns:
        The corrected ones, in the same order.
    """
    # statsmodels' multipletests collects garbage at every call, which halts the whole process for 60 ms.
    corrected = [0.0] * len(p_values)
    least = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, min((len(p_values) - place) * p_values[index], 1.0))
        corrected[index] = least
    return tuple(corrected)
