"""A voice that says words at a known pace, in silence."""

import asyncio
import random
from collections.abc import AsyncGenerator

from pipecat.frames.frames import Frame, TTSAudioRawFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from flows_analytics.testing.activity import BotActivity
from flows_analytics.testing.pace import Pace, draw
from flows_analytics.testing.sentences import SentenceAggregator
from flows_analytics.testing.settings import complete

_CHUNK_SECS = 0.2
# Services deliver audio a good deal faster than it plays.
_FASTER_THAN_SPEECH = 8


class ScriptedTTS(TTSService):
    """Speaks sentences with word timestamps, so that an interruption cuts them at a word."""

    def __init__(
        self,
        *,
        pace: Pace | None = None,
        dice: random.Random | None = None,
        activity: BotActivity | None = None,
        model: str = "scripted-tts",
        voice: str = "scripted-voice",
        sample_rate: int = 16_000,
    ) -> None:
        """Create the service.

        Args:
            pace: How long words take. None takes the default pace.
            dice: Where varying durations are drawn from. None makes dice from the `random` module.
            activity: Told when there is something to say. None tells nobody.
            model: The name metrics carry.
            voice: The name of the voice.
            sample_rate: Of the audio, in Hz. The output transport's should be the same, which saves the
                resampler.
        """
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves **kwargs untyped
            push_text_frames=False,
            push_start_frame=True,
            push_stop_frames=True,
            sample_rate=sample_rate,
            settings=complete(TTSSettings, model=model, voice=voice),
        )
        # Pipecat offers no public way to choose the aggregator of a TTS service.
        self._text_aggregator = SentenceAggregator()
        self._pace = pace or Pace()
        self._dice = dice or random.Random(random.random())
        self._activity = activity or BotActivity()
        self._spoken_secs: dict[str, float] = {}

    def can_generate_metrics(self) -> bool:
        """Report metrics, like a real service."""
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Say a text.

        Args:
            text: A sentence.
            context_id: The TTS context, one for all sentences of a response.

        Yields:
            Silent audio that lasts as long as the words take.
        """
        self._activity.will_speak(context_id)
        await self.start_tts_usage_metrics(text)
        if context_id not in self._spoken_secs:
            await asyncio.sleep(draw(self._pace.tts_ttfb, self._dice))
        began = at = self._spoken_secs.get(context_id, 0.0)
        timed_words: list[tuple[str, float]] = []
        for word in text.split():
            timed_words.append((word, at))
            at += draw(self._pace.bot_word, self._dice)
        self._spoken_secs[context_id] = at
        await self.add_word_timestamps(timed_words, context_id)
        left = at - began
        while left > 0:
            secs = min(left, _CHUNK_SECS)
            left -= secs
            yield TTSAudioRawFrame(
                audio=bytes(2 * round(secs * self.sample_rate)),
                sample_rate=self.sample_rate,
                num_channels=1,
                context_id=context_id,
            )
            await asyncio.sleep(secs / _FASTER_THAN_SPEECH)

    async def on_audio_context_completed(self, context_id: str) -> None:
        """Forget a context that has been delivered.

        Args:
            context_id: The TTS context.
        """
        self._spoken_secs.pop(context_id, None)
        await super().on_audio_context_completed(context_id)

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Forget a context that has been interrupted.

        Args:
            context_id: The TTS context.
        """
        self._spoken_secs.pop(context_id, None)
        await super().on_audio_context_interrupted(context_id)
