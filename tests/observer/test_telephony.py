"""Which call of the carrier's a call was: in the record, the journal, on pages and in uploads."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from loguru import logger
from rich.console import Console

from flows_analytics import CallRecord, FlowsObserver, JSONFileSink, render_call_report
from flows_analytics.calls.telephony import Telephony
from flows_analytics.delivery.tuner_payload import call_payload
from flows_analytics.recording.recovery import read_journal
from flows_analytics.redaction import PatternRedactor
from flows_analytics.report.text import call_as_text
from flows_analytics.telephony import JambonzCallContext, TwilioCallContext
from flows_analytics.testing import calls, says
from tests.bots import edge, end_node, hold_call, hold_pizza_call, node
from tests.recording.calls import begin, say

SIP = "d8907723-0bc7-123b-09b5@10.0.13.72"
CALL_SID = "CA0123456789abcdef0123456789abcdef"
CALL_DATA = {
    "stream_id": "MZ0123456789abcdef0123456789abcdef",
    "call_id": CALL_SID,
    "body": {"SipCallId": SIP, "From": "+14155552671", "To": "+14155550199", "SipHeader_X-Order": "7"},
}


def observer(**options):
    return FlowsObserver(journal=None, **{"strict": True, **options})


def test_a_call_without_telephony_has_none_in_its_json():
    record = observer().record
    assert record.telephony is None
    assert "telephony" not in json.loads(record.to_json())


def test_what_is_attached_before_the_call_is_in_its_record_and_in_the_json():
    record = hold_pizza_call(
        prepare=lambda held: held.observer.attach_sip_from_telephony(CALL_DATA, provider="twilio")
    ).record
    assert json.loads(record.to_json())["telephony"] == {
        "provider": "twilio",
        "sip_call_id": SIP,
        "carrier_call_id": CALL_SID,
        "sip_headers": {**CALL_DATA["body"], "X-Order": "7"},
        "from_number": "+14155552671",
        "to_number": "+14155550199",
        "stream_id": CALL_DATA["stream_id"],
        "id": SIP,
        "id_kind": "sip",
    }
    assert CallRecord.from_json(record.to_json()).telephony == record.telephony


def test_what_is_attached_in_the_call_joins_what_was_attached_before(tmp_path):
    seen = {}

    def prepare(held):
        seen["observer"] = held.observer
        held.observer.attach_sip_from_telephony({"call_id": CALL_SID, "body": {"X-A": "1"}}, provider="twilio")

    async def look_up(action, flow_manager):
        seen["observer"].attach_sip_info(SIP, {"X-B": "2"})

    first = node("first", edge("go", end_node()), pre_actions=[{"type": "look_up", "handler": look_up}])
    steps = [calls("go"), says("Bye!")]
    held = hold_call(first, steps, prepare=prepare, journal=tmp_path, call_id="order")
    told = held.record.telephony
    assert (told.id, told.carrier_call_id, told.provider) == (SIP, CALL_SID, "twilio")
    assert told.sip_headers == {"X-B": "2", "X-A": "1"}


@pytest.mark.parametrize("before", [True, False], ids=["before the call", "in the call"])
def test_a_process_that_is_killed_leaves_the_ids_in_its_journal(tmp_path, before):
    recorder, journal = begin(tmp_path, placed=False)
    telephony = Telephony(provider="daily", sip_call_id="uuid-1", sip_headers={"X-A": "1"})
    if before:
        recorder.keep_telephony(telephony)
    recorder.place(0, wall_ns=1)
    say(recorder, 2)
    if not before:
        recorder.keep_telephony(telephony)
    assert journal.sync(30)
    (path,) = (tmp_path / "journal").glob("*.jsonl")
    assert read_journal(path.read_bytes()).telephony == telephony == recorder.record().telephony
    journal.end(kept=True, timeout_secs=30)


def test_ids_alone_leave_no_journal_behind(tmp_path):
    watching = FlowsObserver(journal=tmp_path)
    watching.attach_sip_info(SIP)
    assert not list(tmp_path.rglob("*.jsonl"))


def test_each_way_to_attach_fills_the_record():
    by_context = observer()
    by_context.attach_sip_from_context(TwilioCallContext.from_call_data(CALL_DATA))
    by_payload = observer()
    by_payload.attach_sip_from_telephony(CALL_DATA, provider="twilio")
    assert by_context.record.telephony == by_payload.record.telephony

    by_dialin = observer()
    by_dialin.attach_sip_from_dialin(
        SimpleNamespace(call_id="uuid-1", call_domain="d", From="+1", To="+2", sip_headers={"X-A": "1"})
    )
    told = by_dialin.record.telephony
    assert (told.provider, told.id, told.sip_headers) == ("daily", "uuid-1", {"X-A": "1"})

    by_hand = observer()
    by_hand.attach_sip_info(from_number="+1", direction="incoming", provider="asterisk")
    assert by_hand.record.telephony == Telephony(provider="asterisk", from_number="+1", direction="inbound")


def test_any_object_with_an_id_and_headers_is_a_context():
    duck = observer()
    duck.attach_sip_from_context(SimpleNamespace(sip_call_id="a@b", raw_headers={}))
    assert duck.record.telephony == Telephony(sip_call_id="a@b")
    fallback = observer()
    fallback.attach_sip_from_context(JambonzCallContext.fallback("j-1"))
    assert (fallback.record.telephony.id, fallback.record.telephony.id_kind) == ("j-1", "carrier")


def test_headers_that_the_bot_gives_beat_those_of_the_payload():
    watching = observer()
    watching.attach_sip_from_telephony(
        {"call_id": "CA1", "body": {"X-A": "derived", "X-B": "1"}}, provider="twilio", sip_headers={"x-a": "given"}
    )
    assert watching.record.telephony.sip_headers == {"x-a": "given", "X-B": "1"}


def test_an_unknown_provider_is_refused_before_anything_is_kept():
    watching = observer()
    with pytest.raises(ValueError, match="twilio, telnyx, plivo, exotel, jambonz, daily"):
        watching.attach_sip_from_telephony({}, provider="twillio", sip_headers={"X-A": "1"})
    assert watching.record.telephony is None


def test_what_is_not_understood_costs_nothing_but_a_line_in_the_debug_log():
    lines = []
    sink = logger.add(lines.append, level="DEBUG", filter="flows_analytics")
    watching = observer()
    try:
        watching.attach_sip_from_telephony(object(), provider="plivo")
        watching.attach_sip_from_context(None)
        watching.attach_sip_from_dialin(None)
    finally:
        logger.remove(sink)
    watching.attach_sip_info()
    assert len(lines) == 3
    assert all(line.record["level"].name == "DEBUG" for line in lines)
    assert watching.record.telephony is None
    assert watching.health.ok


def test_values_that_fail_when_they_are_read_are_counted_and_reach_nobody():
    class Hostile(dict):
        def items(self):
            raise RuntimeError("no")

    watching = observer(strict=False)
    watching.attach_sip_info(SIP, Hostile(a="1"))
    assert watching.health.count("guarded_error") == 1
    assert watching.record.telephony is None


def test_ids_that_come_after_the_end_are_counted_and_change_nothing():
    held = hold_pizza_call(strict=False)
    held.observer.attach_sip_info(SIP)
    assert held.record.telephony is None
    assert held.observer.health.count("after_end") == 1


def test_a_redactor_hides_numbers_and_header_values_and_leaves_the_ids_of_the_call():
    watching = observer(redactor=PatternRedactor())
    body = {**CALL_DATA["body"], "SipHeader_X-Card": "4111 1111 1111 1111", "CallSid": CALL_SID}
    watching.attach_sip_from_telephony({**CALL_DATA, "body": body}, provider="twilio")
    told = watching.record.telephony
    assert (told.sip_call_id, told.carrier_call_id, told.stream_id) == (SIP, CALL_SID, CALL_DATA["stream_id"])
    assert (told.from_number, told.to_number) == ("<phone>", "<phone>")
    assert (told.sip_headers["SipCallId"], told.sip_headers["CallSid"]) == (SIP, CALL_SID)
    assert (told.sip_headers["X-Card"], told.sip_headers["From"]) == ("<card>", "<phone>")
    shown = watching.record.to_json() + render_call_report(watching.record)
    assert not any(secret in shown for secret in ("4155552671", "4155550199", "1111"))


def test_a_redactor_of_ones_own_sees_every_value_and_can_lose_no_field():
    seen = []

    def hide(text):
        seen.append(text)
        return "x"

    watching = observer(redactor=hide)
    watching.attach_sip_from_telephony(CALL_DATA, provider="twilio")
    told = watching.record.telephony
    assert (told.provider, told.sip_call_id, told.carrier_call_id, told.from_number) == ("twilio", "x", "x", "x")
    assert {SIP, CALL_SID, "+14155552671", "7"} <= set(seen)


def test_pages_and_show_tell_which_call_it_was():
    watching = observer()
    watching.attach_sip_from_telephony(CALL_DATA, provider="twilio")
    watching.attach_sip_info(sip_headers={"X-Evil": "<script>alert(1)</script>"})
    console = Console(width=400)
    with console.capture() as shown:
        console.print(call_as_text(watching.record))
    page = render_call_report(watching.record)
    for text in (shown.get(), page):
        for value in (SIP, CALL_SID, "twilio", "+14155552671"):
            assert value in text
    assert "X-Order" in page
    assert "<script>alert(1)" not in page


def test_tuner_is_told_the_id_and_the_headers():
    watching = observer(metadata={"sip_call_id": "of the metadata"})
    watching.attach_sip_from_telephony({"call_id": CALL_SID, "body": {}}, provider="twilio")
    assert call_payload(watching.record)["sip_call_id"] == CALL_SID
    assert "sip_headers" not in call_payload(watching.record)
    watching.attach_sip_info(SIP, {"X-A": "1"})
    told = call_payload(watching.record)
    assert (told["sip_call_id"], told["sip_headers"]) == (SIP, {"X-A": "1"})


def test_a_file_sink_keeps_the_telephony(tmp_path):
    hold_pizza_call(
        call_id="order",
        sinks=[JSONFileSink(tmp_path)],
        prepare=lambda held: held.observer.attach_sip_info(SIP),
    )
    assert CallRecord.load(tmp_path / "order.json").telephony == Telephony(sip_call_id=SIP)
