"""Forwarded: what of a webhook goes on to the bot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows_analytics.telephony.extractor import not_understood
from flows_analytics.telephony.headers import collect
from flows_analytics.telephony.payload import Fields, read_payload

LONGEST = 500
"""Characters of a name and its value together. Twilio refuses longer parameters, and with them the call."""

_SIP_HEADER = "sipheader_"


def forwarded(
    form: Any, fields: Sequence[str], extra: Mapping[str, Any] | None, *, longest: int = LONGEST
) -> dict[str, str]:
    """Choose what of a webhook goes on to the bot.

    Args:
        form: The webhook's form; one that is not understood forwards nothing.
        fields: The fields to forward, whatever their case, beside every ``SipHeader_...``.
        extra: What else to forward; it counts more than a field of the same name. None adds nothing.
        longest: Characters of a name and its value together; what is longer is left out.

    Returns:
        Names and values, one line of text each, none of them empty; the fields first.
    """
    told = _fields_of(form)
    by_name = {name.lower(): value for name, value in told.items()}
    chosen = {name: by_name.get(name.lower()) for name in fields}
    headers = {name: value for name, value in told.items() if name.lower().startswith(_SIP_HEADER)}
    more = collect(extra)
    over = {name.lower() for name in more}
    own = {name: value for name, value in collect(chosen, headers).items() if name.lower() not in over}
    return {name: value for name, value in {**own, **more}.items() if len(name) + len(value) <= longest}


def _fields_of(form: Any) -> Fields:
    try:
        fields = read_payload(form)
    except Exception as error:
        not_understood("a webhook", form, type(error).__name__)
        return {}
    if fields is None:
        not_understood("a webhook", form, "no form")
    return fields or {}
