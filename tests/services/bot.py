"""A bot made of Pipecat's real OpenAI, Deepgram and Cartesia services, and one call with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from flows_analytics import CallRecord, FlowsObserver
from tests.services.call import REPLIES, speak, welcome_node
from tests.services.cartesia_endpoint import CartesiaEndpoint
from tests.services.deepgram_endpoint import DeepgramEndpoint
from tests.services.loopback import serve
from tests.services.metrics import Metrics
from tests.services.openai_endpoint import OpenAIEndpoint
from tests.services.phone import Phone
from tests.services.speech import RATE, Speech
from tests.services.truth import Truth
from tests.testing.flows_line import FlowManager

LLM_MODEL, STT_MODEL, TTS_MODEL, TTS_VOICE = "gpt-4.1", "nova-3", "sonic-3", "luigi"
"""What the bot asks for."""

# Until the caller may be sure that a pause is the end of the turn.
_USER_SPEECH_TIMEOUT_SECS = 0.2
TOLERANCE_MS = 20.0
"""How far the record may be from the truth, on a machine that keeps up."""

_MAX_SECS = 240.0
_WIND_DOWN_SECS = 60.0


@dataclass(frozen=True)
class HeldCall:
    """A call that was held.

    Attributes:
        record: What was recorded of it.
        truth: What really happened.
        metrics: What Pipecat's own frames said of it.
        secs: How long all of it took.
    """

    record: CallRecord
    truth: Truth
    metrics: Metrics
    secs: float

    def near(self, expected_ms: float, *at_ns: int) -> object:
        """What is as good as an expected number of milliseconds.

        Args:
            expected_ms: The number.
            at_ns: The true times it stands on. How late the machine was then is allowed for.
        """
        late_ns = sum(self.truth.hearsay.late_ns(at) for at in at_ns)
        return pytest.approx(expected_ms, abs=TOLERANCE_MS + late_ns / 1e6)

    def at(self, at_ns: int) -> object:
        """The time in the record that is as good as a true time."""
        return self.near(self.truth.ms(at_ns), at_ns)


async def hold_call(observers: Sequence[BaseObserver] = ()) -> HeldCall:
    """Hold the scripted call in real time.

    Args:
        observers: What watches beside the recorder.

    Raises:
        TimeoutError: The call did not end.
    """
    began = time.monotonic()
    metrics = Metrics()
    speech = Speech()
    openai = OpenAIEndpoint(REPLIES)
    deepgram, cartesia = DeepgramEndpoint(speech), CartesiaEndpoint(speech)
    async with serve(openai, deepgram, cartesia) as address:
        bot = _Bot(address, Phone(speech), [metrics, *observers])
        connected_ns, finished_ns = await bot.hold_call()
    clock = bot.phone.input().get_clock()
    truth = Truth(
        zero_ns=time.monotonic_ns() - clock.get_time(),
        connected_ns=connected_ns,
        finished_ns=finished_ns,
        hearsay=bot.phone.heard,
        unasked=openai.unasked,
        listening=deepgram.listening,
        inferences=openai.inferences,
        contexts=list(cartesia.contexts.values()),
    )
    return HeldCall(bot.observer.record, truth, metrics, time.monotonic() - began)


class _Bot:
    def __init__(self, address: str, phone: Phone, observers: Sequence[BaseObserver]) -> None:
        self.phone = phone
        self.observer = FlowsObserver(strict=True)
        llm = OpenAILLMService(
            api_key="none", base_url=f"http://{address}/v1", settings=OpenAILLMService.Settings(model=LLM_MODEL)
        )
        stt = DeepgramSTTService(
            api_key="none",
            base_url=f"ws://{address}",
            settings=DeepgramSTTService.Settings(model=STT_MODEL, language="multi"),
        )
        tts = CartesiaTTSService(
            api_key="none",
            url=f"ws://{address}/tts/websocket",
            sample_rate=RATE,
            settings=CartesiaTTSService.Settings(model=TTS_MODEL, voice=TTS_VOICE),
        )
        # These strategies need no model file, and time alone decides.
        turns = UserTurnStrategies(
            start=[VADUserTurnStartStrategy()],
            stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=_USER_SPEECH_TIMEOUT_SECS)],
        )
        aggregators = LLMContextAggregatorPair(
            LLMContext(),
            user_params=LLMUserAggregatorParams(user_turn_strategies=turns, vad_analyzer=phone.vad),
        )
        self.worker = PipelineWorker(
            Pipeline([phone.input(), stt, aggregators.user(), llm, tts, phone.output(), aggregators.assistant()]),
            params=PipelineParams(
                audio_in_sample_rate=RATE,
                audio_out_sample_rate=RATE,
                enable_metrics=True,
                enable_usage_metrics=True,
            ),
            enable_rtvi=False,
            observers=[self.observer, *observers],
        )
        self.flow_manager: Any = FlowManager(
            worker=self.worker, llm=llm, context_aggregator=aggregators, transport=phone
        )
        self.observer.attach_flow_manager(self.flow_manager)

    async def hold_call(self) -> tuple[int, int]:
        """Hold the call; return when it began and ended, in nanoseconds of the monotonic clock."""
        started = asyncio.Event()

        @self.worker.event_handler("on_pipeline_started")
        async def on_pipeline_started(*_: object) -> None:
            started.set()

        @self.phone.event_handler("on_client_connected")
        async def on_client_connected(*_: object) -> None:
            await self.flow_manager.initialize(welcome_node())

        async def call() -> None:
            await speak(self.phone)
            await asyncio.Event().wait()

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        pipeline = asyncio.create_task(runner.run())
        sides: list[asyncio.Task[None]] = []
        try:
            async with asyncio.timeout(_MAX_SECS):
                await started.wait()
                connected_ns = time.monotonic_ns()
                sides = [asyncio.create_task(self.phone.stream()), asyncio.create_task(call())]
                await asyncio.wait({pipeline, *sides}, return_when=asyncio.FIRST_COMPLETED)
                for side in sides:
                    if side.done():
                        side.result()
            return connected_ns, time.monotonic_ns()
        finally:
            for side in sides:
                side.cancel()
            await runner.cancel()
            await asyncio.wait({pipeline}, timeout=_WIND_DOWN_SECS)
