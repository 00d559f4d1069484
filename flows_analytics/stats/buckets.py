"""Log buckets: durations counted so that days add up, and quantiles read from them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from flows_analytics.store.buckets import BASE, bucket_of
from flows_analytics.store.counts import Buckets


def middle_of(bucket: int) -> float:
    """Give the geometric middle of a bucket.

    Args:
        bucket: A bucket.

    Returns:
        Microseconds.
    """
    return BASE ** (bucket + 0.5)


def counted(durations: list[int]) -> Buckets:
    """Count durations.

    Args:
        durations: Microseconds.

    Returns:
        How many fell into each bucket.
    """
    return Counter(map(bucket_of, durations))


def quantile(buckets: Buckets, share: float) -> float | None:
    """Read a quantile: the shortest duration that at least this share of all durations does not exceed.

    Args:
        buckets: How many durations fell into each bucket.
        share: 0.5 for the median.

    Returns:
        Microseconds, at most 1 % off the duration at that rank (numpy's ``inverted_cdf``); None if nothing was
        counted.

    Raises:
        ValueError: The share does not lie between 0 and 1.
    """
    return quantiles(buckets, (share,))[0]


def quantiles(buckets: Buckets, shares: Sequence[float]) -> list[float | None]:
    """Read several quantiles, as `quantile` reads one.

    Args:
        buckets: How many durations fell into each bucket.
        shares: The shares, in order.

    Returns:
        The quantile of each share.

    Raises:
        ValueError: A share does not lie between 0 and 1.
    """
    for share in shares:
        if not 0 <= share <= 1:
            raise ValueError(f"a share lies between 0 and 1, and this is {share}")
    total = buckets.total()
    if not total:
        return [None] * len(shares)
    # The product of a share and a count can land a hair above the whole number that it means.
    ranks = [max(math.ceil(share * total - 1e-9), 1) for share in shares]
    found: list[float | None] = []
    passed = 0
    for bucket in sorted(buckets):
        passed += buckets[bucket]
        while passed >= ranks[len(found)]:
            found.append(middle_of(bucket))
            if len(found) == len(ranks):
                return found
    raise AssertionError("ranks end at the total")
