"""What the sinks of services ask for alike: an API key, ids, an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard
from urllib.parse import urlsplit

from flows_analytics.calls.values import clean_text
from flows_analytics.errors import SinkError


def find_api_key(given: str | None, variable: str, environment: Mapping[str, str]) -> str:
    """Find the API key of a service.

    Args:
        given: The key passed to the sink; None takes that of the environment.
        variable: The environment variable that may hold it.
        environment: The environment variables.

    Returns:
        The key, without white space around it, which files and variables often add.

    Raises:
        SinkError: ``no_api_key`` if there is none; ``bad_api_key`` if it cannot stand in a header. The message
            does not repeat it.
    """
    found = given if given is not None else environment.get(variable, "")
    if not is_text(found):
        raise SinkError("bad_api_key", "api_key must be a text")
    key = found.strip()
    if not key:
        raise SinkError("no_api_key", f"api_key must not be empty: pass it, or set {variable}")
    if not (key.isascii() and key.isprintable()):
        raise SinkError("bad_api_key", f"api_key, or {variable}, has characters that no key has")
    return key


def not_blank(name: str, value: str) -> str:
    """Check an id.

    Args:
        name: What it is called.
        value: The id.

    Returns:
        The id, as text that can be sent.

    Raises:
        SinkError: ``blank_setting`` if there is nothing but white space in it; ``bad_setting`` if it is no text.
    """
    text = any_text(name, value)
    if not text.strip():
        raise SinkError("blank_setting", f"{name} must not be empty")
    return text


def any_text(name: str, value: str | None) -> str:
    """Check a text that may be empty.

    Args:
        name: What it is called.
        value: The text; None stands for an empty one.

    Returns:
        The text, such that it can be sent: see `clean_text`.

    Raises:
        SinkError: ``bad_setting`` if it is no text.
    """
    if value is None:
        return ""
    if not is_text(value):
        raise SinkError("bad_setting", f"{name} must be a text")
    return clean_text(value)


def is_text(value: object) -> TypeGuard[str]:
    """Tell a text from what only a type checker keeps out.

    Args:
        value: Anything.

    Returns:
        Whether it is a str.
    """
    return isinstance(value, str)


def clean_base_url(url: str) -> str:
    """Check the address of a service.

    Args:
        url: The address.

    Returns:
        The address without a slash at its end.

    Raises:
        SinkError: ``bad_base_url`` if it is no http or https address, or holds credentials, a query or a fragment.
            The message does not repeat it.
    """
    try:
        parts = urlsplit(url if is_text(url) else "")
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good, parts = False, urlsplit("")
    if not good or "@" in parts.netloc or parts.query or parts.fragment or not url.isascii() or " " in url:
        raise SinkError(
            "bad_base_url", "base_url must be an http or https address without credentials, query or fragment"
        )
    return url.rstrip("/")
