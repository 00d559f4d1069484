"""Turning what a bot hands us into what JSON can hold, losing as little as possible.

Arguments, results and state are whatever the bot's author put there. A record must be able to hold a trace
of any of them, so what JSON has no form for is kept as a labelled stand-in such as ``<bytes: 12 bytes>``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import BaseModel, BeforeValidator

MAX_TEXT = 100_000
"""Characters kept of one string; the rest is cut and the cut is marked."""

MAX_DEPTH = 24
"""Levels of nesting kept of one value."""

MAX_ITEMS = 10_000
"""Entries kept of one mapping or sequence."""


def clean_text(value: Any) -> Any:
    """Make a string storable as UTF-8: lone surrogates become U+FFFD, an endless one is cut and marked.

    Args:
        value: Any value; everything but a string is returned as it is, for pydantic to judge.

    Returns:
        A string that encodes to UTF-8, or the value unchanged.
    """
    if not isinstance(value, str):
        return value
    if len(value) > MAX_TEXT:
        value = f"{value[:MAX_TEXT]}… <cut: {len(value):,} characters in all>"
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        value = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return str(value)


def plain(value: Any) -> Any:
    """Reduce any Python value to JSON types, with a labelled stand-in for what JSON cannot hold.

    Dates become ISO 8601 strings, decimals and UUIDs their text, enums their value, dataclasses and pydantic
    models mappings, sets sorted lists. Cycles, nesting deeper than `MAX_DEPTH`, objects of unknown types and
    non-finite numbers become strings in angle brackets that name the type, never a memory address.

    Args:
        value: Anything.

    Returns:
        A value made of None, bool, int, finite float, str, list and dict with str keys.
    """
    return _plain(value, MAX_DEPTH, frozenset())


def _plain(value: Any, depth: int, above: frozenset[int]) -> Any:
    match value:
        case None | bool():
            return value
        case Enum():
            return _plain(value.value, depth, above)
        case str():
            return clean_text(value)
        case int():
            # Beyond this, Python itself refuses to print the number and most JSON readers overflow.
            return int(value) if value.bit_length() <= 1024 else f"<int: {value.bit_length()} bits>"
        case float():
            return float(value) if math.isfinite(value) else f"<float: {value}>"
        case Decimal() | UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case bytes() | bytearray():
            return f"<bytes: {len(value)} bytes>"
        case _:
            pass
    if id(value) in above:
        return f"<cycle: {type(value).__name__}>"
    if depth == 0:
        return f"<too deep: {type(value).__name__}>"
    try:
        return _container(value, depth - 1, above | {id(value)})
    except Exception:
        # The value's own code failed while being read; its type is still worth knowing.
        return f"<unreadable: {type(value).__name__}>"


def _container(value: Any, depth: int, above: frozenset[int]) -> Any:
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return _mapping(cast("Mapping[Any, Any]", value), depth, above)
    if isinstance(value, set | frozenset):
        members = cast("Collection[Any]", value)
        return sorted((_plain(item, depth, above) for item in _first(members)), key=repr)
    if isinstance(value, list | tuple):
        sequence = cast("Collection[Any]", value)
        items = [_plain(item, depth, above) for item in _first(sequence)]
        if len(sequence) > MAX_ITEMS:
            items.append(f"<cut: {len(sequence):,} items in all>")
        return items
    return f"<{type(value).__name__}>"


def _mapping(value: Mapping[Any, Any], depth: int, above: frozenset[int]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key in _first(value):
        kept[clean_text(key if isinstance(key, str) else str(_plain(key, 0, above)))] = _plain(
            value[key], depth, above
        )
    if len(value) > MAX_ITEMS:
        kept["<cut>"] = f"{len(value):,} entries in all"
    return kept


def _first(items: Iterable[Any]) -> list[Any]:
    return [item for item, _ in zip(items, range(MAX_ITEMS), strict=False)]


Text = Annotated[str, BeforeValidator(clean_text)]
"""A string that came from outside: always storable, never endless."""

Plain = Annotated[Any, BeforeValidator(plain)]
"""A value that came from outside, reduced to JSON types by `plain`."""
