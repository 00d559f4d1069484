"""A bot whose voice is a tone, and a caller who speaks another: what is heard can be measured."""

from __future__ import annotations

import asyncio
import wave

import numpy as np
from pipecat.frames.frames import InputAudioRawFrame, TTSAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection

from flows_analytics.testing import ScriptedBot
from flows_analytics.testing.transport import ScriptedTransport
from flows_analytics.testing.tts import ScriptedTTS

MICROPHONE_SECS = 0.02
AMPLITUDE = 12_000


def tone(samples: int, sample_rate: int, *, hertz: float = 440.0) -> bytes:
    """A sine whose phase does not matter: its edges are what is looked for."""
    at = np.arange(samples) / sample_rate
    return (AMPLITUDE * np.sin(2 * np.pi * hertz * at)).astype(np.int16).tobytes()


class ToneTTS(ScriptedTTS):
    async def run_tts(self, text, context_id):
        async for frame in super().run_tts(text, context_id):
            if isinstance(frame, TTSAudioRawFrame):
                frame.audio = tone(len(frame.audio) // 2, frame.sample_rate)
            yield frame


class Microphone:
    """Pushes 20 ms of sound every 20 ms, a tone while the caller speaks, and keeps what really happened.

    Attributes:
        speech: When the caller spoke: pairs of loop times.
    """

    def __init__(self, transport: ScriptedTransport, sample_rate: int) -> None:
        self._input = transport.input()
        self._rate = sample_rate
        self._task: asyncio.Task[None] | None = None
        self._speaks_from = self._speaks_until = 0.0
        self.muted = False
        self.speech: list[tuple[float, float]] = []

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="microphone")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def speak(self, secs: float) -> None:
        now = asyncio.get_running_loop().time()
        self._speaks_from, self._speaks_until = now, now + secs
        self.speech.append((now, now + secs))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        samples = round(MICROPHONE_SECS * self._rate)
        due = loop.time()
        while True:
            due += MICROPHONE_SECS
            await asyncio.sleep(due - loop.time())
            at = due - MICROPHONE_SECS + np.arange(samples) / self._rate
            heard = np.frombuffer(tone(samples, self._rate), dtype=np.int16)
            pcm = np.where((at >= self._speaks_from) & (at < self._speaks_until), heard, 0).astype(np.int16)
            if not self.muted:
                await self._input.push_frame(
                    InputAudioRawFrame(pcm.tobytes(), self._rate, 1), FrameDirection.DOWNSTREAM
                )


class AudibleTransport(ScriptedTransport):
    def __init__(self, *, microphone_rate: int, **options) -> None:
        super().__init__(**options)
        self.microphone = Microphone(self, microphone_rate)

    async def connect(self) -> None:
        self.microphone.start()
        await super().connect()

    async def speak(self, text: str, secs: float) -> None:
        self.microphone.speak(secs)
        await super().speak(text, secs)

    async def hang_up(self) -> None:
        self.microphone.stop()
        await super().hang_up()


class AudibleBot(ScriptedBot):
    """A ScriptedBot that can be heard, with an audio processor behind its output."""

    def __init__(self, *, audio_processor, sample_rate: int = 16_000, microphone_rate: int = 16_000, **options):
        self._audio_processor = audio_processor
        self._sample_rate = sample_rate
        self._microphone_rate = microphone_rate
        super().__init__(**options)

    def _voice_processors(self):
        super()._voice_processors()
        pace, dice, activity = self.pace, self._dice, self.activity
        self.tts = ToneTTS(pace=pace, dice=dice, activity=activity, sample_rate=self._sample_rate)
        self.transport = AudibleTransport(
            activity=activity,
            on_speech=self.stt.expect,
            sample_rate=self._sample_rate,
            microphone_rate=self._microphone_rate,
        )
        return [
            self.transport.input(),
            self.stt,
            self.context_aggregator.user(),
            self.llm,
            self.tts,
            self.transport.output(),
            self._audio_processor,
            self.context_aggregator.assistant(),
        ]


def read_wav(path):
    """The samples of a file, one row a channel, and its rate."""
    with wave.open(str(path)) as file:
        pcm = file.readframes(file.getnframes())
        assert file.getsampwidth() == 2
        return np.frombuffer(pcm, dtype=np.int16).reshape(-1, file.getnchannels()).T, file.getframerate()


def sounds(samples, sample_rate, *, pause_secs: float = 0.03):
    """Where a channel can be heard: pairs of milliseconds, each tone's on and off edge."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > AMPLITUDE // 10)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > pause_secs * sample_rate)
    starts = loud[np.concatenate(([0], breaks + 1))]
    ends = loud[np.concatenate((breaks, [len(loud) - 1]))] + 1
    return [
        (start * 1000 / sample_rate, end * 1000 / sample_rate) for start, end in zip(starts, ends, strict=True)
    ]
