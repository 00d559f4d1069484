"""Jambonz: the call webhook, and the first message of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.carrier_context import CarrierContext
from flows_analytics.telephony.extractor import Extractor, told
from flows_analytics.telephony.headers import collect, find
from flows_analytics.telephony.payload import Fields, section
from flows_analytics.telephony.texts import direction_of, identifier

_CALL_FIELDS = ("from", "to", "direction", "callerName")


@dataclass(frozen=True)
class JambonzCallContext(CarrierContext):
    """What Jambonz told of a call.

    Attributes:
        call_sid: Jambonz's own id of the call; empty if it is not known.
        sip_call_id: The SIP Call-ID, else ``call_sid``. ``X-CID`` counts most: it stays the same where a call
            passes several SIP servers, each of which makes a new Call-ID.
        from_number: Who called; None if it was not told.
        to_number: Who was called; None if it was not told.
        direction: ``inbound`` or ``outbound``; None if it was not told.
        raw_headers: The SIP headers, and ``from``, ``to``, ``direction`` and ``callerName``; None if there are
            none.
    """

    provider = "jambonz"

    raw_headers: Mapping[str, str] | None = None

    @classmethod
    def from_webhook(cls, payload: Any) -> Self:
        """Read the call webhook, or the first message of a stream.

        Args:
            payload: The webhook's JSON, in any form that `read_payload` takes; ``session:new`` of the websocket
                API too.

        Returns:
            The context; `fallback` of an empty id for what is not understood.
        """
        return cls._from_payload(payload)

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """Read the fields of a payload (see `CarrierContext.from_fields`)."""
        call = {**(section(fields, "data") or {}), **{name: value for name, value in fields.items() if value}}
        sip = section(call, "sip") or {}
        headers = collect(sip.get("headers"), {name: call.get(name) for name in _CALL_FIELDS})
        call_sid = identifier(call.get("call_sid") or call.get("callSid")) or ""
        sip_call_id = (
            find(headers, "X-CID", "Call-ID", "SipCallId")
            or identifier(sip.get("call_id"))
            # Outside of "sip", Jambonz calls the SIP Call-ID so.
            or identifier(call.get("call_id") or call.get("callId"))
        )
        return cls(
            call_sid=call_sid,
            sip_call_id=sip_call_id or call_sid,
            from_number=identifier(call.get("from")),
            to_number=identifier(call.get("to")),
            direction=direction_of(call.get("direction")),
            raw_headers=headers or None,
        )


def _read(fields: Fields) -> Telephony | None:
    context = JambonzCallContext.from_fields(fields)
    return told(
        "jambonz",
        sip_call_id=context.sip_call_id,
        carrier_call_id=context.call_sid,
        sip_headers=context.raw_headers,
        from_number=context.from_number,
        to_number=context.to_number,
        direction=context.direction,
    )


extract_jambonz = Extractor("jambonz", _read)
"""Reads Jambonz's webhooks and first messages: the SIP Call-ID, and the call_sid."""
