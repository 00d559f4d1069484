"""Exotel: the Voicebot applet's streams, and the URL it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.extractor import Extractor, sip_call_id_in, told
from flows_analytics.telephony.forwarded import forwarded
from flows_analytics.telephony.headers import collect
from flows_analytics.telephony.payload import Fields, section
from flows_analytics.telephony.stream_url import checked_stream_url

FORWARDED_FIELDS = ("SipCallId", "CallFrom", "CallTo")
"""Fields of the applet's request that are worth forwarding. It tells the bot its own id of the call anyway."""

MAX_PARAMETERS = 3
"""Parameters that Exotel passes on to the bot."""

MAX_QUERY = 256
"""Characters that they may take together."""


def _read(fields: Fields) -> Telephony | None:
    start = section(fields, "start") or {}
    parameters = next(
        (
            place[name]
            for name in ("custom_parameters", "customParameters", "body")
            for place in (fields, start)
            if place.get(name)
        ),
        None,
    )
    headers = collect(parameters if parameters is not None else _aliased(fields))
    call_id = fields.get("call_id") or start.get("call_sid") or fields.get("call_sid") or fields.get("CallSid")
    return told(
        "exotel",
        sip_call_id=sip_call_id_in(headers),
        carrier_call_id=call_id,
        sip_headers=headers,
        from_number=start.get("from") or fields.get("from_number") or fields.get("from") or fields.get("CallFrom"),
        to_number=start.get("to") or fields.get("to_number") or fields.get("to") or fields.get("CallTo"),
        direction=fields.get("Direction"),
        stream_id=fields.get("stream_id") or start.get("stream_sid") or fields.get("stream_sid"),
    )


def _aliased(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if sip_call_id_in({name: "x"})}


extract_exotel = Extractor("exotel", _read)
"""Reads Exotel's call data, start messages and requests: the SIP Call-ID if forwarded, and the CallSid."""


def build_exotel_stream(
    form: Any,
    *,
    ws_url: str,
    forwarded_fields: Sequence[str] = FORWARDED_FIELDS,
    extra_params: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Answer the request of an Exotel Voicebot applet for the address of the bot, with the ids that it told.

    Args:
        form: The query of the request, in any form that `read_payload` takes.
        ws_url: Where the bot listens: ``wss://`` or ``ws://``. A query it has is kept and counts.
        forwarded_fields: Fields of the request to forward, the most important first.
        extra_params: What else to forward, before the fields.

    Returns:
        The body of the answer, to be sent as JSON: ``{"url": ...}``. Exotel passes on three parameters of 256
        characters together; what is over is left out.

    Raises:
        TelephonyError: ``stream_url_not_valid``.
    """
    url = checked_stream_url(ws_url)
    base, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part]
    extra = collect(extra_params)
    for name, value in {**extra, **forwarded(form, forwarded_fields, extra)}.items():
        entry = urlencode({name: value}, quote_via=quote)
        if len(kept) < MAX_PARAMETERS and len("&".join([*kept, entry])) <= MAX_QUERY:
            kept.append(entry)
    return {"url": "?".join([base, "&".join(kept)]) if kept else base}
