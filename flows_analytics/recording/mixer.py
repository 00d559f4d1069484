"""StereoMixer: the caller on the left, the bot on the right, in step."""

from __future__ import annotations

from math import ceil
from typing import Protocol

import numpy as np

from flows_analytics.recording.track import Track

BLOCK_SECS = 1.0
"""How much is mixed at once: a few hundred microseconds of work."""

_HOLD_SECS = 1.0
"""How long sound is held back: until then, what comes late is put where it belongs."""


class Tape(Protocol):
    """What takes the mixed sound, such as a `WavWriter`."""

    def append(self, pcm: bytes) -> None:
        """Take sound: both channels, interleaved."""
        ...

    def silence(self, frames: int) -> None:
        """Take silence: so many samples of each channel."""
        ...


class StereoMixer:
    """Mixes both sides of a call as they arrive, and hands them on in pieces.

    Memory is bounded by what the two sides said in the last two seconds, and a silence costs the same however long
    it is: it is told to the tape, not made.

    Args:
        tape: Where the sound goes.
        sample_rate: Samples a second of each channel.
        block_secs: How much is handed on at once, in seconds.
    """

    def __init__(self, tape: Tape, sample_rate: int, *, block_secs: float = BLOCK_SECS) -> None:
        self.caller = Track(sample_rate)
        self.bot = Track(sample_rate)
        self._tape = tape
        self._rate = sample_rate
        self._block = max(round(block_secs * sample_rate), 1)
        self._done = 0

    def advance(self, now_secs: float) -> None:
        """Hand on what is old enough.

        Args:
            now_secs: The time, in seconds from the beginning of the recording.
        """
        ready = round((now_secs - _HOLD_SECS) * self._rate)
        if ready - self._done >= self._block:
            self._hand_on(ready)

    def finish(self, until_secs: float = 0.0) -> None:
        """Hand on the rest.

        Args:
            until_secs: How long the recording shall be at least, in seconds.
        """
        # Rounded up, so that the very end of the call is a time in the recording.
        self._hand_on(max(self.caller.end, self.bot.end, ceil(until_secs * self._rate)))

    def _hand_on(self, until: int) -> None:
        while self._done < until:
            end = self._silent_until(until)
            # Pauses shorter than a block are mixed with the speech around them: a tape takes few long pieces best.
            if end == until or end - self._done >= self._block:
                self._tape.silence(end - self._done)
                self.caller.skip(end)
                self.bot.skip(end)
            else:
                end = min(self._done + self._block, until)
                stereo = np.empty((end - self._done, 2), dtype=np.int16)
                stereo[:, 0] = np.frombuffer(self.caller.take(end), dtype=np.int16)
                stereo[:, 1] = np.frombuffer(self.bot.take(end), dtype=np.int16)
                self._tape.append(stereo.tobytes())
            self._done = end

    def _silent_until(self, until: int) -> int:
        sounds = (self.caller.next_sound, self.bot.next_sound)
        return min([until, *(sound for sound in sounds if sound is not None)])
