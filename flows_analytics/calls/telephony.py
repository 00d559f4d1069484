"""Telephony: which call of the carrier's a call was."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

from flows_analytics.calls.values import Text


def _nothing_required(schema: dict[str, Any]) -> None:
    # What pydantic computes it calls required, but what is None is left out of the JSON.
    schema.pop("required", None)


class Telephony(BaseModel):
    """What joins a call to the carrier's own records of it.

    ``id`` is the SIP Call-ID if it is known, else the carrier's own id of the call; ``id_kind`` says which of both
    it is. In the JSON what is None is left out.

    Attributes:
        provider: Whose payload it came from: ``twilio``, ``telnyx``, ``plivo``, ``exotel``, ``jambonz``, ``daily``
            or a name given to ``register_provider``; None if nobody said.
        sip_call_id: The Call-ID of the SIP dialogue; None if only the carrier's own id is known.
        carrier_call_id: The carrier's own id of the call, such as Twilio's CallSid; None if it is not known.
        sip_headers: Headers of the SIP INVITE, and what else the carrier passed on as text.
        from_number: Who called: a phone number or a SIP address.
        to_number: Who was called.
        direction: ``inbound`` or ``outbound``, or what else the carrier calls it.
        stream_id: The carrier's id of the media stream.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra=_nothing_required)

    provider: Text | None = None
    sip_call_id: Text | None = None
    carrier_call_id: Text | None = None
    sip_headers: dict[Text, Text] = Field(default_factory=dict[str, str])
    from_number: Text | None = None
    to_number: Text | None = None
    direction: Text | None = None
    stream_id: Text | None = None

    @computed_field
    @property
    def id(self) -> str | None:
        """The id by which to join the call: the SIP Call-ID, else the carrier's own; None without either."""
        return self.sip_call_id or self.carrier_call_id

    @computed_field
    @property
    def id_kind(self) -> Literal["sip", "carrier"] | None:
        """What ``id`` is: ``sip`` for a SIP Call-ID, ``carrier`` for the carrier's own id; None without either."""
        if self.sip_call_id:
            return "sip"
        return "carrier" if self.carrier_call_id else None
