"""The pushes that an observer is told of during a voice call, made without holding one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

from pipecat.frames import frames
from pipecat.frames.frames import Frame
from pipecat.metrics.metrics import (
    LLMTokenUsage,
    LLMUsageMetricsData,
    MetricsData,
    TTFBMetricsData,
    TTSUsageMetricsData,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.pipeline.pipeline import PipelineSink, PipelineSource
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from flows_analytics.testing import ScriptedBot

MS = 1_000_000
"""Nanoseconds in a millisecond; all times here are readings of a pipeline clock, in nanoseconds."""

_HOP = MS // 20
_CHUNK = 20 * MS
_HEARTBEAT = 200 * MS
_SILENCE = bytes(640)
_RATE = 16_000
# Pipecat says which push of a frame is the first since 1.12.
_TELLS_FIRST_PUSH = "first_push" in FramePushed.__dataclass_fields__
# The caller's turns have a frame of their own since Pipecat 1.13.
_USER_TURN_FRAME = getattr(frames, "LLMContextUserTurnFrame", None)


class Place(IntEnum):
    """Where a processor stands in the pipeline: eight between the worker's own source and sink."""

    SOURCE = 0
    RTVI = 1
    INPUT = 2
    STT = 3
    USER = 4
    LLM = 5
    TTS = 6
    OUTPUT = 7
    ASSISTANT = 8
    SINK = 9


class CallStream:
    """What is pushed in a call: 20 ms of audio both ways, speech, text, metrics and function calls.

    The caller and the bot take turns; each third answer calls a function first, each fourth is cut off. Frames
    travel as Pipecat's do: the same object at each hop, a pair of them where a frame is broadcast, the bot's words
    once from the TTS ahead of time and again from the output transport as they are played. The call does not end,
    because what an observer does then is no cost of a frame.

    Args:
        bot: Whose processors the frames pass.
        seed: Of the dice.
    """

    def __init__(self, bot: ScriptedBot, *, seed: int) -> None:
        async def nowhere(frame: Frame, direction: FrameDirection) -> None:
            raise AssertionError(f"{frame} came out of a pipeline that is never run")

        assert bot.transport and bot.stt and bot.tts
        self._line: list[FrameProcessor] = [
            PipelineSource(nowhere, name="Benchmark::Source"),
            FrameProcessor(name="RTVI"),
            bot.transport.input(),
            bot.stt,
            bot.context_aggregator.user(),
            bot.llm,
            bot.tts,
            bot.transport.output(),
            bot.context_aggregator.assistant(),
            PipelineSink(nowhere, name="Benchmark::Sink"),
        ]
        self._dice = random.Random(seed)
        self._context = LLMContext()
        self._made: list[FramePushed] = []
        self._now = 0
        self._heard_until = 0
        self._turn = 0

    @property
    def now_ns(self) -> int:
        """How far the call has come."""
        return self._now

    @property
    def frames_ahead(self) -> int:
        """Number of frames made whose pushes are still to come."""
        return len({push.frame.id for push in self._made})

    def turns(self, minutes: float) -> Iterator[list[FramePushed]]:
        """Make the call, one exchange at a time, so that no more than that is in memory.

        Args:
            minutes: The length of the call; the exchange under way is finished.

        Yields:
            The pushes of an exchange, in the order of their time.
        """
        self._open()
        while self._now < minutes * 60_000 * MS:
            self._exchange()
            self._hear()
            self._made.sort(key=lambda push: push.timestamp)
            # What is still under way when the next turn begins mixes with it.
            due = sum(push.timestamp < self._now for push in self._made)
            pushes, self._made = self._made[:due], self._made[due:]
            yield pushes

    # How frames travel

    def _down(self, at: int, frame: Frame, start: Place, end: Place = Place.SINK) -> None:
        self._travel(at, frame, range(start, end), FrameDirection.DOWNSTREAM)

    def _up(self, at: int, frame: Frame, start: Place) -> None:
        self._travel(at, frame, range(start, Place.SOURCE, -1), FrameDirection.UPSTREAM)

    def _travel(self, at: int, frame: Frame, path: range, direction: FrameDirection) -> None:
        first = True
        for place in path:
            source, destination = self._line[place], self._line[place + path.step]
            push = FramePushed(source, destination, frame, direction, at)
            if _TELLS_FIRST_PUSH:
                push.first_push = first
            first = False
            self._made.append(push)
            at += _HOP

    def _broadcast(self, at: int, make: Callable[[], Frame], start: Place, *, siblings: bool = True) -> None:
        down, up = make(), make()
        if siblings:
            down.broadcast_sibling_id, up.broadcast_sibling_id = up.id, down.id
        self._down(at, down, start)
        self._up(at, up, start)

    def _tell_client(self, at: int, kind: str, text: str) -> None:
        message = {"label": "rtvi-ai", "type": kind, "data": {"text": text}}
        self._down(at, frames.OutputTransportMessageUrgentFrame(message=message), Place.RTVI, Place.OUTPUT)

    def _measure(self, at: int, start: Place, make: Callable[..., MetricsData], value: Any) -> None:
        data = [make(processor=self._line[start].name, model="scripted", value=value)]
        self._down(at, frames.MetricsFrame(data=data), start)

    def _hear(self) -> None:
        for at in range(self._heard_until, self._now, _CHUNK):
            self._down(at, frames.InputAudioRawFrame(_SILENCE, _RATE, 1), Place.INPUT)
            self._heard_until = at + _CHUNK

    # What happens in the call

    def _open(self) -> None:
        self._down(0, frames.StartFrame(), Place.SOURCE)
        for place in (Place.STT, Place.LLM, Place.TTS):
            self._measure(MS, place, TTFBMetricsData, 0.0)
        self._down(50 * MS, frames.ClientConnectedFrame(), Place.INPUT)
        self._now = 100 * MS

    def _exchange(self) -> None:
        self._turn += 1
        at = self._caller_speaks(self._now)
        if self._turn % 3 == 0:
            at = self._function_called(at)
        self._now = self._bot_speaks(at)

    def _caller_speaks(self, at: int) -> int:
        words = self._words(4, 12)
        vad = frames.VADUserStartedSpeakingFrame
        self._broadcast(at, lambda: vad(start_secs=0.2), Place.USER, siblings=False)
        self._broadcast(at + MS, frames.UserStartedSpeakingFrame, Place.USER)
        self._broadcast(at + MS, frames.InterruptionFrame, Place.USER)
        until = at + len(words) * 350 * MS
        for beat in range(at, until, _HEARTBEAT):
            self._broadcast(beat, frames.UserSpeakingFrame, Place.USER)
        for number in range(1, len(words)):
            text = " ".join(words[:number])
            heard = at + number * 350 * MS
            self._down(heard, frames.InterimTranscriptionFrame(text, "caller", ""), Place.STT, Place.USER)
            self._tell_client(heard, "user-transcription", text)
        text = " ".join(words)
        gone = frames.VADUserStoppedSpeakingFrame
        self._broadcast(until, lambda: gone(stop_secs=0.2), Place.USER, siblings=False)
        self._measure(until + 100 * MS, Place.STT, TTFBMetricsData, 0.1)
        self._down(until + 100 * MS, frames.TranscriptionFrame(text, "caller", ""), Place.STT, Place.USER)
        self._tell_client(until + 100 * MS, "user-transcription", text)
        decided = until + 300 * MS
        self._broadcast(decided, frames.UserStoppedSpeakingFrame, Place.USER)
        if _USER_TURN_FRAME is not None:
            self._broadcast(decided, lambda: _USER_TURN_FRAME(text=text, timestamp=""), Place.USER)
        self._think(decided)
        return decided

    def _think(self, at: int) -> None:
        self._down(at, frames.LLMContextFrame(self._context), Place.USER, Place.LLM)

    def _function_called(self, at: int) -> int:
        at = self._infer(at, [])
        name, call = self._words(1, 1)[0], f"call_{self._turn}"
        told = {"time": "19:30", "guests": self._turn}
        asked = frames.FunctionCallFromLLM(name, call, told, self._context)
        self._broadcast(at, lambda: frames.FunctionCallsStartedFrame([asked]), Place.LLM)
        self._broadcast(at + MS, lambda: frames.FunctionCallInProgressFrame(name, call, told), Place.LLM)
        at += self._dice.randrange(50, 800) * MS
        given = {"status": "success", "table": self._turn}
        self._broadcast(at, lambda: frames.FunctionCallResultFrame(name, call, told, given), Place.LLM)
        # The node that is entered: its messages, its tools and the run of the LLM.
        at += 5 * MS
        prompt: Any = {"role": "developer", "content": "Ask for the name."}
        for frame in (
            frames.LLMMessagesAppendFrame([prompt]),
            frames.LLMSetToolsFrame([]),
            frames.LLMRunFrame(),
        ):
            self._down(at, frame, Place.SOURCE, Place.USER)
            at += MS
        self._think(at)
        return at

    def _infer(self, at: int, words: list[str]) -> int:
        at += self._dice.randrange(200, 500) * MS
        self._measure(at, Place.LLM, TTFBMetricsData, 0.3)
        self._down(at, frames.LLMFullResponseStartFrame(), Place.LLM, Place.ASSISTANT)
        for word in words:
            at += 15 * MS
            self._down(at, frames.LLMTextFrame(f"{word} "), Place.LLM, Place.TTS)
            self._tell_client(at, "bot-llm-text", word)
        usage = LLMTokenUsage(prompt_tokens=900, completion_tokens=len(words), total_tokens=900 + len(words))
        self._measure(at + MS, Place.LLM, LLMUsageMetricsData, usage)
        self._down(at + MS, frames.LLMFullResponseEndFrame(), Place.LLM, Place.ASSISTANT)
        return at + MS

    def _bot_speaks(self, at: int) -> int:
        words = self._words(8, 30)
        at = self._infer(at, words)
        context = f"context-{self._turn}"
        text = " ".join(words)
        sentence = frames.AggregatedTextFrame(text, "sentence", context_id=context)
        self._down(at, sentence, Place.TTS, Place.ASSISTANT)
        self._measure(at, Place.TTS, TTSUsageMetricsData, len(text))
        at += 120 * MS
        self._measure(at, Place.TTS, TTFBMetricsData, 0.12)
        self._down(at, frames.TTSStartedFrame(context_id=context), Place.TTS, Place.ASSISTANT)
        heard = len(words) if self._turn % 4 else len(words) // 2
        until = at + heard * 300 * MS
        for number, word in enumerate(words):
            frame = frames.TTSTextFrame(word, "word", context_id=context)
            self._down(at + number * MS, frame, Place.TTS, Place.OUTPUT)
            if number < heard:
                played = at + (1 + number) * 300 * MS - MS
                self._down(played, frame, Place.OUTPUT, Place.ASSISTANT)
                self._tell_client(played, "bot-tts-text", word)
        for number, chunk in enumerate(range(at, until, _CHUNK)):
            # A service delivers its audio faster than it plays.
            made = frames.TTSAudioRawFrame(_SILENCE, _RATE, 1, context_id=context)
            self._down(at + number * _CHUNK // 8, made, Place.TTS, Place.OUTPUT)
            self._down(chunk, frames.OutputAudioRawFrame(_SILENCE, _RATE, 1), Place.OUTPUT)
        self._broadcast(at, frames.BotStartedSpeakingFrame, Place.OUTPUT)
        for beat in range(at, until, _HEARTBEAT):
            self._broadcast(beat, frames.BotSpeakingFrame, Place.OUTPUT)
        said = " ".join(words[:heard])
        turn = frames.LLMContextAssistantTurnFrame
        if heard == len(words):
            self._down(until, frames.TTSStoppedFrame(context_id=context), Place.TTS, Place.ASSISTANT)
            self._broadcast(until, lambda: turn(text=said, timestamp=""), Place.ASSISTANT)
            self._broadcast(until + 300 * MS, frames.BotStoppedSpeakingFrame, Place.OUTPUT)
            return until + self._dice.randrange(400, 2000) * MS
        # The caller begins to speak now; the bot stops because of it.
        self._broadcast(until + 5 * MS, frames.BotStoppedSpeakingFrame, Place.OUTPUT)
        self._broadcast(until + 6 * MS, lambda: turn(text=said, timestamp=""), Place.ASSISTANT)
        return until

    def _words(self, fewest: int, most: int) -> list[str]:
        letters = "etaoinshrdlu"
        count = self._dice.randint(fewest, most)
        return ["".join(self._dice.choices(letters, k=self._dice.randint(2, 9))) for _ in range(count)]
