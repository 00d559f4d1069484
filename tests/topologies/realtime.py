"""Bots whose LLM hears and speaks by itself, and the model at the other end of its connection.

`RealtimeBot` has Pipecat's own OpenAIRealtimeLLMService, which talks to a `Model` in its own protocol through a
socket that is none. `LiveBot` has a service that pushes its frames as Pipecat's Gemini Live service does: it says
that it speaks before it says that it answers, never tells when the caller speaks, and leaves an answer that was
interrupted without an end.
"""

from __future__ import annotations

import array
import asyncio
import base64
import json
from contextlib import suppress
from typing import Any

from pipecat.frames.frames import (
    FunctionCallFromLLM,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.settings import LLMSettings
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601

from flows_analytics.testing import Script, ScriptedBot
from flows_analytics.testing.happening import SpokenWord
from flows_analytics.testing.settings import complete
from flows_analytics.testing.steps import Calls
from flows_analytics.testing.transport import ScriptedTransport

SAMPLE_RATE = 24_000
# What the model's own voice activity detection needs to be sure.
STARTED_SECS = 0.2
STOPPED_SECS = 0.5
# The caller's step of the script is taken once he was heard; the model's comes after it.
_NEXT_STEP_SECS = 0.001


class Model:
    """A model that hears and speaks. It takes the LLM's steps of the script.

    Args:
        bot: The bot it answers for.
        transcript_secs: From the end of the caller's speech, as it detects it, to the transcript.
    """

    def __init__(self, bot, transcript_secs: float) -> None:
        self._activity = bot.activity
        self._pace = bot.pace
        self._transcript_secs = transcript_secs
        self.script = Script()
        self.service: Any = None
        self.answering: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._spoken = 0

    async def hear(self, text: str, secs: float) -> None:
        """Hear the caller speak, and answer; returns once the end of it is detected."""
        began = asyncio.get_running_loop().time()
        self._activity.tell("caller_began", began, text=text)
        await asyncio.sleep(STARTED_SECS)
        await self.service.speech_started()
        await asyncio.sleep(max(0.0, secs - STARTED_SECS) + STOPPED_SECS)
        self._activity.tell("caller_ended", began + max(secs, STARTED_SECS), text=text)
        await self.service.speech_stopped()
        self.answer()
        transcribing = asyncio.create_task(self._transcribe(text))
        self._tasks.add(transcribing)

    def answer(self) -> None:
        """Answer now."""
        self.stop()
        self.answering = asyncio.create_task(self._answer())

    def stop(self) -> None:
        """Stop answering."""
        if self.answering is not None and not self.answering.done():
            self.answering.cancel()

    async def _transcribe(self, text: str) -> None:
        await asyncio.sleep(self._transcript_secs)
        self._activity.tell("transcribed", who="model", text=text)
        await self.service.transcribed(text)

    async def _answer(self) -> None:
        await asyncio.sleep(_NEXT_STEP_SECS)
        step = self.script.take_llm_step()
        if step is None:
            return
        name = type(self).__name__
        text = None if isinstance(step, Calls) else step.text
        with self._activity.generating():
            self._activity.tell("llm_asked", who=name, text=text)
            await asyncio.sleep(self._pace.llm_ttfb - _NEXT_STEP_SECS)
            self._activity.tell("llm_answered", who=name, text=text)
            if isinstance(step, Calls):
                await self.service.called(step)
            else:
                self._activity.will_speak("")
                await self._speak(step.text)
            self._activity.tell("llm_done", who=name, text=text)
            await self.service.done()

    async def _speak(self, text: str) -> None:
        # Words and their audio take turns, some eight times faster than they are played.
        self._spoken += 1
        context = f"speech-{self._spoken}"
        said = text.split()
        secs = self._pace.bot_word
        words = [
            SpokenWord(self._activity.mark_word(), word, at * secs, (at + 1) * secs)
            for at, word in enumerate(said)
        ]
        self._activity.tell("tts_audio", who="model", text=text, context_id=context, words=tuple(words))
        await self.service.began()
        for word in words:
            audio = array.array("h", [word.mark]).tobytes() * round(secs * SAMPLE_RATE)
            await self.service.word(word.word if word is words[0] else f" {word.word}", audio)
            await asyncio.sleep(secs / 8)


class ModelTransport(ScriptedTransport):
    """A line on which nobody but the model listens for voice."""

    def __init__(self, model: Model, *, local_voice_detection: bool, **options: Any) -> None:
        super().__init__(sample_rate=SAMPLE_RATE, **options)
        self._model = model
        self._local = local_voice_detection

    async def speak(self, text: str, secs: float) -> None:
        heard = asyncio.create_task(self._model.hear(text, secs))
        if self._local:
            await asyncio.sleep(0.2)
            await self.input().push_frame(VADUserStartedSpeakingFrame(start_secs=0.2))
            await asyncio.sleep(max(0.0, secs - 0.2) + 0.2)
            await self.input().push_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))
        await heard


class Socket:
    """The model's end of a connection that speaks OpenAI's realtime protocol."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._items = self._events = 0
        self._item: str | None = None
        self._tell("session.created", session={})

    def _tell(self, kind: str, **fields: Any) -> None:
        self._events += 1
        self._incoming.put_nowait({"type": kind, "event_id": f"event-{self._events}", **fields})

    def __aiter__(self) -> Socket:
        return self

    async def __anext__(self) -> str:
        return json.dumps(await self._incoming.get())

    async def close(self) -> None:
        self._model.stop()

    async def send(self, message: str) -> None:
        kind = json.loads(message)["type"]
        if kind == "session.update":
            self._tell("session.updated", session={})
        elif kind == "response.create":
            self._model.answer()

    # What the model does

    async def speech_started(self) -> None:
        self._tell("input_audio_buffer.speech_started", audio_start_ms=0, item_id="heard")
        if self._model.answering is not None and not self._model.answering.done():
            self._model.stop()
            self._over("cancelled")

    async def speech_stopped(self) -> None:
        self._tell("input_audio_buffer.speech_stopped", audio_end_ms=0, item_id="heard")

    async def transcribed(self, text: str) -> None:
        kind = "conversation.item.input_audio_transcription"
        self._tell(f"{kind}.delta", item_id="heard", content_index=0, delta=text)
        self._tell(f"{kind}.completed", item_id="heard", content_index=0, transcript=text)

    def _response(self, status: str) -> dict[str, Any]:
        usage = {
            "total_tokens": 30,
            "input_tokens": 20,
            "output_tokens": 10,
            "input_token_details": {"cached_tokens": 5},
            "output_token_details": {},
        }
        kind = "realtime.response"
        return {"id": "r", "object": kind, "status": status, "status_details": None, "output": [], "usage": usage}

    def _over(self, status: str) -> None:
        self._item = None
        self._tell("response.done", response=self._response(status))

    async def began(self) -> None:
        self._items += 1
        self._item = f"item-{self._items}"
        self._tell("response.created", response=self._response("in_progress"))
        item = {"id": self._item, "type": "message", "role": "assistant", "content": []}
        self._tell("conversation.item.added", item=item)

    async def word(self, text: str, audio: bytes) -> None:
        at = {"response_id": "r", "item_id": self._item, "output_index": 0, "content_index": 0}
        self._tell("response.output_audio_transcript.delta", delta=text, **at)
        self._tell("response.output_audio.delta", delta=base64.b64encode(audio).decode(), **at)

    async def called(self, step: Calls) -> None:
        self._items += 1
        call = f"call-{self._items}"
        arguments = json.dumps(dict(step.arguments))
        item = {"id": f"item-{self._items}", "type": "function_call", "call_id": call, "name": step.name}
        self._tell("response.created", response=self._response("in_progress"))
        self._tell("conversation.item.added", item={**item, "arguments": ""})
        self._tell(
            "response.function_call_arguments.done",
            response_id="r",
            item_id=item["id"],
            output_index=0,
            call_id=call,
            arguments=arguments,
        )

    async def done(self) -> None:
        self._over("completed")


class RealtimeLLM(OpenAIRealtimeLLMService):
    """Pipecat's own service, connected to a model of ours."""

    def __init__(self, model: Model) -> None:
        super().__init__(api_key="none")
        self._model = model

    @property
    def script(self) -> Script:
        return self._model.script

    @script.setter
    def script(self, script: Script) -> None:
        self._model.script = script

    async def _connect(self) -> None:
        if self._websocket is None:
            self._model.service = self._websocket = Socket(self._model)
            self._receive_task = self.create_task(self._receive_task_handler())


class LiveLLM(LLMService):
    """A service that pushes its frames in the order of Pipecat's Gemini Live service."""

    def __init__(self, model: Model) -> None:
        super().__init__(settings=complete(LLMSettings, model="live"))
        self._model = model
        model.service = self
        self._responding = False
        self._context: LLMContext | None = None

    @property
    def script(self) -> Script:
        return self._model.script

    @script.setter
    def script(self, script: Script) -> None:
        self._model.script = script

    async def process_frame(self, frame: Any, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            self._context, first = frame.context, self._context is None
            last = frame.context.get_messages()[-1:]
            answered = bool(last) and isinstance(last[0], dict) and last[0].get("role") != "user"
            if first or answered:
                self._model.answer()
            return
        if isinstance(frame, InterruptionFrame) and self._responding:
            self._responding = False
            await self.push_frame(TTSStoppedFrame())
        await self.push_frame(frame, direction)

    async def speech_started(self) -> None:
        if (self._model.answering is not None and not self._model.answering.done()) or self._responding:
            self._model.stop()
            await self.broadcast_interruption()

    async def speech_stopped(self) -> None:
        pass

    async def transcribed(self, text: str) -> None:
        await self.push_frame(TranscriptionFrame(text, "", time_now_iso8601()), FrameDirection.UPSTREAM)

    async def began(self) -> None:
        self._responding = True
        await self.push_frame(TTSStartedFrame())
        await self.push_frame(LLMFullResponseStartFrame())

    async def word(self, text: str, audio: bytes) -> None:
        written = LLMTextFrame(text)
        written.append_to_context = False
        await self.push_frame(written)
        spoken = TTSTextFrame(text, "sentence")
        spoken.includes_inter_frame_spaces = True
        await self.push_frame(spoken)
        await self.push_frame(TTSAudioRawFrame(audio=audio, sample_rate=SAMPLE_RATE, num_channels=1))

    async def called(self, step: Calls) -> None:
        call = FunctionCallFromLLM(
            context=self._context,
            tool_call_id=f"call-{len(self._context.get_messages())}",
            function_name=step.name,
            arguments=dict(step.arguments),
        )
        await self.run_function_calls([call])

    async def done(self) -> None:
        if self._responding:
            self._responding = False
            await self.push_frame(TTSStoppedFrame())
            await self.push_frame(LLMFullResponseEndFrame())


class _ModelBot(ScriptedBot):
    service: type[Any]
    local_voice_detection: bool

    def __init__(self, *, transcript_secs: float = 0.9, **options: Any) -> None:
        self._transcript_secs = transcript_secs
        super().__init__(**options)

    def _voice_processors(self):
        self.model = Model(self, self._transcript_secs)
        self.llm = self.service(self.model)
        self.transport = ModelTransport(
            self.model, local_voice_detection=self.local_voice_detection, activity=self.activity
        )
        self.context_aggregator = self._aggregators()
        return [
            self.transport.input(),
            self.context_aggregator.user(),
            self.llm,
            self.transport.output(),
            self.context_aggregator.assistant(),
        ]

    def _aggregators(self) -> LLMContextAggregatorPair:
        options: dict[str, Any] = {}
        if self.local_voice_detection:
            turns = UserTurnStrategies(
                start=[VADUserTurnStartStrategy()],
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.307)],
            )
            options["user_params"] = LLMUserAggregatorParams(user_turn_strategies=turns)
        return LLMContextAggregatorPair(LLMContext(), realtime_service_mode=True, **options)

    async def run(self, *args: Any, **options: Any) -> Script:
        try:
            return await super().run(*args, **options)
        finally:
            if self.model.answering is not None:
                self.model.stop()
                with suppress(asyncio.CancelledError):
                    await self.model.answering


class RealtimeBot(_ModelBot):
    """Its model detects voice; nothing else does."""

    service = RealtimeLLM
    local_voice_detection = False


class LiveBot(_ModelBot):
    """Its model detects voice for itself and tells nobody; a detector of the bot's own drives the turns."""

    service = LiveLLM
    local_voice_detection = True


class BlindBot(_ModelBot):
    """Its model detects voice for itself and tells nobody, and nothing else does: no frame tells turns."""

    service = LiveLLM
    local_voice_detection = False
