"""A telephone: real audio both ways, at the pace of real time, that notes what was really said and played."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ClientConnectedFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from tests.services.speech import RATE, Speech, Word

PIECE_SECS = 0.02
"""The length of a piece of audio, both ways. A microphone hands a piece over when it is full."""

_PIECE_NS = 20_000_000
_SILENCE = bytes(2 * round(PIECE_SECS * RATE))
# A loudspeaker this much late has run dry and begins again; less is the loop's jitter, which it makes up for.
_DRY_NS = 40_000_000


@dataclass
class Utterance:
    """What the caller said in one breath.

    Attributes:
        text: The words.
        began_ns: When the first sample was spoken, on the monotonic clock.
        ended_ns: When the last one was.
    """

    text: str
    began_ns: int = 0
    ended_ns: int = 0


@dataclass
class Played:
    """A word the loudspeaker played, or the part of it that it got to.

    Attributes:
        word: The word.
        began_ns: When its first sample was played, on the monotonic clock.
        ended_ns: When its last one was.
    """

    word: Word
    began_ns: int
    ended_ns: int


@dataclass
class Hearsay:
    """What both ends of the line know.

    Attributes:
        utterances: What the caller said, in order.
        played: What the caller heard, by the number of the word.
        cut_ns: When the loudspeaker was told to be silent, while the bot spoke.
        lateness: When each piece of the caller's audio was analysed, and how long after it was spoken: how well
            the machine kept up.
    """

    utterances: list[Utterance] = field(default_factory=list)
    played: dict[int, Played] = field(default_factory=dict)
    cut_ns: list[int] = field(default_factory=list)
    lateness: list[tuple[int, int]] = field(default_factory=list)

    def late_ns(self, at_ns: int) -> int:
        """How late the machine was, at worst, within half a second of a time."""
        return max((late for at, late in self.lateness if abs(at - at_ns) < 500_000_000), default=0)


class Phone(BaseTransport):
    """A transport whose caller says what it is told to, and hears the words of the bot.

    Event handlers: `on_client_connected(transport, client)`.

    Attributes:
        heard: What was said and played so far.
        vad: Detects the caller's voice.
    """

    def __init__(self, speech: Speech) -> None:
        super().__init__()
        params = TransportParams(
            audio_in_enabled=True,
            audio_in_sample_rate=RATE,
            audio_out_enabled=True,
            audio_out_sample_rate=RATE,
            audio_out_10ms_chunks=2,
            audio_out_end_silence_secs=0,
        )
        self.heard = Hearsay()
        self._speech = speech
        due_ns: deque[int] = deque()
        self.vad = LoudnessVAD(due_ns, self.heard)
        self._microphone = _Microphone(params, due_ns)
        self._loudspeaker = _Loudspeaker(params, speech, self.heard)
        self._register_event_handler("on_client_connected")

    def input(self) -> BaseInputTransport:
        return self._microphone

    def output(self) -> BaseOutputTransport:
        return self._loudspeaker

    async def connect(self) -> None:
        """Pick up, once the pipeline has started."""
        await self._microphone.push_frame(ClientConnectedFrame())
        await self._call_event_handler("on_client_connected", "caller")

    async def stream(self) -> None:
        """Send what the caller says, and the silence in between, until cancelled."""
        await self._microphone.stream()

    async def say(self, text: str) -> None:
        """Say something; return when it is said."""
        utterance = Utterance(text)
        self.heard.utterances.append(utterance)
        audio = b"".join(word.audio for word in self._speech.say(text))
        await self._microphone.say(utterance, audio)

    async def after(self, word: str, secs: float) -> None:
        """Wait until `secs` after the bot has begun to say a word."""
        await self._loudspeaker.hear(word)
        await asyncio.sleep(secs)


class _Microphone(BaseInputTransport):
    def __init__(self, params: TransportParams, due_ns: deque[int]) -> None:
        super().__init__(params)
        self._due_ns = due_ns
        self._pieces: deque[bytes] = deque()
        self._utterance: Utterance | None = None
        self._said = asyncio.Event()

    async def start(self, frame: Frame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def say(self, utterance: Utterance, audio: bytes) -> None:
        self._utterance = utterance
        self._said.clear()
        self._pieces.extend(audio[at : at + len(_SILENCE)] for at in range(0, len(audio), len(_SILENCE)))
        await self._said.wait()

    async def stream(self) -> None:
        due = asyncio.get_running_loop().time()
        while True:
            due += PIECE_SECS
            self._due_ns.append(round(due * 1e9))
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            self._note(time.monotonic_ns())
            piece = self._pieces.popleft() if self._pieces else _SILENCE
            await self.push_audio_frame(InputAudioRawFrame(audio=piece, sample_rate=RATE, num_channels=1))

    def _note(self, now: int) -> None:
        """Note what the piece that is handed over now says of the utterance under way."""
        utterance = self._utterance
        if utterance is None:
            return
        if not utterance.began_ns:
            utterance.began_ns = now - _PIECE_NS
        if len(self._pieces) <= 1:
            utterance.ended_ns = now
            self._utterance = None
            self._said.set()


class _Loudspeaker(BaseOutputTransport):
    def __init__(self, params: TransportParams, speech: Speech, heard: Hearsay) -> None:
        super().__init__(params)
        self._speech = speech
        self._heard = heard
        self._played_until = 0
        self._speaking = False
        self._playing = asyncio.Condition()

    async def start(self, frame: Frame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: Frame) -> bool:
        """Play a piece: take as long as it lasts, which is how Pipecat paces its output."""
        now = time.monotonic_ns()
        if self._played_until < now - _DRY_NS:
            self._played_until = now
        for word, secs in self._speech.hear(frame.audio):
            began, self._played_until = self._played_until, self._played_until + round(secs * 1e9)
            if word is not None:
                played = self._heard.played.setdefault(word.number, Played(word, began, began))
                played.ended_ns = self._played_until
        async with self._playing:
            self._playing.notify_all()
        await asyncio.sleep((self._played_until - now) / 1e9)
        return True

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        if isinstance(frame, InterruptionFrame) and direction is FrameDirection.DOWNSTREAM:
            self._cut(time.monotonic_ns())
        elif isinstance(frame, BotStartedSpeakingFrame | BotStoppedSpeakingFrame):
            self._speaking = isinstance(frame, BotStartedSpeakingFrame)
        await super().push_frame(frame, direction)

    async def hear(self, word: str) -> None:
        async with self._playing:
            await self._playing.wait_for(
                lambda: any(played.word.text == word for played in self._heard.played.values())
            )

    def _cut(self, now: int) -> None:
        """Fall silent at once, as a line does whose buffer is cleared."""
        if not self._speaking:
            return
        self._heard.cut_ns.append(now)
        self._played_until = min(self._played_until, now)
        last = list(self._heard.played.values())[-1]
        last.ended_ns = min(last.ended_ns, now)


class LoudnessVAD(VADAnalyzer):
    """Detects a voice where there is any sound at all, with Pipecat's own state machine and default delays."""

    def __init__(self, due_ns: deque[int], heard: Hearsay) -> None:
        super().__init__(params=VADParams(min_volume=0.0))
        self._due_ns = due_ns
        self._heard = heard

    def num_frames_required(self) -> int:
        return round(PIECE_SECS * RATE)

    def voice_confidence(self, buffer: bytes) -> float:
        now = time.monotonic_ns()
        self._heard.lateness.append((now, now - self._due_ns.popleft()))
        return 1.0 if any(buffer) else 0.0
