"""The texts of a JSON document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def texts_in(value: Any) -> Iterator[str]:
    """All texts of a document, the names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, told in value.items():
            yield from (key, *texts_in(told))
    elif isinstance(value, list):
        for one in value:
            yield from texts_in(one)
