"""Call contexts: what a bot wraps around a carrier's payload."""

from __future__ import annotations

from typing import Any

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.extractor import not_understood, told
from flows_analytics.telephony.headers import collect
from flows_analytics.telephony.texts import identifier


def read_context(ctx: Any) -> Telephony | None:
    """Read a call context.

    Args:
        ctx: Any object with ``sip_call_id`` and ``raw_headers``. Of ``call_sid`` (or ``carrier_call_id``),
            ``from_number``, ``to_number``, ``direction``, ``stream_sid`` (or ``stream_id``) and ``provider`` those
            are read that it has.

    Returns:
        What it tells; None, and a line in the debug log, if that is nothing.
    """
    found, why = None, "no sip_call_id and no raw_headers"
    try:
        found = told(
            identifier(_first(ctx, "provider")),
            sip_call_id=_first(ctx, "sip_call_id"),
            carrier_call_id=_first(ctx, "call_sid", "carrier_call_id"),
            sip_headers=collect(_first(ctx, "raw_headers")),
            from_number=_first(ctx, "from_number"),
            to_number=_first(ctx, "to_number"),
            direction=_first(ctx, "direction"),
            stream_id=_first(ctx, "stream_sid", "stream_id"),
        )
    except Exception as error:
        why = type(error).__name__
    if found is None:
        not_understood("a call context", ctx, why)
    return found


def _first(ctx: Any, *names: str) -> Any:
    return next((value for name in names if (value := getattr(ctx, name, None))), None)
