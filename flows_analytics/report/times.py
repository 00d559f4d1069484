"""Times as people read them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Duration:
    """A length of time.

    Attributes:
        ms: Milliseconds.
        text: For people: ``850 ms``, ``12.4 s``, ``1 min 12 s``, ``2 h 3 min``; ``unknown time`` if the record
            contradicts itself and it is negative.
    """

    ms: float
    text: str


@dataclass(frozen=True)
class Stamp:
    """A moment in a call.

    Attributes:
        ms: Milliseconds since the call began.
        text: The same for people, as minutes and seconds: ``1:07.3``.
    """

    ms: float
    text: str


def duration(ms: float | None) -> Duration | None:
    """Word a length of time.

    Args:
        ms: Milliseconds; None if unknown.

    Returns:
        The duration; None if unknown, or if a record edited by hand holds no finite number.
    """
    if ms is None or not math.isfinite(ms):
        return None
    # Half a millisecond before is a matter of rounding.
    return Duration(ms=ms, text=_in_words(ms) if round(ms) >= 0 else "unknown time")


def stamp(ms: float | None) -> Stamp | None:
    """Place a moment.

    Args:
        ms: Milliseconds since the call began; None if unknown.

    Returns:
        The moment; None if unknown, or if a record edited by hand holds no finite number.
    """
    if ms is None or not math.isfinite(ms):
        return None
    minutes, tenths = divmod(round(max(ms, 0.0) / 100), 600)
    return Stamp(ms=ms, text=f"{minutes}:{tenths // 10:02d}.{tenths % 10}")


def in_utc(moment: datetime) -> datetime:
    """Move a moment to UTC.

    Args:
        moment: A moment; one without a zone is taken as UTC.

    Returns:
        The moment in UTC.
    """
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def iso_utc(moment: datetime) -> str | None:
    """Write a moment as ISO 8601 in UTC.

    Args:
        moment: A moment; one without a zone is taken as UTC.

    Returns:
        Such as ``2026-01-05T09:00:12.400Z``; None if it lies outside what a date can hold.
    """
    try:
        utc = in_utc(moment)
    except (OverflowError, ValueError):
        return None
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def percent(part: float, whole: float) -> str:
    """Word a share without ever claiming a false 0 or 100.

    Args:
        part: The part.
        whole: The whole, greater than 0.

    Returns:
        Such as ``34 %``; ``<1 %`` and ``>99 %`` near the ends.
    """
    share = 100 * part / whole
    if 0 < share < 1:
        return "<1 %"
    if 99 < share < 100:
        return ">99 %"
    return f"{share:.0f} %"


def _in_words(ms: float) -> str:
    if round(ms) < 1000:
        return f"{round(ms)} ms"
    if round(ms / 100) < 600:
        return f"{ms / 1000:.1f} s"
    seconds = round(ms / 1000)
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"
