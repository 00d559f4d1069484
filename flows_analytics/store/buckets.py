"""Log buckets: a duration as a whole number, so that durations are counted by GROUP BY and days add up."""

from __future__ import annotations

import math

BASE = 1.02
"""How much longer a bucket's upper end is than its lower end. Its middle is within 1 % of both."""


def bucket_of(us: int) -> int:
    """Find the bucket that a duration falls into.

    Args:
        us: Microseconds; less than one counts as one.

    Returns:
        ``floor(ln(max(us, 1)) / ln(1.02))``.
    """
    return math.floor(math.log(max(us, 1)) / math.log(BASE))


def bucket_or_none(us: int | None) -> int | None:
    """Find the bucket of a duration that may be unknown.

    Args:
        us: Microseconds; None if unknown.

    Returns:
        The bucket; None for None.
    """
    return None if us is None else bucket_of(us)
