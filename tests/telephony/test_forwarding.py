"""What carriers are answered, so that the bot learns which call it is."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from multidict import MultiDict

from flows_analytics.errors import TelephonyError
from flows_analytics.telephony import (
    build_exotel_stream,
    build_plivo_xml,
    build_sip_forwarding_twiml,
    build_telnyx_texml,
)

URL = "wss://bot.example.com/ws"


def test_the_twiml_holds_the_fields_in_their_order_the_sip_headers_and_the_extra_parameters():
    form = {
        "SipHeader_X-Order": "7",
        "Direction": "inbound",
        "SipCallId": "a@b",
        "From": "",
        "CallerCity": "NEW YORK",
        "CallSid": "CA1",
    }
    twiml = build_sip_forwarding_twiml(form, ws_url=URL, extra_params={"tenant": 5, "none": None})
    assert twiml == (
        '<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url="wss://bot.example.com/ws">'
        '<Parameter name="SipCallId" value="a@b" /><Parameter name="CallSid" value="CA1" />'
        '<Parameter name="Direction" value="inbound" /><Parameter name="SipHeader_X-Order" value="7" />'
        '<Parameter name="tenant" value="5" /></Stream></Connect><Pause length="40" /></Response>'
    )


def test_everything_in_the_twiml_is_escaped_quotes_included():
    form = MultiDict([("SipCallId", '"><Hangup/>&'), ('SipHeader_a"b<c>', "'")])
    twiml = build_sip_forwarding_twiml(form, ws_url="wss://bot.example.com/ws?a=1&b=2", pause_seconds=0)
    assert '"><Hangup' not in twiml
    assert "a=1&amp;b=2" in twiml
    root = ElementTree.fromstring(twiml)  # noqa: S314  # our own
    assert [element.tag for element in root.iter()] == ["Response", "Connect", "Stream", "Parameter", "Parameter"]
    assert root[0][0].get("url") == "wss://bot.example.com/ws?a=1&b=2"
    assert root[0][0][0].get("value") == '"><Hangup/>&'


def test_an_extra_parameter_takes_the_place_of_a_field_of_its_name():
    twiml = build_sip_forwarding_twiml({"SipCallId": "a@b"}, ws_url=URL, extra_params={"sipcallid": "mine"})
    assert twiml.count("<Parameter") == 1
    assert 'value="mine"' in twiml


def test_the_fields_to_forward_can_be_chosen():
    twiml = build_sip_forwarding_twiml({"SipCallId": "a", "Mine": "b"}, ws_url=URL, forwarded_fields=["Mine"])
    assert ('name="Mine"' in twiml, "SipCallId" in twiml) == (True, False)


def test_a_parameter_that_would_cost_the_call_is_left_out():
    twiml = build_sip_forwarding_twiml({"SipHeader_X-Long": "x" * 500, "CallSid": "CA1"}, ws_url=URL)
    assert ("X-Long" in twiml, "CA1" in twiml) == (False, True)


@pytest.mark.parametrize("form", [None, 7, object(), "", [], "[["])
def test_a_form_that_is_not_understood_forwards_nothing_and_the_call_goes_on(form):
    assert "<Parameter" not in build_sip_forwarding_twiml(form, ws_url=URL)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "bot.example.com/ws",
            "https://bot.example.com/ws",
            "wss://",
            "wss:///ws",
            "/ws",
            "javascript:alert(1)",
        ),
        *("wss://bot.example.com/w s", "wss://bot.example.com/\r\nX: 1", "wss://h/ws#part", "wss://h/<x>"),
        *("wss://h:99999/", 'wss://h/"', "wss://h/\x00", None, 7),
    ],
)
@pytest.mark.parametrize(
    "build", [build_sip_forwarding_twiml, build_telnyx_texml, build_plivo_xml, build_exotel_stream]
)
def test_a_url_that_no_carrier_can_reach_is_refused(build, url):
    with pytest.raises(ValueError, match=r"wss://bot\.example\.com/ws") as refused:
        build({}, ws_url=url)
    assert isinstance(refused.value, TelephonyError)
    assert refused.value.code == "stream_url_not_valid"


@pytest.mark.parametrize("url", ["ws://127.0.0.1:8765/ws", "wss://user:key@[::1]:1/ws?a=b", "WSS://h.example/ws"])
def test_a_url_of_a_websocket_is_left_as_it_is(url):
    assert build_exotel_stream({}, ws_url=url) == {"url": url}


@pytest.mark.parametrize("seconds", [-1, 1.5, "40", True, None])
def test_a_pause_that_is_none_is_refused(seconds):
    with pytest.raises(TelephonyError) as refused:
        build_sip_forwarding_twiml({}, ws_url=URL, pause_seconds=seconds)
    assert refused.value.code == "pause_not_valid"


def test_telnyx_is_told_to_take_audio_back():
    stream = ElementTree.fromstring(build_telnyx_texml({"CallSid": "v3:1"}, ws_url=URL)).find("Connect/Stream")  # noqa: S314
    assert stream.attrib == {"url": URL, "bidirectionalMode": "rtp", "bidirectionalCodec": "PCMU"}
    assert stream[0].attrib == {"name": "CallSid", "value": "v3:1"}


def test_plivo_is_told_the_most_important_first_and_no_more_than_it_takes():
    form = {"From": "+15550100", "CallUUID": "u-1", "SipCallId": "a,b=c@d", "SipHeader_Bad Name": "x"}
    more = {f"extra{number}": "y" * 100 for number in range(9)}
    stream = ElementTree.fromstring(build_plivo_xml(form, ws_url=URL, extra_params=more)).find("Stream")  # noqa: S314
    headers = stream.get("extraHeaders")
    assert headers.startswith("SipCallId=a%2Cb%3Dc@d,CallUUID=u-1,From=%2B15550100,extra0=")
    assert 400 < len(headers) <= 512
    assert "Bad" not in headers
    assert (stream.text, stream.get("bidirectional")) == (URL, "true")


def test_exotel_is_told_three_parameters_at_most():
    answer = build_exotel_stream(
        {"SipCallId": "a@b", "CallFrom": "0555", "CallTo": "0556"}, ws_url=f"{URL}?k=1", extra_params={"t": "é"}
    )
    assert answer == {"url": f"{URL}?k=1&t=%C3%A9&SipCallId=a%40b"}
