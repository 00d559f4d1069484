"""What each carrier tells, in every form in which servers hold it."""

from __future__ import annotations

import pytest

from flows_analytics.telephony import (
    JambonzCallContext,
    TwilioCallContext,
    extract_daily,
    extract_exotel,
    extract_jambonz,
    extract_plivo,
    extract_telnyx,
    extract_twilio,
)

SIP = "d8907723-0bc7-123b-09b5@10.0.13.72"
CALL_SID = "CA0123456789abcdef0123456789abcdef"


def ids(found):
    return None if found is None else (found.sip_call_id, found.carrier_call_id, found.id_kind)


@pytest.mark.parametrize("name", ["SipCallId", "sip_call_id", "Sip-Call-ID", "X-SIP-Call-ID", "sipcallid"])
def test_each_alias_of_the_sip_call_id_is_known_whatever_its_case(name):
    assert ids(extract_twilio({"call_id": CALL_SID, "body": {name: SIP}})) == (SIP, CALL_SID, "sip")
    assert ids(extract_telnyx({"call_control_id": "v3:1", "customParameters": {name: SIP}})) == (
        SIP,
        "v3:1",
        "sip",
    )
    assert ids(extract_plivo({"call_id": "u-1", "extra_headers": {name: SIP}})) == (SIP, "u-1", "sip")
    assert ids(extract_exotel({"call_id": "e1", "custom_parameters": {name: SIP}})) == (SIP, "e1", "sip")


def test_the_aliases_count_in_the_order_in_which_they_are_documented_and_empty_ones_do_not():
    names = ["sipcallid", "sip_call_id", "sip-call-id", "x-sip-call-id"]
    for at, name in enumerate(names):
        body = {later: f"{later}@host" for later in reversed(names[at:])} | dict.fromkeys(names[:at], "")
        assert extract_twilio({"call_id": CALL_SID, "body": body}).sip_call_id == f"{name}@host"


def test_without_a_sip_call_id_the_carriers_own_id_is_the_id():
    assert ids(extract_twilio({"call_id": CALL_SID, "body": {}})) == (None, CALL_SID, "carrier")
    assert ids(extract_telnyx({"call_id": "v3:1"})) == (None, "v3:1", "carrier")
    assert ids(extract_plivo({"call_id": "u-1"})) == (None, "u-1", "carrier")
    assert ids(extract_exotel({"call_id": "e1", "custom_parameters": ""})) == (None, "e1", "carrier")
    assert ids(extract_jambonz({"call_sid": "j-1"})) == (None, "j-1", "carrier")


def test_a_carriers_own_id_under_the_name_of_a_sip_call_id_is_not_taken_for_one():
    # Exotel can forward nothing else: custom_parameters: SipCallId=<%CallSid%>.
    assert ids(extract_exotel({"call_id": "e1", "custom_parameters": "SipCallId=e1"})) == (None, "e1", "carrier")


# Twilio


def test_twilio_takes_call_data_the_start_message_and_the_webhooks_form():
    parameters = {"SipCallId": SIP, "Caller": "+15550100", "To": "+15550199", "CallSid": CALL_SID}
    start = {"streamSid": "MZ1", "callSid": CALL_SID, "customParameters": parameters}
    for payload in (
        {"stream_id": "MZ1", "call_id": CALL_SID, "body": parameters},
        {"event": "start", "streamSid": "MZ1", "start": start},
        [{"event": "connected"}, {"event": "start", "start": start}],
        start,
        {"StreamSid": "?", **parameters, "stream_id": "MZ1"},
    ):
        found = extract_twilio(payload)
        assert ids(found) == (SIP, CALL_SID, "sip"), payload
        assert (found.from_number, found.to_number, found.stream_id) == ("+15550100", "+15550199", "MZ1"), payload
        assert found.sip_headers == parameters, payload


def test_twilio_looks_for_the_call_sid_in_the_call_data_then_in_the_parameters():
    assert TwilioCallContext.from_call_data({"call_id": "CA1", "body": {"CallSid": "CA2"}}).call_sid == "CA1"
    assert TwilioCallContext.from_call_data({"body": {"CallSid": "CA2"}}).call_sid == "CA2"
    assert TwilioCallContext.from_call_data({"call_id": None, "body": {"callsid": "CA3"}}).call_sid == "CA3"


def test_twilio_takes_the_caller_before_from_and_the_called_before_to():
    context = TwilioCallContext.from_call_data({"body": {"From": "a", "Caller": "b", "To": "c", "Called": "d"}})
    assert (context.from_number, context.to_number) == ("b", "d")


def test_each_forwarded_sip_header_is_there_by_its_own_name_too_unless_another_has_it():
    body = {"SipHeader_X-Order": "1", "SipHeader_X-Taken": "2", "X-Taken": "own"}
    headers = TwilioCallContext.from_call_data({"body": body}).raw_headers
    assert headers == {**body, "X-Order": "1"}


def test_a_sip_call_id_forwarded_as_a_header_is_found_by_its_own_name():
    body = {"SipHeader_X-Sip-Call-Id": SIP, "CallSid": CALL_SID}
    assert ids(extract_twilio(body)) == (SIP, CALL_SID, "sip")


def test_values_of_the_body_are_texts_and_those_that_are_none_are_left_out():
    context = TwilioCallContext.from_call_data({"call_id": CALL_SID, "body": {"n": 7, "none": None, "ok": True}})
    assert context.raw_headers == {"n": "7", "ok": "True"}
    assert TwilioCallContext.from_call_data({"call_id": CALL_SID, "body": {}}).raw_headers is None


def test_of_a_webhooks_form_only_what_would_be_forwarded_is_kept():
    form = {"CallSid": CALL_SID, "CallerCity": "NEW YORK", "ApiVersion": "2010", "Direction": "outbound-api"}
    found = extract_twilio(form)
    assert (dict(found.sip_headers), found.direction) == (
        {"CallSid": CALL_SID, "Direction": "outbound-api"},
        "outbound",
    )


@pytest.mark.parametrize("payload", [None, 7, "", "no query", [], {}, object(), b"\xff", float("nan")])
def test_what_is_not_understood_gives_none_and_contexts_of_an_empty_id(payload):
    for extract in (extract_twilio, extract_telnyx, extract_plivo, extract_exotel, extract_jambonz, extract_daily):
        assert extract(payload) is None
    assert TwilioCallContext.from_call_data(payload) == TwilioCallContext.fallback("")
    assert JambonzCallContext.from_webhook(payload) == JambonzCallContext.fallback("")


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000])
def test_headers_nested_too_deeply_to_be_read_cost_no_context(deep):
    twilio = TwilioCallContext.from_call_data({"call_id": "CA1", "body": deep})
    assert (twilio.call_sid, twilio.raw_headers) == ("CA1", None)
    jambonz = JambonzCallContext.from_webhook({"call_sid": "CA1", "sip": {"headers": deep}})
    assert (jambonz.call_sid, jambonz.raw_headers) == ("CA1", None)


def test_contexts_are_frozen_and_tell_a_fallback():
    context = TwilioCallContext.fallback(CALL_SID)
    assert (context.sip_call_id, context.call_sid, context.is_fallback) == (CALL_SID, CALL_SID, True)
    assert not TwilioCallContext.from_call_data({"call_id": CALL_SID, "body": {"SipCallId": SIP}}).is_fallback
    with pytest.raises(AttributeError):
        context.call_sid = "other"


# Telnyx


def test_telnyx_reads_call_control_events():
    payload = {
        "call_control_id": "v3:1",
        "from": "+15550100",
        "to": "+15550199",
        "caller_id_name": "Anna",
        "direction": "incoming",
        "custom_headers": [{"name": "X-Both", "value": "custom"}, {"name": "X-A", "value": "1"}],
        "sip_headers": [{"name": "x-both", "value": "sip"}, {"name": "Call-ID", "value": SIP}],
    }
    for event in ({"data": {"event_type": "call.initiated", "payload": payload}}, payload):
        found = extract_telnyx(event)
        assert ids(found) == (SIP, "v3:1", "sip")
        assert found.sip_headers == {
            **{"X-Both": "custom", "X-A": "1", "Call-ID": SIP},
            **{"from": "+15550100", "to": "+15550199", "caller_id_name": "Anna"},
        }
        assert (found.from_number, found.to_number, found.direction) == ("+15550100", "+15550199", "inbound")


def test_telnyx_counts_its_own_field_then_aliases_then_call_id():
    headers = [{"name": "call-id", "value": "c"}, {"name": "SipCallId", "value": "b"}]
    event = {"sip_call_id": "a", "call_control_id": "v3:1", "sip_headers": headers}
    assert extract_telnyx(event).sip_call_id == "a"
    assert extract_telnyx({**event, "sip_call_id": ""}).sip_call_id == "b"
    assert extract_telnyx({**event, "sip_call_id": None, "sip_headers": headers[:1]}).sip_call_id == "c"
    assert ids(extract_telnyx({"call_control_id": "v3:1", "sip_headers": []})) == (None, "v3:1", "carrier")


def test_telnyx_takes_headers_as_mappings_too():
    assert extract_telnyx({"call_control_id": "v3:1", "sip_headers": {"Call-ID": SIP}}).sip_call_id == SIP


def test_telnyx_reads_media_streams():
    start = {"call_control_id": "v3:1", "from": "+1", "to": "+2", "custom_parameters": {"SipCallId": SIP}}
    message = {"event": "start", "stream_id": "s-1", "start": start}
    found = extract_telnyx(message)
    assert ids(found) == (SIP, "v3:1", "sip")
    assert (found.from_number, found.to_number, found.stream_id) == ("+1", "+2", "s-1")
    assert extract_telnyx({"call_id": "v3:2", "stream_id": "s-1", "from": "+1", "to": ""}).from_number == "+1"
    both = {"call_control_id": "v3:1", "call_id": "v3:2"}
    assert extract_telnyx(both).carrier_call_id == "v3:1"


# Plivo and Exotel


@pytest.mark.parametrize(
    "extra",
    [
        {"SipCallId": SIP, "userId": "7"},
        f'{{"SipCallId": "{SIP}", "userId": 7}}',
        f"SipCallId={SIP},userId=7",
        f"SipCallId={SIP};userId=7",
        f"SipCallId={SIP.replace('@', '%40')}&userId=7",
    ],
)
def test_plivo_reads_its_start_message_whatever_the_form_of_its_headers(extra):
    start = {"callId": "u-1", "streamId": "s-1", "accountId": "MA1"}
    found = extract_plivo({"event": "start", "start": start, "extra_headers": extra})
    assert (*ids(found), found.stream_id) == (SIP, "u-1", "sip", "s-1")
    assert found.sip_headers == {"SipCallId": SIP, "userId": "7"}


def test_plivo_finds_its_ids_among_the_headers_whatever_their_case():
    found = extract_plivo({"extra_headers": {"calluuid": "u1", "FROM": "+1", "to": "+2", "direction": "incoming"}})
    assert found.carrier_call_id == "u1"
    assert (found.from_number, found.to_number, found.direction) == ("+1", "+2", "inbound")


def test_plivo_reads_its_webhooks_form():
    form = {"CallUUID": "u-1", "From": "15550100", "To": "15550199", "Direction": "inbound", "X-PH-Order": "7"}
    found = extract_plivo(form)
    assert ids(found) == (None, "u-1", "carrier")
    assert (found.from_number, found.to_number, found.direction) == ("15550100", "15550199", "inbound")
    assert found.sip_headers == {"X-PH-Order": "7"}


@pytest.mark.parametrize("custom", [{"SipCallId": SIP}, f"SipCallId={SIP}", f'{{"SipCallId":"{SIP}"}}'])
def test_exotel_reads_its_start_message_and_call_data_also_where_the_parameters_are_a_text(custom):
    start = {"stream_sid": "s1", "call_sid": "e1", "from": "+91", "to": "+92", "custom_parameters": custom}
    for payload in (
        {"event": "start", "stream_sid": "s1", "start": start},
        {"stream_id": "s1", "call_id": "e1", "from": "+91", "to": "+92", "custom_parameters": custom},
        start,
    ):
        found = extract_exotel(payload)
        assert ids(found) == (SIP, "e1", "sip")
        assert (found.from_number, found.to_number, found.stream_id) == ("+91", "+92", "s1")


# Jambonz and Daily


def test_jambonz_counts_x_cid_then_call_id_then_sip_call_id_then_sip_then_its_own():
    told = [("headers", "X-CID"), ("headers", "Call-ID"), ("headers", "SipCallId"), ("sip", "call_id")]
    for at in range(len(told)):
        sip = {"headers": {name.lower(): name for place, name in told[at:] if place == "headers"}}
        sip |= {name: name for place, name in told[at:] if place == "sip"}
        hook = {"call_sid": "j-1", "sip": sip, "call_id": "outside"}
        assert ids(extract_jambonz(hook)) == (told[at][1], "j-1", "sip")
    assert ids(extract_jambonz({"call_sid": "j-1", "call_id": "outside"})) == ("outside", "j-1", "sip")


def test_jambonz_takes_headers_as_a_list_and_adds_what_the_webhook_says_of_the_call():
    hook = {
        "callSid": "j-1",
        "from": "+15550100",
        "to": "+15550199",
        "direction": "inbound",
        "callerName": "Anna",
        "sip": {"headers": [{"name": "X-CID", "value": SIP}, {"name": "From", "value": "<sip:a@b>"}]},
    }
    context = JambonzCallContext.from_webhook(hook)
    assert (context.call_sid, context.sip_call_id, context.direction) == ("j-1", SIP, "inbound")
    assert (context.from_number, context.to_number) == ("+15550100", "+15550199")
    assert context.raw_headers == {
        **{"X-CID": SIP, "From": "<sip:a@b>"},
        **{"to": "+15550199", "direction": "inbound", "callerName": "Anna"},
    }


def test_jambonz_reads_the_session_of_its_websocket_api():
    session = {
        "type": "session:new",
        "call_sid": "j-1",
        "data": {"sip": {"headers": {"call-id": SIP}}, "from": "+1"},
    }
    context = JambonzCallContext.from_webhook(session)
    assert (context.call_sid, context.sip_call_id, context.from_number) == ("j-1", SIP, "+1")


@pytest.mark.parametrize(
    "settings",
    [
        {"call_id": "uuid-1", "call_domain": "d", "From": "+1", "To": "+2", "sip_headers": {"X-A": "1"}},
        {"dialin_settings": {"call_id": "uuid-1", "From": "+1", "To": "+2", "sip_headers": {"X-A": "1"}}},
        {"callId": "uuid-1", "From": "+1", "To": "+2", "sipHeaders": [{"name": "X-A", "value": "1"}]},
    ],
)
def test_daily_keeps_the_id_and_the_headers_as_they_are(settings):
    found = extract_daily(settings)
    assert (*ids(found), found.direction) == ("uuid-1", None, "sip", "inbound")
    assert (found.from_number, found.to_number, found.sip_headers) == ("+1", "+2", {"X-A": "1"})
