"""A voice that says words at a known pace, in silence."""

import array
import asyncio
import random
from collections.abc import AsyncGenerator, Iterable

from pipecat.frames.frames import Frame, TTSAudioRawFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from flows_analytics.testing.activity import BotActivity
from flows_analytics.testing.happening import SpokenWord
from flows_analytics.testing.pace import Pace, draw
from flows_analytics.testing.sentences import SentenceAggregator
from flows_analytics.testing.settings import complete

_CHUNK_SECS = 0.2
# Services deliver audio a good deal faster than it plays.
_FASTER_THAN_SPEECH = 8


class ScriptedTTS(TTSService):
    """Speaks sentences with word timestamps, so that an interruption cuts them at a word.

    The audio is as good as silent, but each sample has the number of its word as its value: what a loudspeaker
    has played tells which words were heard.
    """

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
            Quiet audio that lasts as long as the words take.
        """
        self._activity.will_speak(context_id)
        self._activity.tell("tts_asked", who=self.name, text=text, context_id=context_id)
        try:
            async for frame in self._say(text, context_id):
                yield frame
        finally:
            self._activity.tell("tts_done", who=self.name, text=text, context_id=context_id)

    async def _say(self, text: str, context_id: str) -> AsyncGenerator[Frame]:
        await self.start_tts_usage_metrics(text)
        if context_id not in self._spoken_secs:
            await asyncio.sleep(draw(self._pace.tts_ttfb, self._dice))
        began = at = self._spoken_secs.get(context_id, 0.0)
        words: list[SpokenWord] = []
        for word in text.split():
            ends = at + draw(self._pace.bot_word, self._dice)
            words.append(SpokenWord(self._activity.mark_word(), word, at, ends))
            at = ends
        self._spoken_secs[context_id] = at
        self._activity.tell("tts_audio", who=self.name, text=text, context_id=context_id, words=tuple(words))
        await self.add_word_timestamps([(word.word or "", word.at) for word in words], context_id)
        voice = _voice(words, self.sample_rate)
        left = at - began
        while left > 0:
            secs = min(left, _CHUNK_SECS)
            left -= secs
            size = 2 * round(secs * self.sample_rate)
            audio, voice = voice[:size], voice[size:]
            yield TTSAudioRawFrame(
                audio=audio.ljust(size, b"\0"),
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


def _voice(words: Iterable[SpokenWord], sample_rate: int) -> bytes:
    """Audio in which every sample of a word has the word's number as its value."""
    return b"".join(
        array.array("h", [word.mark]).tobytes() * (round(word.until * sample_rate) - round(word.at * sample_rate))
        for word in words
    )
