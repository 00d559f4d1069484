"""Values of which the key says that they are a time, an amount or the id of a call."""

from __future__ import annotations

import re

from flows_analytics.redaction.digits import hide_numbers

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

_TIMES = frozenset(
    {
        *("ts", "time", "timestamp", "at", "epoch", "date", "datetime", "expires", "expiry", "iat", "exp", "nbf"),
        *("created", "updated", "started", "ended", "modified"),
    }
)
_AMOUNTS = frozenset(
    {
        *("amount", "cents", "pence", "price", "total", "subtotal", "cost", "balance", "tax", "fee"),
        *("revenue", "budget"),
    }
)
_PEOPLE = frozenset(
    {
        *("phone", "tel", "telephone", "mobile", "cell", "fax", "number", "card"),
        *("call", "caller", "callee", "contact", "reach", "from", "to"),
    }
)

_AMOUNT_END = 10**9

_CALL_ID_KEYS = frozenset(
    {
        *("sipcallid", "xsipcallid", "callid", "xcallid", "xcid", "carriercallid"),
        *("callsid", "calluuid", "callcontrolid", "streamid", "streamsid"),
    }
)
_CALL_ID = re.compile(r"(?P<local>[\w.%!*+~-]{8,})(?:@[\w.:\[\]-]+)?", re.ASCII)
_HEX = re.compile(r"(?=.*[a-fA-F])(?=.*\d)[0-9a-fA-F-]{12,}")
_SID = re.compile(r"[A-Z]{2}(?=.*[a-f])[0-9a-f]{32}", re.ASCII)


def is_time_or_amount(key: str, number: float) -> bool:
    """Tell whether a number is what its key says, and neither a card nor a phone number.

    Args:
        key: The key, in any case and with anything between its words.
        number: The number under it.

    Returns:
        True for 10, 13, 16 or 19 digits that begin with 1 under a word such as "timestamp", "ts" or "at" (the
        years 2001 to 2033 in seconds, milliseconds and so on; no card begins with 1), and for numbers below a
        thousand million under one such as "amount" or "cents". A word such as "phone" or "call" speaks against it.
    """
    words = {word.lower() for word in _WORD.findall(key)}
    if words & _PEOPLE:
        return False
    if words & _TIMES and any(10**power <= number < 2 * 10**power for power in (9, 12, 15, 18)):
        return True
    return bool(words & _AMOUNTS) and abs(number) < _AMOUNT_END


def is_call_id(key: str, text: str) -> bool:
    """Tell whether a text is the id of a call: a Call-ID of SIP (RFC 3261) looks like an email address.

    Args:
        key: Its key: ``sip_call_id``, ``Call-ID``, ``X-CID``, ``CallSid``, ``stream_id`` and the like.
        text: The text under it.

    Returns:
        True for hexadecimal digits, and for letters and digits in which there is no phone number, before the "@".
    """
    if "".join(filter(str.isalnum, key)).lower() not in _CALL_ID_KEYS:
        return False
    found = _CALL_ID.fullmatch(text)
    if found is None:
        return False
    local = found["local"]
    if _HEX.fullmatch(local) or _SID.fullmatch(local):
        return True
    return any(map(str.isdigit, local)) and hide_numbers(local, card="", phone="") == local
