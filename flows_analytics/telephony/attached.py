"""Attached: what has been said of a call's telephony so far, and what counts more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.headers import collect

_NOTHING = Telephony()
_SINGLE = tuple(name for name in Telephony.model_fields if name != "sip_headers")


@dataclass(frozen=True)
class Attached:
    """What was said of a call, what the bot gave itself apart from what was read out of payloads.

    Each value is told once: what comes later fills in what is missing and replaces nothing. What the bot gave
    itself counts more, whenever it comes.

    Attributes:
        given: What the bot gave itself.
        derived: What was read out of payloads.
    """

    given: Telephony = _NOTHING
    derived: Telephony = _NOTHING

    def with_given(self, telephony: Telephony) -> Self:
        """Add what the bot gives itself.

        Args:
            telephony: The values.

        Returns:
            All that was said.
        """
        return replace(self, given=_filled(self.given, telephony))

    def with_derived(self, telephony: Telephony) -> Self:
        """Add what was read out of a payload.

        Args:
            telephony: The values.

        Returns:
            All that was said.
        """
        return replace(self, derived=_filled(self.derived, telephony))

    @property
    def known(self) -> Telephony | None:
        """What is known of the call; None if nothing is."""
        known = _filled(self.given, self.derived)
        return None if known == _NOTHING else known


def _filled(known: Telephony, more: Telephony) -> Telephony:
    values = {name: getattr(known, name) or getattr(more, name) for name in _SINGLE}
    if values["sip_call_id"] == values["carrier_call_id"]:
        # The carrier's own id in the place of a SIP Call-ID makes room for a real one.
        values["sip_call_id"] = None if more.sip_call_id == values["carrier_call_id"] else more.sip_call_id
    return Telephony(**values, sip_headers=collect(known.sip_headers, more.sip_headers))
