"""Daily: dial-in over the phone network or SIP."""

from __future__ import annotations

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.extractor import Extractor, told
from flows_analytics.telephony.headers import collect
from flows_analytics.telephony.payload import Fields, section


def _read(fields: Fields) -> Telephony | None:
    settings = section(fields, "dialin_settings", "dialinSettings") or fields
    # Daily calls it the id of the session in its SIP network, and passes on no other.
    return told(
        "daily",
        sip_call_id=settings.get("call_id") or settings.get("callId"),
        sip_headers=collect(settings.get("sip_headers") or settings.get("sipHeaders")),
        from_number=settings.get("From") or settings.get("from"),
        to_number=settings.get("To") or settings.get("to"),
        direction="inbound",
    )


extract_daily = Extractor("daily", _read)
"""Reads Daily's dial-in settings: the id of the call and the SIP headers, as they are."""
