"""Durations of variants, read as arrays: there are many more of them than variants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from flows_analytics.store.arrow import codes_of, numbers_of
from flows_analytics.store.counts import Buckets

VariantKey = tuple[str | None, str, str, bool]
"""The group, the path in numbers, how it ended, and whether a goal was reached."""


def durations_of(reader: Any) -> Iterator[tuple[VariantKey, Buckets]]:
    """Read durations by variant.

    Args:
        reader: A ``pyarrow.RecordBatchReader`` of the query `flows_analytics.store.queries.variants.DURATION`.

    Returns:
        Each variant, once, with its durations.
    """
    table = reader.read_all()
    read = [codes_of(table[name]) for name in ("value", "path", "end_kind")]
    goal = np.array(table["goal"], np.bool_)
    bucket, many = numbers_of(table["duration_bucket"])[0], numbers_of(table["calls"])[0]
    columns = [*(codes for codes, _ in read), goal]
    order = np.lexsort(columns)
    # No variant is -1 of anything, so that the first row differs from what is before it.
    changes = [np.diff(column[order].astype(np.int64), prepend=-2) != 0 for column in columns]
    begins = np.flatnonzero(np.logical_or.reduce(changes))
    names = [[*texts.to_pylist(), None] for _, texts in read]
    keys = zip(*(column[order[begins]].tolist() for column in columns), strict=True)
    buckets, numbers = bucket[order].tolist(), many[order].tolist()
    ends = np.append(begins, len(order))[1:].tolist()
    return (
        (
            (names[0][value], names[1][path], names[2][kind], reached),
            Counter(dict(zip(buckets[a:b], numbers[a:b], strict=True))),
        )
        for (value, path, kind, reached), a, b in zip(keys, begins.tolist(), ends, strict=True)
    )
