"""Telnyx: Call Control events, Media Streams, and the TeXML before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.extractor import Extractor, sip_call_id_in, told
from flows_analytics.telephony.forwarded import forwarded
from flows_analytics.telephony.headers import collect, find
from flows_analytics.telephony.payload import Fields, section
from flows_analytics.telephony.stream_url import checked_stream_url
from flows_analytics.telephony.twilio import FORWARDED_FIELDS
from flows_analytics.telephony.twiml import add_parameters, add_pause, document

_EVENT_FIELDS = ("from", "to", "caller_id_name", "caller_id_number")


def _read(fields: Fields) -> Telephony | None:
    event = section(section(fields, "data") or {}, "payload")
    if event is None and ("custom_headers" in fields or "sip_headers" in fields):
        event = fields
    return _read_event(event) if event is not None else _read_stream(fields)


def _read_event(event: Fields) -> Telephony | None:
    caller = {name: event.get(name) for name in _EVENT_FIELDS}
    headers = collect(event.get("custom_headers"), event.get("sip_headers"), caller)
    return told(
        "telnyx",
        sip_call_id=event.get("sip_call_id") or sip_call_id_in(headers) or find(headers, "Call-ID"),
        carrier_call_id=event.get("call_control_id"),
        sip_headers=headers,
        from_number=event.get("from"),
        to_number=event.get("to"),
        direction=event.get("direction"),
        stream_id=event.get("stream_id"),
    )


def _read_stream(fields: Fields) -> Telephony | None:
    start = section(fields, "start") or {}
    parameters = next(
        (
            place[name]
            for place in (fields, start)
            for name in ("customParameters", "custom_parameters", "body")
            if place.get(name)
        ),
        None,
    )
    # A query string, or the form of a TeXML webhook, holds them at its top.
    headers = collect(parameters if parameters is not None else _aliased(fields))
    return told(
        "telnyx",
        sip_call_id=sip_call_id_in(headers),
        carrier_call_id=start.get("call_control_id")
        or fields.get("call_control_id")
        or fields.get("call_id")
        or fields.get("CallSid"),
        sip_headers=headers,
        from_number=start.get("from") or fields.get("from_number") or fields.get("from") or fields.get("From"),
        to_number=start.get("to") or fields.get("to_number") or fields.get("to") or fields.get("To"),
        direction=fields.get("direction") or fields.get("Direction"),
        stream_id=fields.get("stream_id") or start.get("stream_id"),
    )


def _aliased(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if sip_call_id_in({name: "x"})}


extract_telnyx = Extractor("telnyx", _read)
"""Reads Telnyx's Call Control events, call data and start messages: the SIP Call-ID, and the call_control_id."""


def build_telnyx_texml(
    form: Any,
    *,
    ws_url: str,
    forwarded_fields: Sequence[str] = FORWARDED_FIELDS,
    extra_params: Mapping[str, Any] | None = None,
    pause_seconds: int = 40,
) -> str:
    """Answer a TeXML webhook: stream the call to the bot, with the ids that the webhook told.

    Args:
        form: The form of the webhook (see `build_sip_forwarding_twiml`).
        ws_url: Where the bot listens: ``wss://`` or ``ws://``.
        forwarded_fields: Fields of the form to forward; each ``SipHeader_...`` is forwarded too.
        extra_params: What else to forward; it counts more than the form.
        pause_seconds: How long the call stays open after the stream has ended; 0 not at all.

    Returns:
        The TeXML document. Its stream takes the bot's audio as RTP payloads of PCMU, as Pipecat sends them.

    Raises:
        TelephonyError: As `build_sip_forwarding_twiml`.
    """
    response = Element("Response")
    stream = SubElement(
        SubElement(response, "Connect"),
        "Stream",
        {"url": checked_stream_url(ws_url), "bidirectionalMode": "rtp", "bidirectionalCodec": "PCMU"},
    )
    add_parameters(stream, forwarded(form, forwarded_fields, extra_params))
    add_pause(response, pause_seconds)
    return document(response)
