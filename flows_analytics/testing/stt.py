"""A speech recognizer that is told what it hears."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from pipecat.frames.frames import (
    Frame,
    InterimTranscriptionFrame,
    StartFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics import metrics as pipecat_metrics
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.utils.time import time_now_iso8601

from flows_analytics.testing.activity import BotActivity
from flows_analytics.testing.pace import Pace, draw
from flows_analytics.testing.settings import complete


class ScriptedSTT(STTService):
    """Turns detected speech into an interim and a final transcript of words it was told before.

    Where Pipecat has a metric for it (1.7 and later), it reports the seconds it listened to, silence included, at
    each final transcript and at the end. It listens from the start on, whether or not there is audio.
    """

    def __init__(
        self,
        *,
        pace: Pace | None = None,
        dice: random.Random | None = None,
        activity: BotActivity | None = None,
        model: str = "scripted-stt",
    ) -> None:
        """Create the service.

        Args:
            pace: How long transcripts take. None takes the default pace.
            dice: Where varying durations are drawn from. None makes dice from the `random` module.
            activity: Told of final transcripts. None tells nobody.
            model: The name metrics carry.
        """
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves **kwargs untyped
            # Only a safety net for turn detection: our transcripts are final when they say so.
            ttfs_p99_latency=0.5,
            settings=complete(STTSettings, model=model),
        )
        self._pace = pace or Pace()
        self._dice = dice or random.Random(random.random())
        self._activity = activity or BotActivity()
        self._expected: deque[str] = deque()
        self._hearing = ""
        self._transcribing: asyncio.Task[None] | None = None
        self._reported_until = 0.0

    def expect(self, text: str) -> None:
        """Say what the next speech will be.

        Args:
            text: The words. Speech that nobody announced is not transcribed.
        """
        self._expected.append(text)

    def can_generate_metrics(self) -> bool:
        """Report metrics, like a real service."""
        return True

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Hear nothing in audio; words come from `expect`.

        Args:
            audio: Ignored.

        Yields:
            None, once.
        """
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Transcribe when speech starts and stops.

        Args:
            frame: The frame.
            direction: Where it travels.
        """
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStartedSpeakingFrame):
            self._hearing = self._expected.popleft() if self._expected else ""
            await self._transcribe(self._interim(self._hearing))
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self.request_finalize()
            await self._transcribe(self._final(self._hearing))

    async def start(self, frame: StartFrame) -> None:
        """Begin to listen.

        Args:
            frame: The frame.
        """
        await super().start(frame)
        self._reported_until = asyncio.get_running_loop().time()

    async def emit_stt_usage_metrics(self) -> None:
        """Report the seconds since the last report, in place of what Pipecat measures in the audio.

        Pipecat calls it at the end of the pipeline.
        """
        if not hasattr(pipecat_metrics, "STTUsage"):
            return
        now = asyncio.get_running_loop().time()
        secs, self._reported_until = now - self._reported_until, now
        await self.start_stt_usage_metrics(pipecat_metrics.STTUsage(audio_seconds=secs))

    async def cleanup(self) -> None:
        """Forget the transcript that is under way."""
        await self._stop_transcribing()
        await super().cleanup()

    async def _transcribe(self, work: Coroutine[Any, Any, None]) -> None:
        await self._stop_transcribing()
        self._transcribing = self.create_task(work, "transcribe")  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves tasks untyped

    async def _stop_transcribing(self) -> None:
        if self._transcribing:
            await self.cancel_task(self._transcribing)  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves tasks untyped
            self._transcribing = None

    async def _interim(self, text: str) -> None:
        await asyncio.sleep(draw(self._pace.stt_interim, self._dice))
        words = text.split()
        if first_half := " ".join(words[: (len(words) + 1) // 2]):
            await self.push_frame(InterimTranscriptionFrame(first_half, "", time_now_iso8601()))

    async def _final(self, text: str) -> None:
        await asyncio.sleep(draw(self._pace.stt_final, self._dice))
        self.confirm_finalize()
        if text:
            self._activity.tell("transcribed", who=self.name, text=text)
            await self.push_frame(TranscriptionFrame(text, "", time_now_iso8601()))
        await self.emit_stt_usage_metrics()
