"""Log buckets of many durations at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from flows_analytics.store.buckets import BASE, bucket_of

_NEAR = 1e-6


def buckets_of(us: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Find the buckets that durations fall into.

    Args:
        us: Microseconds.

    Returns:
        For each the same as `flows_analytics.store.buckets.bucket_of`.
    """
    exact = np.log(np.maximum(us, 1)) / math.log(BASE)
    buckets = np.floor(exact).astype(np.int64)
    # The last bit of a logarithm is nobody's promise: at the edge of a bucket the one definition decides.
    for at in np.flatnonzero(np.abs(exact - np.rint(exact)) < _NEAR):
        buckets[at] = bucket_of(int(us[at]))
    return buckets
