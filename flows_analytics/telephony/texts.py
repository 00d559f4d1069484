"""Texts from the outside: one line each, of bounded length."""

from __future__ import annotations

import re
from typing import Any

from flows_analytics.calls.values import clean_text

MAX_TEXT = 4096
"""Characters kept of one value. SIP stacks refuse messages much longer than that."""

# Line breaks of every kind and other control characters, and what XML cannot hold. A header that holds one
# would otherwise become two wherever it is written down again.
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")


def one_line(value: Any) -> str | None:
    """Say a JSON value as one line of text.

    Args:
        value: The value; numbers become their text.

    Returns:
        The text, without line breaks and other control characters, cut at `MAX_TEXT`; None if nothing is left,
            and for lists and mappings.
    """
    match value:
        case None | list() | dict():
            return None
        case str():
            text = value
        case bytes():
            text = value.decode("utf-8", "replace")
        case _:
            text = str(value)
    return _NOT_IN_A_LINE.sub(" ", clean_text(text[:MAX_TEXT])).strip() or None


def identifier(value: Any) -> str | None:
    """Read a value as an id or a number of a phone.

    Args:
        value: The value.

    Returns:
        The text; None if it is no text and no whole number, or nothing is left of it.
    """
    if isinstance(value, bool) or not isinstance(value, str | bytes | int):
        return None
    return one_line(value)


def direction_of(value: Any) -> str | None:
    """Name the direction of a call.

    Args:
        value: What the carrier calls it, such as ``incoming`` or ``outbound-api``.

    Returns:
        ``inbound``, ``outbound``, or the carrier's own word in lower case; None without one.
    """
    text = (identifier(value) or "").lower()
    if text.startswith(("inbound", "incoming")):
        return "inbound"
    if text.startswith(("outbound", "outgoing")):
        return "outbound"
    return text or None
