"""Take calls from Jambonz, and record each with its SIP Call-ID.

Jambonz tells the SIP headers to the call webhook only, and the bot is on a websocket that comes later, on another
connection. What the webhook told is parked until then. Point an application's call webhook at
https://<your host>/call, and run:

    python examples/jambonz_calls.py --public-url wss://<your host>/ws

On Pipecat 1.4 it needs fastapi too, which Pipecat's runner imports there.
"""

import argparse
import json
from pathlib import Path

from aiohttp import web
from phone_bot import RATE, CarrierSocket, hold_call
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import Frame, InputAudioRawFrame, InputDTMFFrame, OutputAudioRawFrame
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.base_serializer import FrameSerializer

from flows_analytics import FlowsObserver, HTMLReportSink, JSONFileSink
from flows_analytics.telephony import JambonzCallContext, PendingCalls


class JambonzSerializer(FrameSerializer):
    """Jambonz's ``listen`` verb: audio as bare samples, keys as JSON."""

    async def serialize(self, frame: Frame) -> bytes | None:
        return bytes(frame.audio) if isinstance(frame, OutputAudioRawFrame) else None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        if isinstance(data, bytes):
            return InputAudioRawFrame(audio=data, sample_rate=RATE, num_channels=1)
        message = json.loads(data)
        if message.get("event") == "dtmf":
            return InputDTMFFrame(button=KeypadEntry(message["dtmf"]))
        return None


def make_app(directory: Path, public_url: str | None = None) -> web.Application:
    """The server; without a public URL it listens where it was asked, for tries on this machine."""
    pending: PendingCalls[JambonzCallContext] = PendingCalls()

    async def call(request: web.Request) -> web.Response:
        # Check the Jambonz-Signature here, before you believe a word of the webhook.
        pending.park(JambonzCallContext.from_webhook(await request.json()))
        audio = {"enabled": True, "streaming": True, "sampleRate": RATE}
        listen = {"verb": "listen", "url": public_url or f"ws://{request.host}/ws", "actionHook": "/over"}
        listen |= {"sampleRate": RATE, "passDtmf": True, "bidirectionalAudio": audio}
        return web.json_response([{"verb": "answer"}, listen])

    async def over(request: web.Request) -> web.Response:
        return web.json_response([{"verb": "hangup"}])

    async def bot(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse(protocols=["audio.jambonz.org"])
        await response.prepare(request)
        socket = CarrierSocket(response)
        # Pipecat does not know Jambonz, and says so; the first message is in the socket's handshake.
        await parse_telephony_websocket(socket)
        told = JambonzCallContext.from_webhook(socket.handshake)
        context = await pending.wait_and_pop(told.call_sid) or told
        observer = FlowsObserver(
            call_id=context.call_sid,
            call_type="phone_call",
            sinks=[JSONFileSink(directory / "calls"), HTMLReportSink(directory / "reports")],
        )
        observer.attach_sip_from_context(context)
        await hold_call(socket, JambonzSerializer(), observer)
        return response

    app = web.Application()
    app.add_routes([web.post("/call", call), web.post("/over", over), web.get("/ws", bot)])
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take calls from Jambonz, and record each with its SIP Call-ID.")
    parser.add_argument("--public-url", help="The bot's websocket as Jambonz reaches it: wss://<your host>/ws.")
    parser.add_argument("--port", type=int, default=8765, help="The port to listen on.")
    parser.add_argument("--directory", type=Path, default=Path(), help="Where calls/ and reports/ are made.")
    options = parser.parse_args()
    web.run_app(make_app(options.directory, options.public_url), host="127.0.0.1", port=options.port)
