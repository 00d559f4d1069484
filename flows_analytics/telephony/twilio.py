"""Twilio: Media Streams, and the voice webhook before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.carrier_context import CarrierContext
from flows_analytics.telephony.extractor import Extractor, sip_call_id_in, told
from flows_analytics.telephony.headers import SIP_CALL_ID_ALIASES, collect, find
from flows_analytics.telephony.payload import Fields, section
from flows_analytics.telephony.texts import direction_of, identifier

FORWARDED_FIELDS = ("SipCallId", "Caller", "Called", "CallSid", "From", "To", "AccountSid", "Direction")
"""Fields of the voice webhook that are worth forwarding to the bot."""

SIP_HEADER_PREFIX = "SipHeader_"
"""What the names of forwarded SIP headers begin with."""

_FORM_NAMES = {name.lower() for name in FORWARDED_FIELDS} | set(SIP_CALL_ID_ALIASES)


@dataclass(frozen=True)
class TwilioCallContext(CarrierContext):
    """What Twilio told of a call.

    Attributes:
        call_sid: Twilio's own id of the call; empty if it is not known.
        sip_call_id: The SIP Call-ID if it was forwarded, else ``call_sid``.
        from_number: Who called; None if it was not told.
        to_number: Who was called; None if it was not told.
        direction: ``inbound``, ``outbound`` or Twilio's own word; None if it was not told.
        stream_sid: Id of the media stream; None before there is one.
        raw_headers: What was forwarded, each ``SipHeader_X`` also as ``X``; None if nothing was.
    """

    provider = "twilio"

    stream_sid: str | None = None
    raw_headers: Mapping[str, str] | None = None

    @classmethod
    def from_call_data(cls, call_data: Any) -> Self:
        """Read what ``parse_telephony_websocket`` returned, or anything else that Twilio sent.

        Args:
            call_data: Pipecat's ``CallData``, the raw start message, or the form of the voice webhook, in any form
                that `read_payload` takes.

        Returns:
            The context; `fallback` of an empty id for what is not understood.
        """
        return cls._from_payload(call_data)

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """Read the fields of a payload (see `CarrierContext.from_fields`)."""
        start = section(fields, "start") or (fields if section(fields, "customParameters") is not None else {})
        stream_sid = start.get("streamSid") or fields.get("streamSid") or fields.get("stream_id")
        call_id = start.get("callSid") or fields.get("call_id")
        parameters = fields.get("body") or start.get("customParameters") or start.get("custom_parameters")
        if not parameters and not start and "body" not in fields:
            parameters = _forwarded(fields)
        headers = collect(parameters)
        bare = {name[len(SIP_HEADER_PREFIX) :]: value for name, value in headers.items() if _is_sip_header(name)}
        headers = collect(headers, bare)
        call_sid = identifier(call_id) or find(headers, "CallSid") or ""
        return cls(
            call_sid=call_sid,
            sip_call_id=sip_call_id_in(headers) or call_sid,
            from_number=find(headers, "Caller", "From", "from_number")
            or identifier(fields.get("from_number") or fields.get("from")),
            to_number=find(headers, "Called", "To", "to_number")
            or identifier(fields.get("to_number") or fields.get("to")),
            direction=direction_of(find(headers, "Direction")),
            stream_sid=identifier(stream_sid),
            raw_headers=headers or None,
        )


def _forwarded(fields: Fields) -> Fields:
    """Of the webhook's form, what would have been forwarded: the rest is the caller's city and the like."""
    return {name: value for name, value in fields.items() if name.lower() in _FORM_NAMES or _is_sip_header(name)}


def _is_sip_header(name: str) -> bool:
    return name.lower().startswith(SIP_HEADER_PREFIX.lower())


def _read(fields: Fields) -> Telephony | None:
    context = TwilioCallContext.from_fields(fields)
    return told(
        "twilio",
        sip_call_id=context.sip_call_id,
        carrier_call_id=context.call_sid,
        sip_headers=context.raw_headers,
        from_number=context.from_number,
        to_number=context.to_number,
        direction=context.direction,
        stream_id=context.stream_sid,
    )


extract_twilio = Extractor("twilio", _read)
"""Reads Twilio's call data, start message or webhook form: the SIP Call-ID if forwarded, and the CallSid."""
