"""Telephony: SIP ids and headers of each carrier, what to answer its webhook, and the store in between."""

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.daily import extract_daily
from flows_analytics.telephony.exotel import build_exotel_stream, extract_exotel
from flows_analytics.telephony.jambonz import JambonzCallContext, extract_jambonz
from flows_analytics.telephony.pending import PendingCalls
from flows_analytics.telephony.plivo import build_plivo_xml, extract_plivo
from flows_analytics.telephony.providers import extract_telephony, known_providers, register_provider
from flows_analytics.telephony.telnyx import build_telnyx_texml, extract_telnyx
from flows_analytics.telephony.twilio import TwilioCallContext, extract_twilio
from flows_analytics.telephony.twiml import build_sip_forwarding_twiml

__all__ = [
    "JambonzCallContext",
    "PendingCalls",
    "Telephony",
    "TwilioCallContext",
    "build_exotel_stream",
    "build_plivo_xml",
    "build_sip_forwarding_twiml",
    "build_telnyx_texml",
    "extract_daily",
    "extract_exotel",
    "extract_jambonz",
    "extract_plivo",
    "extract_telephony",
    "extract_telnyx",
    "extract_twilio",
    "known_providers",
    "register_provider",
]
