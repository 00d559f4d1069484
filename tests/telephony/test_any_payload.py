"""Whatever JSON a carrier sends, no extractor fails, and what is forwarded comes back."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony import (
    JambonzCallContext,
    TwilioCallContext,
    build_exotel_stream,
    build_plivo_xml,
    build_sip_forwarding_twiml,
    build_telnyx_texml,
    extract_exotel,
    extract_plivo,
    extract_telephony,
    extract_telnyx,
    extract_twilio,
    known_providers,
)
from flows_analytics.telephony.context import read_context
from flows_analytics.telephony.texts import one_line
from tests.json_texts import texts_in

# The names that extractors look for, so that what is drawn comes near to what they understand.
NAMES = st.sampled_from(
    [
        *(
            "body",
            "start",
            "data",
            "payload",
            "sip",
            "headers",
            "custom_headers",
            "sip_headers",
            "dialin_settings",
        ),
        *("customParameters", "custom_parameters", "extra_headers", "call_id", "call_sid", "callSid", "CallSid"),
        *("call_control_id", "SipCallId", "X-CID", "Call-ID", "from", "to", "direction", "stream_id", "streamSid"),
        *("name", "value", "SipHeader_X-A", "CallUUID", "callId", "From", "To", "Caller"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)
TEXTS = st.text(max_size=60)
HOSTILE = st.sampled_from(
    ['"/><Redirect>x</Redirect>', "a\r\nb", "&amp;", "]]>", "\x00", "\ud800", "a,b=c;d&e%41+ "]
)
VALUES = TEXTS | HOSTILE


@pytest.mark.parametrize("provider", known_providers())
@given(payload=JSON)
@example(payload={"body": {"\\r": False}})  # a backslash and an r are no line break
@settings(max_examples=120, deadline=None)
def test_no_extractor_fails_on_any_json(provider, payload):
    for form in (payload, json.dumps(payload), [payload, payload]):
        found = extract_telephony(form, provider)
        assert found is None or (isinstance(found, Telephony) and (found.id or found.sip_headers))
        if found is not None:
            document = found.model_dump_json()
            document.encode()
            assert not any("\n" in text or "\r" in text for text in texts_in(json.loads(document)))
            assert Telephony.model_validate_json(document) == found


@given(payload=JSON)
@settings(max_examples=120, deadline=None)
def test_no_context_fails_on_any_json(payload):
    for context in (TwilioCallContext.from_call_data(payload), JambonzCallContext.from_webhook(payload)):
        assert isinstance(context.sip_call_id, str)
        found = read_context(context)
        assert (found.id if found else None) == (context.sip_call_id or None)


FORMS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("SipCallId", "CallSid", "CallUUID", "From", "To", "Caller", "CallFrom"), VALUES),
        **dict.fromkeys(("SipHeader_X-Order", "SipHeader_ü", "SipHeader_", "AccountSid", "Direction"), VALUES),
    },
)


def stream_of(document):
    return ElementTree.fromstring(document).find("Connect/Stream")  # noqa: S314  # our own


def parameters_of(document):
    return {item.get("name"): item.get("value") for item in stream_of(document)}


@given(form=FORMS, call_sid=TEXTS)
@settings(max_examples=150, deadline=None)
def test_what_twiml_forwards_gives_the_ids_that_the_form_gives(form, call_sid):
    document = build_sip_forwarding_twiml(form, ws_url="wss://bot.example.com/ws")
    start = {"event": "start", "start": {"customParameters": parameters_of(document), "streamSid": "MZ"}}
    before, after = extract_twilio(form), extract_twilio(start)
    assert before == (after.model_copy(update={"stream_id": None}) if after else None)
    for name in ("SipCallId", "CallSid", "From"):
        assert parameters_of(document).get(name) == one_line(form.get(name))


@given(form=FORMS)
@settings(max_examples=100, deadline=None)
def test_nothing_in_a_form_can_add_an_element_or_a_line(form):
    for build in (build_sip_forwarding_twiml, build_telnyx_texml, build_plivo_xml):
        document = build(form, ws_url="wss://bot.example.com/ws")
        assert "\n" not in document
        assert "\r" not in document
        tags = [element.tag for element in ElementTree.fromstring(document.encode()).iter()]  # noqa: S314
        assert set(tags) <= {"Response", "Connect", "Stream", "Parameter", "Pause"}
        assert tags.count("Stream") == 1


@given(sip_call_id=VALUES, caller=VALUES)
@settings(max_examples=150, deadline=None)
def test_what_the_other_carriers_are_told_comes_back_as_the_same_id(sip_call_id, caller):
    form = {"SipCallId": sip_call_id, "From": caller, "CallFrom": caller}
    expected = one_line(sip_call_id)

    texml = parameters_of(build_telnyx_texml(form, ws_url="wss://h/ws"))
    assert (extract_telnyx({"call_id": "the own id", "customParameters": texml}).sip_call_id) == expected

    plivo = ElementTree.fromstring(build_plivo_xml(form, ws_url="wss://h/ws")).find("Stream")  # noqa: S314
    headers = plivo.get("extraHeaders", "")
    assert extract_plivo({"call_id": "the own id", "extra_headers": headers}).sip_call_id in (expected, None)
    assert len(headers) <= 512
    if expected and len(expected) <= 40:
        assert extract_plivo({"call_id": "the own id", "extra_headers": headers}).sip_call_id == expected

    query = urlsplit(build_exotel_stream(form, ws_url="wss://h/ws")["url"]).query
    assert len(query) <= 256
    assert len(parse_qsl(query)) <= 3
    if expected and len(expected) <= 20:
        assert extract_exotel({"call_id": "the own id", "custom_parameters": query}).sip_call_id == expected
