"""Extractor: reads ids and headers of a call out of a carrier's payload, and never fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loguru import logger

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.headers import SIP_CALL_ID_ALIASES, find
from flows_analytics.telephony.payload import Fields, read_payload
from flows_analytics.telephony.texts import direction_of, identifier


@dataclass(frozen=True)
class Extractor:
    """Reads the payloads of one carrier.

    Attributes:
        provider: The carrier's name.
        read: Reads the fields of a payload; None, or no ids and no headers, is what it does not understand.
    """

    provider: str
    read: Callable[[Fields], Telephony | None]

    def __call__(self, payload: Any) -> Telephony | None:
        """Read a payload.

        Args:
            payload: Whatever the server holds of the call (see `read_payload`).

        Returns:
            Ids, headers and numbers; None, and a line in the debug log, for what is not understood.
        """
        found, why = None, "no id of a call in it"
        try:
            fields = read_payload(payload)
            found = self.read(fields) if fields else None
        except Exception as error:
            # A payload comes from the outside, and the call is worth more than what it says.
            why = type(error).__name__
        if found is None:
            not_understood(self.provider, payload, why)
        return found


def not_understood(provider: str, payload: Any, why: str) -> None:
    """Say in the debug log that a payload was not understood, without its content.

    Args:
        provider: Whose payload it should have been.
        payload: The payload.
        why: The reason, in plain words.
    """
    logger.debug(f"flows_analytics: a {type(payload).__name__} is not understood as of {provider}: {why}")


def sip_call_id_in(headers: Mapping[str, str]) -> str | None:
    """Find the SIP Call-ID that a trunk or webhook forwarded.

    Args:
        headers: The headers or parameters.

    Returns:
        The value of the first alias that is there (see `SIP_CALL_ID_ALIASES`); None if none is.
    """
    return find(headers, *SIP_CALL_ID_ALIASES)


def telephony_of(
    provider: str | None,
    *,
    sip_call_id: Any = None,
    carrier_call_id: Any = None,
    sip_headers: Mapping[str, str] | None = None,
    from_number: Any = None,
    to_number: Any = None,
    direction: Any = None,
    stream_id: Any = None,
) -> Telephony:
    """Put together what is known of a call.

    Args:
        provider: The carrier's name; None if nobody said.
        sip_call_id: The SIP Call-ID. One that is the carrier's own id is none: some carriers can forward nothing
            else under its name.
        carrier_call_id: The carrier's own id of the call.
        sip_headers: The headers.
        from_number: Who called.
        to_number: Who was called.
        direction: What the carrier calls the direction.
        stream_id: The id of the media stream.

    Returns:
        All of it.
    """
    sip, carrier = identifier(sip_call_id), identifier(carrier_call_id)
    return Telephony(
        provider=provider,
        sip_call_id=None if sip == carrier else sip,
        carrier_call_id=carrier,
        sip_headers=dict(sip_headers or {}),
        from_number=identifier(from_number),
        to_number=identifier(to_number),
        direction=direction_of(direction),
        stream_id=identifier(stream_id),
    )


def told(provider: str | None, **values: Any) -> Telephony | None:
    """Put together what a payload tells.

    Args:
        provider: The carrier's name; None if nobody said.
        **values: The rest (see `telephony_of`).

    Returns:
        What it tells; None without an id and a header, for then it is no payload of a call.
    """
    telephony = telephony_of(provider, **values)
    return telephony if telephony.id or telephony.sip_headers else None
