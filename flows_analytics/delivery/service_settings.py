"""What the sinks of services ask for alike: an API key, ids, an address."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

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
    key = (given if given is not None else environment.get(variable, "")).strip()
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
        The id, as it is.

    Raises:
        SinkError: ``blank_setting`` if there is nothing but white space in it.
    """
    if not value.strip():
        raise SinkError("blank_setting", f"{name} must not be empty")
    return value


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
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good, parts = False, urlsplit("")
    if not good or "@" in parts.netloc or parts.query or parts.fragment or not url.isascii() or " " in url:
        raise SinkError(
            "bad_base_url", "base_url must be an http or https address without credentials, query or fragment"
        )
    return url.rstrip("/")
