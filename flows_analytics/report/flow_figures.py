"""Figures: numbers as the page of a flow shows them, each with what it was counted from."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.calls.visible import shorten
from flows_analytics.stats.rates import SMALL, Rate
from flows_analytics.stats.spread import Spread
from flows_analytics.stats.text_table import seconds

_MOST_SAID = 900


@dataclass(frozen=True)
class Figure:
    """A number on the page.

    Attributes:
        text: The number, for people: ``37 %``, ``12.4 s``, ``1,204``; ``–`` if there is none.
        of: What it was counted from, in words: shown on hover, read to those who do not see, and printed.
        sort: What it is sorted by in a table: a plain number, empty if there is none.
        small: Whether it was counted from so few that it says little.
        plain: Whether it is a count itself, so that nothing need stand beside it.
    """

    text: str
    of: str
    sort: str = ""
    small: bool = False
    plain: bool = False


def rate_figure(rate: Rate, what: str) -> Figure:
    """Show a share.

    Args:
        rate: The share.
        what: What it is a share of, in the plural: ``calls``.

    Returns:
        The share in percent, with both counts and its interval.
    """
    if rate.value is None:
        return Figure("–", f"0 of 0 {what}")
    return Figure(rate.text, f"{counts_of(rate, what)}{_between(rate)}", _plain(rate.value), rate.small)


def counts_of(rate: Rate, what: str) -> str:
    """Name the counts of a share.

    Args:
        rate: The share.
        what: What it is a share of, in the plural.

    Returns:
        Such as ``412 of 1,204 calls``.
    """
    return f"{rate.numerator:,} of {rate.denominator:,} {what}"


def interval_text(rate: Rate) -> str:
    """Word the interval of a share.

    Args:
        rate: The share.

    Returns:
        Such as ``31–37 %``; ``–`` of nothing.
    """
    if rate.interval is None:
        return "–"
    low, high = (100 * end for end in rate.interval)
    places = 1 if high - low < 2 else 0
    return f"{low:.{places}f}–{high:.{places}f}\u00a0%"


def quantile_figure(spread: Spread, ms: float | None, what: str) -> Figure:
    """Show a quantile of durations.

    Args:
        spread: The durations.
        ms: The quantile in milliseconds; None if there is none.
        what: What lasted so long, in the plural: ``visits that are over``.

    Returns:
        The time, with how many durations it was read from.
    """
    if ms is None:
        return Figure("–", f"of 0 {what}")
    return Figure(seconds(ms), f"of {spread.count:,} {what}", _plain(ms), spread.count < SMALL)


def count_figure(many: int, what: str) -> Figure:
    """Show a count.

    Args:
        many: How many.
        what: What was counted.

    Returns:
        The count; it is its own source.
    """
    return Figure(f"{many:,}", what, str(many))


def said(reading: str) -> str:
    """Cut a reading that names what has an endless name.

    Args:
        reading: Sentences of the statistics.

    Returns:
        The same, if it is not too long.
    """
    return shorten(reading, _MOST_SAID)


def _between(rate: Rate) -> str:
    few = f"; fewer than {SMALL}, says little" if rate.small else ""
    return f"; 95 % interval {interval_text(rate)}{few}"


def _plain(value: float) -> str:
    return f"{value:.6g}"
