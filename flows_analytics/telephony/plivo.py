"""Plivo: audio streams, the answer webhook, and the XML in between."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.extractor import Extractor, sip_call_id_in, told
from flows_analytics.telephony.forwarded import forwarded
from flows_analytics.telephony.headers import collect, find
from flows_analytics.telephony.payload import Fields, section
from flows_analytics.telephony.stream_url import checked_stream_url
from flows_analytics.telephony.twiml import document

FORWARDED_FIELDS = ("SipCallId", "CallUUID", "From", "To", "Direction")
"""Fields of the answer webhook that are worth forwarding to the bot."""

MAX_EXTRA_HEADERS = 512
"""Bytes that Plivo takes in ``extraHeaders``."""

_SIP_HEADER = "x-ph-"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
# In a value everything that could end it is written as %XX, and read back.
_SAFE = "@.:-_~/"


def _read(fields: Fields) -> Telephony | None:
    start = section(fields, "start") or {}
    places = (fields, start)
    parameters = next(
        (
            place[name]
            for name in ("customParameters", "extra_headers", "extraHeaders", "body")
            for place in places
            if place.get(name)
        ),
        None,
    )
    headers = collect(parameters if parameters is not None else _sip_headers(fields))
    call_id = fields.get("call_id") or start.get("callId") or fields.get("callId")
    return told(
        "plivo",
        sip_call_id=sip_call_id_in(headers),
        carrier_call_id=call_id or fields.get("CallUUID") or find(headers, "CallUUID"),
        sip_headers=headers,
        from_number=fields.get("from_number") or fields.get("from") or fields.get("From") or find(headers, "From"),
        to_number=fields.get("to_number") or fields.get("to") or fields.get("To") or find(headers, "To"),
        direction=fields.get("Direction") or find(headers, "Direction"),
        stream_id=fields.get("stream_id") or start.get("streamId") or fields.get("streamId"),
    )


def _sip_headers(fields: Fields) -> Fields:
    return {
        name: value
        for name, value in fields.items()
        if name.lower().startswith(_SIP_HEADER) or sip_call_id_in({name: "x"})
    }


extract_plivo = Extractor("plivo", _read)
"""Reads Plivo's call data, start messages and webhooks: the SIP Call-ID if forwarded, and the call's UUID."""


def build_plivo_xml(
    form: Any,
    *,
    ws_url: str,
    forwarded_fields: Sequence[str] = FORWARDED_FIELDS,
    extra_params: Mapping[str, Any] | None = None,
) -> str:
    """Answer Plivo's answer webhook: stream the call to the bot, with the ids that the webhook told.

    Pipecat's ``parse_telephony_websocket`` drops ``extra_headers``: give the start message itself to the observer,
    or keep the webhook in `PendingCalls`.

    Args:
        form: The webhook's form, in any form that `read_payload` takes.
        ws_url: Where the bot listens: ``wss://`` or ``ws://``.
        forwarded_fields: Fields of the form to forward, the most important first.
        extra_params: What else to forward; it counts more than the form.

    Returns:
        The XML document. Names other than letters, digits, ``-`` and ``_`` are left out, and so is what is over
        `MAX_EXTRA_HEADERS`; other characters of values than Plivo promises to take are written as ``%XX``.

    Raises:
        TelephonyError: ``stream_url_not_valid``.
    """
    url = checked_stream_url(ws_url)
    response = Element("Response")
    attributes = {"bidirectional": "true", "keepCallAlive": "true", "contentType": "audio/x-mulaw;rate=8000"}
    if headers := _extra_headers(forwarded(form, forwarded_fields, extra_params)):
        attributes["extraHeaders"] = headers
    SubElement(response, "Stream", attributes).text = url
    return document(response)


def _extra_headers(parameters: Mapping[str, str]) -> str:
    kept: list[str] = []
    left = MAX_EXTRA_HEADERS
    for name, value in parameters.items():
        entry = f"{name}={quote(value, safe=_SAFE)}"
        if _NAME.fullmatch(name) and len(entry) + bool(kept) <= left:
            left -= len(entry) + bool(kept)
            kept.append(entry)
    return ",".join(kept)
