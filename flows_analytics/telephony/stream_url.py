"""The URL of a bot's websocket, as it is written into what carriers are answered."""

from __future__ import annotations

import re

from yarl import URL

from flows_analytics.errors import TelephonyError

_NOT_IN_A_URL = re.compile('[\x00-\x20\x7f-\xa0\u2028\u2029\ufffe\uffff\ud800-\udfff<>"\\\\^`{|}]')


def checked_stream_url(ws_url: object) -> str:
    """Check where a carrier is to stream a call to.

    Args:
        ws_url: The URL, as text or as a yarl ``URL``.

    Returns:
        The URL as it was given.

    Raises:
        TelephonyError: ``stream_url_not_valid`` if it is no absolute ``wss://`` or ``ws://`` URL of a host, has a
            fragment, or holds characters that no URL may hold.
    """
    text = str(ws_url) if isinstance(ws_url, str | URL) else ""
    try:
        url = URL(text)
        right = url.scheme in ("ws", "wss") and bool(url.host) and "#" not in text
        right = right and url.port != 0
    except ValueError:
        right = False
    if not right or _NOT_IN_A_URL.search(text):
        # The URL may hold a password, so it is not repeated.
        raise TelephonyError(
            "stream_url_not_valid",
            "ws_url= is the address of the bot's websocket as the carrier reaches it, such as "
            '"wss://bot.example.com/ws": wss:// or ws://, a host, no blanks and no "#"',
        )
    return text
