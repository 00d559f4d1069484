"""Speech that can be read back: every word is a stretch of one sample value of its own.

The bot's voice and the caller's are made of it, so the recognizer of the test hears what really arrived, and the
loudspeaker of the test knows which word it is playing.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

RATE = 16_000
"""Samples per second, everywhere in the call: nothing resamples, so the sample values survive."""

LETTER_SECS = 0.04
"""How long a letter takes: a multiple of the 20 ms of a piece of audio, so that no piece holds two words."""

# Far from silence, and low enough for a few thousand words in 16 bits.
_FIRST_NUMBER = 1000


@dataclass(frozen=True)
class Word:
    """A word that was said once.

    Attributes:
        number: Its sample value; no other word of the call has it.
        text: How it is written.
        secs: How long it takes.
    """

    number: int
    text: str
    secs: float

    @property
    def audio(self) -> bytes:
        """The word as signed 16 bit samples."""
        return array("h", [self.number]).tobytes() * round(self.secs * RATE)


class Speech:
    """Everything that is said in a call, on both sides."""

    def __init__(self) -> None:
        self._words: dict[int, Word] = {}

    def say(self, text: str) -> list[Word]:
        """Make the words of a text, each with a sample value of its own; a long word takes longer.

        Args:
            text: The text.
        """
        words = [
            Word(number, written, len(written) * LETTER_SECS)
            for number, written in enumerate(text.split(), _FIRST_NUMBER + len(self._words))
        ]
        self._words.update((word.number, word) for word in words)
        return words

    def hear(self, audio: bytes) -> Iterator[tuple[Word | None, float]]:
        """Read audio back.

        Args:
            audio: Signed 16 bit samples.

        Yields:
            Stretches of a word, or of silence (None), with their seconds.

        Raises:
            KeyError: A sample belongs to no word: something changed the audio.
        """
        for value, samples in groupby(array("h", audio)):
            yield self._words[value] if value else None, len(list(samples)) / RATE
