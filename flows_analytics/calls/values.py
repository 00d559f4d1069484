"""Turning what a bot hands us into what JSON can hold, losing as little as possible.

Arguments, results and state are whatever the bot's author put there. A record must be able to hold a trace
of any of them, so what JSON has no form for is kept as a labelled stand-in such as ``<bytes: 12 bytes>``. The
reduction runs inside the bot, so its cost is bounded whatever it is given.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

MAX_TEXT = 100_000
"""Characters kept of one string; the rest is cut and the cut is marked."""

MAX_DEPTH = 24
"""Levels of nesting kept of one value."""

MAX_PARTS = 10_000
"""Parts kept of one value, however nested. A hundred characters of text count as a part."""


def clean_text(text: str) -> str:
    """Make a string storable as UTF-8: lone surrogates become U+FFFD, an endless one is cut and marked.

    Args:
        text: Any string.

    Returns:
        A string that encodes to UTF-8.
    """
    if len(text) > MAX_TEXT:
        # The mark fits inside the limit, so that a record read back is not cut again.
        mark = f"… <cut: {len(text):,} characters in all>"
        text = text[: MAX_TEXT - len(mark)] + mark
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # Two surrogates that make a pair are the character they stand for; UTF-8 would take each for three faults.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return str(text)


def plain(value: Any) -> Any:
    """Reduce any Python value to JSON types, with a labelled stand-in for what JSON cannot hold.

    Dates become ISO 8601 strings, decimals and UUIDs their text, enums their value, dataclasses and pydantic
    models mappings, sets sorted lists. Cycles, nesting deeper than `MAX_DEPTH`, objects of unknown types and
    non-finite numbers become strings in angle brackets that name the type, never a memory address. Past
    `MAX_PARTS` parts, containers are cut and say so.

    Args:
        value: Anything.

    Returns:
        A value made of None, bool, int, finite float, str, list and dict with str keys.
    """
    return _Reduction().reduce(value, MAX_DEPTH)


def text_of(value: Any) -> str:
    """Say any Python value as text, for what should have been a string and is not.

    Args:
        value: Anything: an enum gives its value, an exception its message.

    Returns:
        Storable text, never a memory address.
    """
    if isinstance(value, BaseException):
        return clean_text(_message(value) or type(value).__name__)
    reduced = plain(value)
    return reduced if isinstance(reduced, str) else json.dumps(reduced, ensure_ascii=False)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        # The exception's own code failed; its class will do.
        return ""


class _Reduction:
    """One run of `plain`: what is still to be spent, and the containers it is inside of."""

    def __init__(self) -> None:
        self._left = MAX_PARTS
        self._above: set[int] = set()

    def reduce(self, value: Any, depth: int) -> Any:
        self._left -= 1
        try:
            return self._scalar(value, depth)
        except Exception:
            # The value's own code failed while being read; its type is still worth knowing.
            return f"<unreadable: {type(value).__name__}>"

    def _scalar(self, value: Any, depth: int) -> Any:
        match value:
            case None | bool():
                return value
            case Enum():
                return self.reduce(value.value, depth)
            case str():
                return self._text(value)
            case int():
                # Beyond this, Python itself refuses to print the number and most JSON readers overflow.
                return int(value) if value.bit_length() <= 1024 else f"<int: {value.bit_length()} bits>"
            case float():
                return float(value) if math.isfinite(value) else f"<float: {value}>"
            case Decimal() | UUID():
                return self._text(str(value))
            case datetime() | date() | time():
                return value.isoformat()
            case timedelta():
                return value.total_seconds()
            case bytes() | bytearray():
                return f"<bytes: {len(value)} bytes>"
            case _:
                return self._nested(value, depth)

    def _nested(self, value: Any, depth: int) -> Any:
        if id(value) in self._above:
            return f"<cycle: {type(value).__name__}>"
        if depth == 0:
            return f"<too deep: {type(value).__name__}>"
        self._above.add(id(value))
        try:
            return self._container(value, depth - 1)
        finally:
            self._above.discard(id(value))

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, BaseModel):
            return self._fields(value, (*type(value).model_fields, *(value.model_extra or ())), depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._fields(value, [field.name for field in dataclasses.fields(value)], depth)
        if isinstance(value, Mapping):
            return self._mapping(cast("Mapping[Any, Any]", value), depth)
        if isinstance(value, set | frozenset):
            return sorted(self._items(cast("Collection[Any]", value), depth), key=repr)
        if isinstance(value, list | tuple):
            return self._items(cast("Collection[Any]", value), depth)
        return f"<{type(value).__name__}>"

    def _text(self, text: str) -> str:
        # Only what is kept is counted: what follows an endless text is worth as much as before it.
        self._left -= min(len(text), MAX_TEXT) // 100
        return clean_text(text)

    def _fields(self, value: object, names: Iterable[str], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name in names:
            try:
                field = getattr(value, name)
            except AttributeError:
                # Declared, and never set.
                continue
            except Exception:
                kept[clean_text(name)] = "<unreadable>"
                continue
            kept[clean_text(name)] = self.reduce(field, depth)
        return kept

    def _items(self, items: Collection[Any], depth: int) -> list[Any]:
        kept: list[Any] = []
        try:
            for item in items:
                if self._left <= 0:
                    kept.append(f"<cut: {len(items):,} items in all>")
                    break
                kept.append(self.reduce(item, depth))
        except Exception:
            if not kept:
                raise
            kept.append("<unreadable from here on>")
        return kept

    def _mapping(self, mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key in mapping:
            if self._left <= 0:
                kept["<cut>"] = f"{len(mapping):,} entries in all"
                break
            name = _free(self._text(key) if isinstance(key, str) else str(self.reduce(key, 1)), key, kept)
            kept[name] = self._entry(mapping, key, depth)
        return kept

    def _entry(self, mapping: Mapping[Any, Any], key: Any, depth: int) -> Any:
        try:
            value = mapping[key]
        except Exception:
            return "<unreadable>"
        return self.reduce(value, depth)


def _free(name: str, key: Any, taken: Mapping[str, Any]) -> str:
    """Name an entry, also if its key looks as text like another's, such as 5 and "5"."""
    number = len(taken)
    if name in taken:
        name = f"{name} <{type(key).__name__}>"
    while name in taken:
        # From how many there are on: of keys that all look alike, none is compared with each before it.
        name, number = f"{name} {number}", number + 1
    return name


def _as_text(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str) and type(value) is str:
        return clean_text(value)
    # From Python anything is taken, because a recording must not stumble over a bot's types; from a file only
    # what has the right shape.
    return value if value is None or info.mode == "json" else text_of(value)


class _TextSchema:
    """Has text from a file checked without Python, of which a record has hundreds.

    JSON holds no lone surrogates that its reader would take, so only an endless text needs more than that.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        cleaned = core_schema.with_info_before_validator_function(_as_text, handler(source))
        short = core_schema.str_schema(max_length=MAX_TEXT)
        from_file = core_schema.union_schema(
            [short, cleaned], mode="left_to_right", custom_error_type="string_type"
        )
        return core_schema.json_or_python_schema(json_schema=from_file, python_schema=cleaned)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core_schema.str_schema())


Text = Annotated[str, _TextSchema()]
"""A string that came from outside: always storable, never endless."""


def _as_plain(value: Any, info: ValidationInfo) -> Any:
    # What a file holds was reduced when it was written; doing it again would cut again what was cut.
    return value if info.mode == "json" else plain(value)


Plain = Annotated[Any, BeforeValidator(_as_plain)]
"""A value that came from outside, reduced to JSON types by `plain`."""
