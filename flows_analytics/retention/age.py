"""Ages as people type them."""

from __future__ import annotations

from datetime import timedelta

import durationpy

from flows_analytics.errors import FlowsAnalyticsError

LEAST_AGE = timedelta(hours=1)
"""What is younger may still be on its way from one file to the next; and ``1m`` is a minute, not a month."""


class AgeError(FlowsAnalyticsError, ValueError):
    """What should be an age is none."""


def parse_age(text: str) -> timedelta:
    """Read an age such as ``30d``, ``12h``, ``2w``, ``1y`` or ``1d12h``.

    Args:
        text: The age.

    Returns:
        The age, at least an hour.

    Raises:
        AgeError: ``bad_age`` if it is none; ``age_too_short`` if it is less than an hour.
    """
    try:
        age = durationpy.from_str(text.strip())
    except (ValueError, OverflowError):
        raise AgeError(
            "bad_age", f"{text!r} is no age: give a number with h, d, w or y, such as 12h, 30d or 2w"
        ) from None
    if age < LEAST_AGE:
        raise AgeError("age_too_short", f"{text!r} is less than an hour: an age is at least 1h (m is minutes)")
    return age
