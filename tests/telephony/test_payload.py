"""The forms in which servers hold what a carrier sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from loguru import logger
from multidict import CIMultiDict, MultiDict, MultiDictProxy
from yarl import URL

from flows_analytics.telephony import extract_exotel, extract_plivo, extract_twilio
from flows_analytics.telephony.headers import MAX_HEADERS, collect, find
from flows_analytics.telephony.payload import read_payload
from flows_analytics.telephony.texts import MAX_TEXT, one_line

FIELDS = {"CallSid": "CA1", "SipCallId": "a&b@host"}
PAIRS = [("CallSid", ""), ("CallSid", "CA1"), ("CallSid", "CA2"), ("SipCallId", "a&b@host")]


@dataclass
class Form:
    CallSid: str = "CA1"
    SipCallId: str = "a&b@host"


class Several(dict):
    """As Django's QueryDict and werkzeug's MultiDict."""

    def getlist(self, key):
        return [value for name, value in PAIRS if name == key]


@pytest.mark.parametrize(
    "payload",
    [
        FIELDS,
        MultiDict(PAIRS),
        MultiDictProxy(CIMultiDict(PAIRS)),
        Several(CallSid="CA2", SipCallId="a&b@host"),
        "CallSid=CA1&SipCallId=a%26b%40host",
        "?CallSid=CA1&SipCallId=a%26b%40host",
        b"CallSid=CA1&SipCallId=a%26b%40host",
        "wss://bot.example.com/ws?CallSid=CA1&SipCallId=a%26b%40host",
        URL("wss://bot.example.com/ws?CallSid=CA1&SipCallId=a%26b%40host"),
        json.dumps(FIELDS),
        json.dumps(FIELDS).encode(),
        list(FIELDS.items()),
        [{"name": name, "value": value} for name, value in FIELDS.items()],
        [FIELDS],
        Form(),
        SimpleNamespace(**FIELDS, _private="x"),
    ],
    ids=lambda payload: type(payload).__name__,
)
def test_every_form_gives_the_same_fields(payload):
    assert read_payload(payload) == FIELDS
    assert extract_twilio(payload) == extract_twilio(FIELDS) is not None


def test_the_form_data_of_starlette_gives_the_same_fields():
    data = pytest.importorskip("starlette.datastructures", reason="starlette is not installed")
    upload = data.UploadFile(file=None, filename="x")
    assert read_payload(data.FormData([*PAIRS, ("file", upload)])) == FIELDS
    assert read_payload(data.QueryParams("CallSid=CA1&SipCallId=a%26b%40host")) == FIELDS


def test_pipecats_own_models_are_read_by_their_attributes():
    types = pytest.importorskip(
        "pipecat.runner.types", exc_type=ImportError, reason="needs fastapi on Pipecat 1.4"
    )
    wire = {"stream_id": "s", "call_id": "CA1", "from": "+1", "to": "+2", "body": {"SipCallId": "x@y"}}
    found = extract_twilio(types.CallData.model_validate(wire))
    assert (found.id, found.carrier_call_id, found.stream_id) == ("x@y", "CA1", "s")
    assert (found.from_number, found.to_number) == ("+1", "+2")
    more = types.CallData.model_validate({"call_id": "u-1", "extra_headers": "SipCallId=x@y"})
    assert extract_plivo(more).sip_call_id == "x@y"
    exotel = types.ExotelCallData.model_validate({"call_id": "e1", "custom_parameters": "SipCallId=x%40y&a=1"})
    assert extract_exotel(exotel).sip_headers == {"SipCallId": "x@y", "a": "1"}


@pytest.mark.parametrize("payload", ["[[[[" * 50_000, '{"a"', "{" + "9" * 5000 + "}", type, Form])
def test_what_cannot_be_read_is_said_in_one_line_of_the_debug_log_without_its_content(payload):
    lines = []
    sink = logger.add(lambda line: lines.append(line.record["message"]), level="DEBUG")
    try:
        assert extract_twilio(payload) is None
    finally:
        logger.remove(sink)
    (line,) = lines
    assert line.startswith(f"flows_analytics: a {type(payload).__name__} is not understood as of twilio")
    assert "999" not in line


def test_an_object_that_fails_when_it_is_read_is_not_understood():
    class Hostile(dict):
        def __iter__(self):
            raise RuntimeError("no")

        keys = items = __iter__

    assert extract_twilio(Hostile(CallSid="CA1")) is None


def test_line_breaks_and_control_characters_leave_no_trace_of_another_line():
    for broken in ("a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\x85X-Evil: 1", "a\u2028X-Evil: 1", "a\x00\x0bX-Evil: 1"):
        assert one_line(broken) == "a X-Evil: 1"
        assert collect({broken: broken}) == {"a X-Evil: 1": "a X-Evil: 1"}
    assert one_line("\r\n") is None


def test_headers_are_put_together_by_the_first_value_that_is_not_empty_whatever_the_case():
    assert collect({"X-A": "", "X-B": None}, [["x-a", "1"], ["X-A", "2"]], "X-b=3") == {"x-a": "1", "X-b": "3"}
    assert collect(["X-A: 1", "no header"], [{"X-B": ["", "2", "3"]}]) == {"X-A": "1", "X-B": "2"}
    assert find({"x-A": "1", "X-a": "2", "b": "3"}, "none", "X-A", "b") == "1"


@pytest.mark.parametrize(
    "text", ["From=+15550100", "From=%2B15550100", "a=1,From=+15550100", "a=1;From=+15550100"]
)
def test_the_plus_of_a_phone_number_is_kept_in_a_list_of_headers(text):
    assert collect(text)["From"] == "+15550100"


def test_what_is_kept_of_headers_is_bounded():
    kept = collect({f"X-{number}": "x" * 10 * MAX_TEXT for number in range(10 * MAX_HEADERS)})
    assert len(kept) == MAX_HEADERS
    assert {len(value) for value in kept.values()} == {MAX_TEXT}
