"""Providers: the carriers by name, those of one's own included."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from flows_analytics.calls.telephony import Telephony
from flows_analytics.errors import TelephonyError
from flows_analytics.telephony.daily import extract_daily
from flows_analytics.telephony.exotel import extract_exotel
from flows_analytics.telephony.extractor import Extractor, not_understood, told
from flows_analytics.telephony.headers import collect
from flows_analytics.telephony.jambonz import extract_jambonz
from flows_analytics.telephony.plivo import extract_plivo
from flows_analytics.telephony.telnyx import extract_telnyx
from flows_analytics.telephony.twilio import extract_twilio

CallExtractor = Callable[[Any], Any]
"""Takes a payload and returns a `Telephony`, a SIP Call-ID with its headers (either may be None), or None."""

_OURS: dict[str, Extractor] = {
    extractor.provider: extractor
    for extractor in (
        *(extract_twilio, extract_telnyx, extract_plivo, extract_exotel),
        *(extract_jambonz, extract_daily),
    )
}
_REGISTERED: dict[str, CallExtractor] = {}


def known_providers() -> tuple[str, ...]:
    """Name the carriers that are known.

    Returns:
        The names, our own first.
    """
    return (*_OURS, *_REGISTERED)


def register_provider(name: str, extractor: CallExtractor) -> None:
    """Make a carrier known by its name, in this process.

    Args:
        name: The name; its case does not matter. One registered before is replaced.
        extractor: Reads the carrier's payloads (see `CallExtractor`). What it raises never reaches the bot.

    Raises:
        TelephonyError: ``provider_not_valid`` if the name is empty or one of ours, or the extractor cannot be
            called. It is a ValueError.
    """
    key = _key(name)
    if not key:
        raise TelephonyError("provider_not_valid", "a provider needs a name, such as 'my-trunk'")
    if key in _OURS:
        raise TelephonyError(
            "provider_not_valid",
            f"{key!r} is built in: register the extractor under another name, or give it as provider= itself",
        )
    if not callable(extractor):
        raise TelephonyError(
            "provider_not_valid",
            f"the extractor of {key!r} is a function of the payload, not a {type(extractor).__name__}",
        )
    _REGISTERED[key] = extractor


def extract_telephony(payload: Any, provider: str | CallExtractor) -> Telephony | None:
    """Read what a carrier told of a call.

    Args:
        payload: What the carrier sent, in any form that `read_payload` takes.
        provider: The carrier's name, or a function that reads its payloads (see `CallExtractor`).

    Returns:
        Ids, headers and numbers; None, and a line in the debug log, for what is not understood.

    Raises:
        TelephonyError: ``provider_unknown``, naming those that are known. It is a ValueError.
    """
    if callable(provider):
        return _ask(payload, None, provider)
    key = _key(provider)
    if key in _OURS:
        return _OURS[key](payload)
    if key in _REGISTERED:
        return _ask(payload, key, _REGISTERED[key])
    raise TelephonyError(
        "provider_unknown",
        f"unknown provider {provider!r}: give one of {', '.join(known_providers())}, a name given to "
        "register_provider(), or a function that takes the payload",
    )


def _ask(payload: Any, name: Any, extractor: CallExtractor) -> Telephony | None:
    found, why = None, "the extractor found nothing"
    try:
        name = name or getattr(extractor, "provider", None)
        found = _as_telephony(extractor(payload), name if isinstance(name, str) else None)
    except Exception as error:
        why = type(error).__name__
    if found is None and not isinstance(extractor, Extractor):
        not_understood(f"the provider {name or 'given'}", payload, why)
    return found


def _as_telephony(result: Any, provider: str | None) -> Telephony | None:
    match result:
        case Telephony():
            return result if result.provider else result.model_copy(update={"provider": provider})
        case str():
            return told(provider, sip_call_id=result)
        case (sip_call_id, sip_headers):
            return told(provider, sip_call_id=sip_call_id, sip_headers=collect(sip_headers))
        case _:
            if inspect.iscoroutine(result):
                # Left alone, it would be complained about later, by its name.
                result.close()
            return None


def _key(name: Any) -> str:
    return name.strip().lower() if isinstance(name, str) else ""
