"""Take calls from Twilio, and record each with its SIP Call-ID.

Twilio tells the SIP Call-ID and headers to the voice webhook only; the TwiML that answers it hands them on to the
websocket on which the bot is. Point a number's voice URL at https://<your host>/twiml, and run:

    python examples/twilio_calls.py --public-url wss://<your host>/ws

On Pipecat 1.4 it needs fastapi too, which Pipecat's runner imports there.
"""

import argparse
from pathlib import Path

from aiohttp import web
from phone_bot import RATE, CarrierSocket, hold_call
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.twilio import TwilioFrameSerializer

from flows_analytics import FlowsObserver, HTMLReportSink, JSONFileSink
from flows_analytics.telephony import TwilioCallContext, build_sip_forwarding_twiml


def make_app(directory: Path, public_url: str | None = None) -> web.Application:
    """The server; without a public URL it listens where it was asked, for tries on this machine."""

    async def twiml(request: web.Request) -> web.Response:
        # Check the X-Twilio-Signature here, before you believe a word of the form.
        form = await request.post()
        text = build_sip_forwarding_twiml(form, ws_url=public_url or f"ws://{request.host}/ws")
        return web.Response(text=text, content_type="application/xml")

    async def bot(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse()
        await response.prepare(request)
        socket = CarrierSocket(response)
        _, call_data = await parse_telephony_websocket(socket)
        context = TwilioCallContext.from_call_data(call_data)
        observer = FlowsObserver(
            call_id=context.call_sid,
            call_type="phone_call",
            sinks=[JSONFileSink(directory / "calls"), HTMLReportSink(directory / "reports")],
        )
        observer.attach_sip_from_context(context)
        # With auto_hang_up and your credentials, Pipecat ends Twilio's side of the call too.
        params = TwilioFrameSerializer.InputParams(auto_hang_up=False, sample_rate=RATE)
        serializer = TwilioFrameSerializer(context.stream_sid or "", context.call_sid, params=params)
        await hold_call(socket, serializer, observer)
        return response

    app = web.Application()
    app.add_routes([web.post("/twiml", twiml), web.get("/ws", bot)])
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take calls from Twilio, and record each with its SIP Call-ID.")
    parser.add_argument("--public-url", help="The bot's websocket as Twilio reaches it: wss://<your host>/ws.")
    parser.add_argument("--port", type=int, default=8765, help="The port to listen on.")
    parser.add_argument("--directory", type=Path, default=Path(), help="Where calls/ and reports/ are made.")
    options = parser.parse_args()
    web.run_app(make_app(options.directory, options.public_url), host="127.0.0.1", port=options.port)
