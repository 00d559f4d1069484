"""Both examples, with the carrier played against them over HTTP and websocket."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from xml.etree import ElementTree

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from flows_analytics import CallRecord

EXAMPLES = Path(__file__).parents[2] / "examples"
# Pipecat 1.4's runner imports fastapi, which it does not require.
pytest.importorskip("pipecat.runner.utils", exc_type=ImportError, reason="this Pipecat's runner needs fastapi")

CALL_SID, SIP_CALL_ID = "CA0123456789abcdef0123456789abcdef", "d8907723-0bc7-123b@10.0.13.72"
SILENCE = bytes(320)


async def answered(socket, is_audio):
    """Wait until the bot says something."""
    async for message in socket:
        if is_audio(message):
            return
    raise AssertionError("the bot hung up before it said a word")


async def play(example, directory, play_carrier):
    async with asyncio.timeout(60), TestClient(TestServer(example.make_app(directory))) as carrier:
        await play_carrier(carrier)
    (kept,) = (directory / "calls").glob("*.json")
    return CallRecord.load(kept)


def say_twilio(event, **fields):
    return json.dumps({"event": event, "streamSid": "MZ1", **fields})


@pytest.mark.parametrize("hangs_up", [False, True], ids=["the flow ends", "the caller hangs up"])
def test_a_call_from_twilio_ends_in_a_record_with_its_ids(tmp_path, monkeypatch, hangs_up):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import twilio_calls

    form = {
        "CallSid": CALL_SID,
        "AccountSid": "AC1",
        "SipCallId": SIP_CALL_ID,
        "From": "+15550100",
        "Caller": "+15550100",
        "Called": "+15550199",
        "Direction": "inbound",
        "CallerCity": "NEW YORK",
        "SipHeader_X-Order": 'a "quoted" <order> & more',
    }

    async def call(carrier):
        response = await carrier.post("/twiml", data=form)
        assert (response.status, response.content_type) == (200, "application/xml")
        stream = ElementTree.fromstring(await response.text()).find("Connect/Stream")  # noqa: S314  # our own
        parameters = {item.get("name"): item.get("value") for item in stream}
        path = stream.get("url").partition(f":{carrier.port}")[2]
        async with carrier.ws_connect(path) as socket:
            await socket.send_str(json.dumps({"event": "connected", "protocol": "Call"}))
            start = {"streamSid": "MZ1", "callSid": CALL_SID, "customParameters": parameters}
            await socket.send_str(say_twilio("start", start=start))
            await answered(socket, lambda message: json.loads(message.data)["event"] == "media")
            await socket.send_str(say_twilio("media", media={"payload": base64.b64encode(SILENCE).decode()}))
            if hangs_up:
                return
            await socket.send_str(say_twilio("dtmf", dtmf={"digit": "2"}))
            async for _ in socket:
                pass

    record = asyncio.run(play(twilio_calls, tmp_path, call))
    told = record.telephony
    assert (told.provider, told.sip_call_id, told.carrier_call_id) == ("twilio", SIP_CALL_ID, CALL_SID)
    assert (told.id, told.id_kind, told.stream_id) == (SIP_CALL_ID, "sip", "MZ1")
    assert (told.from_number, told.to_number, told.direction) == ("+15550100", "+15550199", "inbound")
    assert told.sip_headers["X-Order"] == 'a "quoted" <order> & more'
    assert "CallerCity" not in told.sip_headers
    assert record.call_id == CALL_SID
    if hangs_up:
        assert (record.path, record.exit_kind) == (("order",), "hangup")
    else:
        assert (record.path, record.status) == (("order", "goodbye"), "completed")
        assert [key.keys for key in record.keys] == ["2"]


@pytest.mark.parametrize("webhook", [True, False], ids=["with its webhook", "without its webhook"])
def test_a_call_from_jambonz_ends_in_a_record_with_its_ids(tmp_path, monkeypatch, webhook):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import jambonz_calls

    if not webhook:
        patient = jambonz_calls.PendingCalls.wait_and_pop
        monkeypatch.setattr(jambonz_calls.PendingCalls, "wait_and_pop", lambda self, sid: patient(self, sid, 0))
    hook = {
        "call_sid": "9fb35c28-9688-4531-943c-e280b04f3adf",
        "direction": "inbound",
        "from": "+15550100",
        "to": "+15550199",
        "call_id": "not-the-one-that-stays-1",
        "sip": {"headers": {"Call-ID": "not-the-one-that-stays-2", "X-CID": "stays@0.0.0.0"}},
    }

    async def call(carrier):
        path = "/ws"
        if webhook:
            verbs = await (await carrier.post("/call", json=hook)).json()
            assert [verb["verb"] for verb in verbs] == ["answer", "listen"]
            path = verbs[1]["url"].partition(f":{carrier.port}")[2]
        async with carrier.ws_connect(path, protocols=["audio.jambonz.org"]) as socket:
            assert socket.protocol == "audio.jambonz.org"
            first = {
                "callSid": hook["call_sid"],
                "callId": hook["call_id"],
                "from": hook["from"],
                "to": hook["to"],
            }
            await socket.send_str(json.dumps({**first, "sampleRate": 8000, "mixType": "mono"}))
            await socket.send_bytes(SILENCE)
            await answered(socket, lambda message: message.type is aiohttp.WSMsgType.BINARY)
            await socket.send_str(json.dumps({"event": "dtmf", "dtmf": "2", "duration": "1600"}))
            async for _ in socket:
                pass

    record = asyncio.run(play(jambonz_calls, tmp_path, call))
    told = record.telephony
    assert (told.provider, told.carrier_call_id) == ("jambonz", hook["call_sid"])
    assert told.sip_call_id == ("stays@0.0.0.0" if webhook else "not-the-one-that-stays-1")
    assert (told.from_number, told.to_number) == ("+15550100", "+15550199")
    assert (record.path, record.status) == (("order", "goodbye"), "completed")
