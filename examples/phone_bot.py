"""A flows bot on a carrier's websocket, served by aiohttp. twilio_calls.py and jambonz_calls.py run it.

Its LLM and voice are scripted, so that it needs no keys: put real services where they stand. The caller answers
with the keys of the phone.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import WSMsgType, web
from pipecat.frames.frames import (
    CancelFrame,
    ClientConnectedFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    LLMMessagesAppendFrame,
    OutputAudioRawFrame,
    StartFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner
from record_a_call import order_node

from flows_analytics import FlowsObserver
from flows_analytics.testing import Pace, ScriptedLLM, ScriptedTTS, calls, says
from flows_analytics.testing.installed_flows import installed_flows
from flows_analytics.testing.script import Script

RATE = 8000
"""Samples a second on the phone."""


class CarrierSocket:
    """An aiohttp websocket, with what Pipecat's ``parse_telephony_websocket`` asks of a FastAPI one."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._audio: bytes | None = None
        self.handshake: list[str] = []

    async def iter_text(self) -> AsyncIterator[str]:
        """The messages of the handshake: text, until audio comes."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                self._audio = message.data
                return
            self.handshake.append(message.data)
            yield message.data

    async def messages(self) -> AsyncIterator[str | bytes]:
        """What comes after the handshake."""
        if self._audio is not None:
            yield self._audio
        async for message in self._socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                yield message.data

    async def send(self, data: str | bytes) -> None:
        """Send to the carrier, unless it has hung up."""
        if self._socket.closed:
            return
        if isinstance(data, bytes):
            await self._socket.send_bytes(data)
        else:
            await self._socket.send_str(data)

    async def close(self) -> None:
        """Close the socket."""
        await self._socket.close()


class CarrierTransport(BaseTransport):
    """Speaks to the carrier over a socket, in the carrier's own words."""

    def __init__(self, socket: CarrierSocket, serializer: FrameSerializer) -> None:
        super().__init__()
        params = TransportParams(
            audio_in_enabled=True,
            audio_in_sample_rate=RATE,
            audio_out_enabled=True,
            audio_out_sample_rate=RATE,
            audio_out_end_silence_secs=0,
        )
        self._input = _Ear(self, socket, serializer, params)
        self._output = _Mouth(socket, serializer, params)
        self._register_event_handler("on_client_connected")
        self._register_event_handler("on_client_disconnected")

    def input(self) -> FrameProcessor:
        return self._input

    def output(self) -> FrameProcessor:
        return self._output

    async def announce(self, event: str) -> None:
        await self._call_event_handler(event, "caller")


class _Ear(BaseInputTransport):
    def __init__(self, transport: Any, socket: CarrierSocket, serializer: Any, params: TransportParams) -> None:
        super().__init__(params)
        self._transport, self._socket, self._serializer = transport, socket, serializer
        self._listening: asyncio.Task[None] | None = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self._serializer.setup(frame)
        await self.set_transport_ready(frame)
        await self.push_frame(ClientConnectedFrame())
        await self._transport.announce("on_client_connected")
        self._listening = self.create_task(self._listen())

    async def stop(self, frame: EndFrame) -> None:
        await super().stop(frame)
        await self._hang_up()

    async def cancel(self, frame: CancelFrame) -> None:
        await super().cancel(frame)
        await self._hang_up()

    async def _listen(self) -> None:
        async for message in self._socket.messages():
            frame = await self._serializer.deserialize(message)
            if isinstance(frame, InputAudioRawFrame):
                await self.push_audio_frame(frame)
            elif frame is not None:
                await self.push_frame(frame)
        await self._transport.announce("on_client_disconnected")

    async def _hang_up(self) -> None:
        if self._listening is not None:
            listening, self._listening = self._listening, None
            await self.cancel_task(listening)


class _Mouth(BaseOutputTransport):
    def __init__(self, socket: CarrierSocket, serializer: FrameSerializer, params: TransportParams) -> None:
        super().__init__(params)
        self._socket, self._serializer = socket, serializer

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        await self._send(frame)
        # Pipecat paces its output by how long this takes.
        await asyncio.sleep(frame.num_frames / frame.sample_rate)
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            await self._send(frame)

    async def _send(self, frame: Frame) -> None:
        if (data := await self._serializer.serialize(frame)) is not None:
            await self._socket.send(data)


class _KeysAsText(FrameProcessor):
    """Tells the LLM which key the caller pressed."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, InputDTMFFrame):
            pressed = [{"role": "user", "content": f"I press {frame.button.value}."}]
            await self.push_frame(LLMMessagesAppendFrame(messages=pressed, run_llm=True))


async def hold_call(socket: CarrierSocket, serializer: FrameSerializer, observer: FlowsObserver) -> None:
    """Hold one call, until the flow ends it or the caller hangs up."""
    transport = CarrierTransport(socket, serializer)
    pace = Pace(bot_word=0.1, llm_ttfb=0.02, tts_ttfb=0.02)
    script = Script(
        [
            says("Hi! Press one for small, two for large."),
            calls("choose_size", size="large"),
            says("A large pizza. Goodbye!"),
        ]
    )
    llm, tts = ScriptedLLM(script, pace=pace), ScriptedTTS(pace=pace, sample_rate=RATE)
    # These strategies need no model to be loaded. Whoever listens to speech wants Pipecat's default ones.
    turns = UserTurnStrategies(start=[VADUserTurnStartStrategy()], stop=[SpeechTimeoutUserTurnStopStrategy()])
    aggregators = LLMContextAggregatorPair(
        LLMContext(), user_params=LLMUserAggregatorParams(user_turn_strategies=turns)
    )
    processors = [transport.input(), _KeysAsText(), aggregators.user(), llm, tts, transport.output()]
    worker = PipelineWorker(
        Pipeline([*processors, aggregators.assistant()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        enable_rtvi=False,
        observers=[observer],
    )
    flow = installed_flows().FlowManager(
        worker=worker, llm=llm, context_aggregator=aggregators, transport=transport
    )
    observer.attach_flow_manager(flow)
    observer.attach_transport(transport)

    @transport.event_handler("on_client_connected")
    async def on_client_connected(*_: object) -> None:
        await flow.initialize(order_node())

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(*_: object) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    try:
        await runner.run()
    finally:
        await socket.close()
