"""Payloads: what a server holds of a call, in whatever form, as one mapping."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl

from yarl import URL

from flows_analytics.calls.values import plain
from flows_analytics.telephony.headers import pairs_of

Fields = dict[str, Any]
"""A payload as JSON types."""


def read_payload(payload: Any) -> Fields | None:
    """Read what a server holds of a call.

    Args:
        payload: A mapping; form data or a query as web frameworks hold them, several values a name included; a
            query string, a URL or a JSON text, as str or bytes; a list of websocket messages, of which the start
            message counts, or of names and values; a model such as Pipecat's ``CallData``; or any object with the
            fields as attributes.

    Returns:
        The fields, of JSON types; None if it is nothing of the kind.
    """
    if isinstance(payload, URL):
        payload = payload.query
    if isinstance(payload, bytes | bytearray):
        payload = bytes(payload).decode("utf-8", "replace")
    if isinstance(payload, str):
        return _from_text(payload.strip())
    if (pairs := _several_values(payload)) is not None:
        return _first_of_each(pairs)
    if isinstance(payload, list | tuple):
        return _from_list(list(cast("Iterable[Any]", payload)))
    reduced = plain(payload)
    if not isinstance(reduced, dict) and not isinstance(payload, type) and hasattr(payload, "__dict__"):
        attributes = cast("dict[str, Any]", vars(payload))
        reduced = plain({name: value for name, value in attributes.items() if not name.startswith("_")})
    return cast("Fields", reduced) if isinstance(reduced, dict) else None


def section(fields: Fields, *names: str) -> Fields | None:
    """Read a mapping inside a payload.

    Args:
        fields: The payload.
        *names: Where it may be, the place that counts most first.

    Returns:
        The first that is a mapping; None if none is.
    """
    for name in names:
        found = fields.get(name)
        if isinstance(found, dict):
            return cast("Fields", found)
    return None


def _from_text(text: str) -> Fields | None:
    if text[:1] in ("{", "["):
        parsed = json.loads(text)
        return read_payload(parsed) if isinstance(parsed, dict | list) else None
    if "://" in text.partition("?")[0]:
        text = text.partition("?")[2]
    return _first_of_each(parse_qsl(text.lstrip("?"))) or None


def _from_list(items: list[Any]) -> Fields | None:
    # Pipecat reads two messages, the first of which only says that the socket is open.
    parsed = [_parsed(item) for item in items]
    messages = [cast("Mapping[str, Any]", item) for item in parsed if isinstance(item, Mapping)]
    for message in messages:
        if isinstance(message.get("start"), Mapping):
            return read_payload(message)
    if len(items) == len(messages) == 1 and "name" not in messages[0]:
        return read_payload(messages[0])
    return _first_of_each(pairs_of(items)) or None


def _parsed(item: Any) -> Any:
    if isinstance(item, str | bytes) and item[:1] in ("{", b"{"):
        try:
            return json.loads(item)
        except ValueError:
            return None
    return item


def _several_values(payload: Any) -> Iterable[tuple[Any, Any]] | None:
    """The pairs of a mapping that holds several values a name, None if it is none."""
    if not isinstance(payload, Mapping):
        return None
    known = cast("Any", payload)
    if hasattr(known, "multi_items"):  # starlette
        return cast("Iterable[tuple[Any, Any]]", known.multi_items())
    if hasattr(known, "getall"):  # multidict: aiohttp, yarl
        return cast("Iterable[tuple[Any, Any]]", known.items())
    if hasattr(known, "getlist"):  # werkzeug, django
        return ((key, value) for key in known for value in known.getlist(key))
    return None


def _first_of_each(pairs: Iterable[tuple[Any, Any]]) -> Fields:
    fields: Fields = {}
    for name, value in pairs:
        # What is no text is an uploaded file, or worse.
        if isinstance(name, str) and isinstance(value, str | int | float) and not fields.get(name):
            fields[name] = value
    return fields
