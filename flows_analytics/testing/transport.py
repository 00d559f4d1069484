"""A transport whose caller is a script, and whose loudspeaker plays at the pace of the loop's clock."""

import asyncio
import itertools
from collections.abc import Callable

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    ClientConnectedFrame,
    Frame,
    InterruptionFrame,
    OutputAudioRawFrame,
    StartFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from flows_analytics.testing.activity import BotActivity
from flows_analytics.testing.happening import SpokenWord
from flows_analytics.testing.keypad import press_keys

# What a voice activity detector needs by default to be sure of a start and of a stop.
_VAD_START_SECS = 0.2
_VAD_STOP_SECS = 0.2

# A loudspeaker that is this much late has been idle; less is jitter, which it makes up for. Two speeches may
# follow each other closely, and the pause between them must not be taken off the second.
_JITTER_SECS = 0.02

_CLIENT = "scripted-caller"


class ScriptedTransport(BaseTransport):
    """Connects a caller who exists only as method calls.

    The caller's voice is a pair of voice activity frames instead of audio: the cheapest stand-in that
    drives turn detection, interruptions and latency measurements the way a microphone does.

    Event handlers: `on_client_connected(transport, client)`, `on_client_disconnected(transport, client)`.
    """

    def __init__(
        self,
        *,
        activity: BotActivity | None = None,
        on_speech: Callable[[str], None] | None = None,
        sample_rate: int = 16_000,
    ) -> None:
        """Create the transport.

        Args:
            activity: Told when the bot's voice starts and stops, and when the caller's does. None tells nobody.
            on_speech: Called with the words when the caller begins to speak, usually `ScriptedSTT.expect`.
            sample_rate: Of both directions, in Hz.
        """
        super().__init__()
        params = TransportParams(
            audio_in_sample_rate=sample_rate,
            audio_out_enabled=True,
            audio_out_sample_rate=sample_rate,
            audio_out_end_silence_secs=0,
        )
        self._input = _Microphone(params)
        self._activity = activity or BotActivity()
        self._output = _Loudspeaker(params, self._activity)
        self._on_speech = on_speech
        self._register_event_handler("on_client_connected")
        self._register_event_handler("on_client_disconnected")

    def input(self) -> BaseInputTransport:
        """Return the first processor of the pipeline."""
        return self._input

    def output(self) -> BaseOutputTransport:
        """Return the processor that plays what the bot says."""
        return self._output

    async def connect(self) -> None:
        """Let the caller connect. The pipeline must have started."""
        self._activity.tell("connected")
        await self._input.push_frame(ClientConnectedFrame())
        await self._announce("on_client_connected")

    async def speak(self, text: str, secs: float) -> None:
        """Let the caller speak; return when the end of the speech has been detected.

        Args:
            text: The words.
            secs: How long they take.
        """
        if self._on_speech:
            self._on_speech(text)
        began = asyncio.get_running_loop().time()
        self._activity.tell("caller_began", began, text=text)
        await asyncio.sleep(_VAD_START_SECS)
        await self._input.push_frame(VADUserStartedSpeakingFrame(start_secs=_VAD_START_SECS))
        await asyncio.sleep(max(0.0, secs - _VAD_START_SECS) + _VAD_STOP_SECS)
        self._activity.tell("caller_ended", began + max(secs, _VAD_START_SECS), text=text)
        await self._input.push_frame(VADUserStoppedSpeakingFrame(stop_secs=_VAD_STOP_SECS))

    async def press(self, keys: str, secs: float) -> None:
        """Let the caller press keys of the telephone.

        Args:
            keys: The keys.
            secs: From one to the next.
        """
        await press_keys(self._input, keys, secs)

    async def hang_up(self) -> None:
        """Let the caller disconnect."""
        await self._announce("on_client_disconnected")

    async def _announce(self, event: str) -> None:
        await self._call_event_handler(event, _CLIENT)  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves arguments untyped


class _Microphone(BaseInputTransport):
    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)


class _Loudspeaker(BaseOutputTransport):
    def __init__(self, params: TransportParams, activity: BotActivity) -> None:
        super().__init__(params)  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves **kwargs untyped
        self._activity = activity
        self._played_until = 0.0
        self._sounds_until = 0.0

    async def start(self, frame: StartFrame) -> None:
        now = asyncio.get_running_loop().time()
        self._activity.tell("clock_started", now - self.get_clock().get_time() / 1e9)
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Take as long as the audio does: Pipecat paces its output by how long this takes."""
        now = asyncio.get_running_loop().time()
        if self._played_until < now - _JITTER_SECS:
            self._played_until = now
        secs = frame.num_frames / frame.sample_rate
        self._played_until += secs
        # A loudspeaker that makes up for jitter is given audio early; it still sounds in its own time.
        began = max(now, self._sounds_until)
        self._sounds_until = began + secs
        try:
            await asyncio.sleep(self._played_until - now)
        except asyncio.CancelledError:
            # Some Pipecats cut off the chunk under way when the caller interrupts, others let it end.
            self._sounds_until = max(began, asyncio.get_running_loop().time())
            raise
        finally:
            if self._activity.watched:
                words = _words_in(frame, began, self._sounds_until)
                self._activity.tell("audio_played", began, until=self._sounds_until, words=words)
        return True

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        await super().push_frame(frame, direction)
        if direction is not FrameDirection.DOWNSTREAM:
            return
        if isinstance(frame, BotStartedSpeakingFrame):
            self._activity.started_speaking()
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._activity.stopped_speaking()
        elif isinstance(frame, TTSStoppedFrame):
            self._activity.has_spoken(frame.context_id)
        elif isinstance(frame, InterruptionFrame):
            self._activity.interrupted()


def _words_in(frame: OutputAudioRawFrame, began: float, until: float) -> tuple[SpokenWord, ...]:
    """The words that audio of a scripted voice holds, as far as it was played."""
    words: list[SpokenWord] = []
    at = began
    for mark, samples in itertools.groupby(memoryview(frame.audio).cast("h")):
        ends = at + sum(1 for _ in samples) / frame.sample_rate / frame.num_channels
        if mark and at < until:
            words.append(SpokenWord(mark, None, at, min(ends, until)))
        at = ends
    return tuple(words)
