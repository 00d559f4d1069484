"""Headers: names and values, each name once whatever its case."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

from flows_analytics.telephony.texts import identifier, one_line

MAX_HEADERS = 200
"""Headers kept of one call. An INVITE has a few dozen; whoever sends more is not to fill our memory."""

SIP_CALL_ID_ALIASES = ("sipcallid", "sip_call_id", "sip-call-id", "x-sip-call-id")
"""Names under which trunks and webhooks forward the SIP Call-ID, in the order in which they are looked for."""

_NAME_KEYS = ("name", "key", "header")


def collect(*sources: Any) -> dict[str, str]:
    """Put headers together: the first value of each name that is not empty, whatever the case of the name.

    Args:
        *sources: Where names and values are, in any form that `pairs_of` takes; what counts most comes first.

    Returns:
        Names as first written, and their values as one line of text each.
    """
    kept: dict[str, str] = {}
    seen: set[str] = set()
    for source in sources:
        for key, told in pairs_of(source):
            name, value = one_line(key), first_text(told)
            if name and value and name.lower() not in seen and len(kept) < MAX_HEADERS:
                seen.add(name.lower())
                kept[name] = value
    return kept


def find(headers: Mapping[str, str], *names: str) -> str | None:
    """Look a header up.

    Args:
        headers: The headers.
        *names: Its names, the one that counts most first; their case does not matter.

    Returns:
        The first value that is there; None if none is.
    """
    by_name = {name.lower(): value for name, value in reversed(list(headers.items()))}
    return next((by_name[name.lower()] for name in names if by_name.get(name.lower())), None)


def first_text(value: Any) -> str | None:
    """Say the value of a header as text.

    Args:
        value: Anything; of a list of values, the first that is not empty counts.

    Returns:
        The text; None if there is none.
    """
    if isinstance(value, list):
        return next((text for text in map(one_line, cast("list[Any]", value)) if text), None)
    return one_line(value)


def pairs_of(source: Any) -> Iterator[tuple[Any, Any]]:
    """Read names and values out of whatever holds them.

    Args:
        source: A mapping; a list of mappings with ``name`` and ``value``, of pairs, or of ``"Name: value"``; or a
            text: JSON of one of them, or ``a=1`` joined by ``&``, ``;`` or ``,``.

    Yields:
        Each name with its value.
    """
    if isinstance(source, str):
        yield from _pairs_of_text(source)
    elif isinstance(source, Mapping):
        yield from cast("Mapping[Any, Any]", source).items()
    elif isinstance(source, list | tuple):
        for item in cast("Iterable[Any]", source):
            yield from _pair_of(item)


def _pair_of(item: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(item, Mapping):
        entry = cast("Mapping[Any, Any]", item)
        name = next((entry[key] for key in _NAME_KEYS if identifier(entry.get(key))), None)
        if name is not None:
            yield name, entry.get("value")
        else:
            # A list of single headers: [{"X-A": "1"}, {"X-B": "2"}].
            yield from entry.items()
    elif isinstance(item, str):
        name, colon, value = item.partition(":")
        if colon:
            yield name.strip(), value.strip()
    elif isinstance(item, list | tuple) and len(pair := cast("list[Any]", item)) == 2:
        yield pair[0], pair[1]


def _pairs_of_text(text: str) -> Iterator[tuple[Any, Any]]:
    text = text.strip()
    if text[:1] in ("{", "["):
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(parsed, Mapping | list):
            yield from pairs_of(parsed)
        return
    if "&" in text:
        yield from parse_qsl(text)
        return
    separator = ";" if ";" in text else ","
    for part in text.split(separator):
        name, equals, value = part.partition("=")
        if equals:
            # A "+" here is that of a phone number, not a blank: this is no query string.
            yield unquote(name.strip()), unquote(value.strip())
