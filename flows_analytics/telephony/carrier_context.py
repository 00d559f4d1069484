"""What a carrier told of a call, whichever carrier it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from flows_analytics.telephony.extractor import not_understood
from flows_analytics.telephony.payload import Fields, read_payload


@dataclass(frozen=True)
class CarrierContext(ABC):
    """What a carrier told of a call.

    Attributes:
        provider: The carrier's name.
        call_sid: The carrier's own id of the call; empty if it is not known.
        sip_call_id: The SIP Call-ID, else ``call_sid``.
        from_number: Who called; None if it was not told.
        to_number: Who was called; None if it was not told.
        direction: ``inbound``, ``outbound`` or the carrier's own word; None if it was not told.
    """

    provider: ClassVar[str]

    call_sid: str
    sip_call_id: str
    from_number: str | None = None
    to_number: str | None = None
    direction: str | None = None

    @property
    def is_fallback(self) -> bool:
        """Whether ``sip_call_id`` is only the carrier's own id, because no SIP Call-ID is known."""
        return self.sip_call_id == self.call_sid

    @classmethod
    def fallback(cls, call_sid: str) -> Self:
        """Make do with the carrier's own id.

        Args:
            call_sid: The id.

        Returns:
            The context, with the id as ``sip_call_id`` too.
        """
        return cls(call_sid=call_sid, sip_call_id=call_sid)

    @classmethod
    @abstractmethod
    def from_fields(cls, fields: Fields) -> Self:
        """Read the fields of a payload.

        Args:
            fields: The fields, of JSON types.

        Returns:
            The context.
        """

    @classmethod
    def _from_payload(cls, payload: Any) -> Self:
        try:
            fields = read_payload(payload)
        except Exception:
            fields = None
        if fields is None:
            not_understood(cls.provider, payload, "no mapping")
            return cls.fallback("")
        return cls.from_fields(fields)
