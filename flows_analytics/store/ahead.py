"""Reading ahead: the next of something is made while this one is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


def read_ahead(items: Iterable[_T]) -> Iterator[_T]:
    """Make each item in another thread while the one before is used: one is ready at most.

    Args:
        items: What makes them. It is asked from one thread at a time.

    Yields:
        The items. What making one raises is raised in its place.
    """
    source = iter(items)
    end = object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, source, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, source, end)
            yield item  # pyright: ignore[reportReturnType]  # all but the end are items
