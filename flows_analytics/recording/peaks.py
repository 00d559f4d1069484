"""PeakMeter: the waveform of a recording, while it is made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FULL_SCALE = 32768
_FIRST_SECS = 0.01

Samples = NDArray[np.int16]


class PeakMeter:
    """Keeps the loudest sample of each stretch of a sound, in a bounded number of stretches.

    Stretches begin at 10 ms. Whenever there are too many, each two neighbours become one that is twice as long:
    the loudest of two is the loudest of both, so nothing is lost but detail.

    Args:
        channels: Number of channels.
        sample_rate: Samples a second of each channel.
        most: How many stretches are kept at most; even.
    """

    def __init__(self, channels: int, sample_rate: int, *, most: int = 1000) -> None:
        self._channels = channels
        self._rate = sample_rate
        self._most = most
        self._width = max(round(sample_rate * _FIRST_SECS), 1)
        self._peaks: NDArray[np.int32] = np.zeros((most, channels), dtype=np.int32)
        self._frames = 0

    @property
    def stretch_ms(self) -> float:
        """How long each stretch is, in milliseconds; the last may be shorter."""
        return round(self._width * 1000 / self._rate, 3)

    @property
    def peaks(self) -> tuple[tuple[float, ...], ...]:
        """The peaks, channel by channel: 0 is silence, 1 as loud as can be, to three decimals."""
        used = -(-self._frames // self._width)
        scaled = np.round(self._peaks[:used] / _FULL_SCALE, 3)
        return tuple(tuple(float(peak) for peak in channel) for channel in scaled.T)

    def add(self, samples: Samples) -> None:
        """Take the next samples.

        Args:
            samples: Samples of all channels, interleaved; whole frames only.
        """
        frames = samples.reshape(-1, self._channels)
        while len(frames):
            room = self._most * self._width - self._frames
            if not room:
                self._merge()
                continue
            self._take(frames[:room])
            frames = frames[room:]

    def add_silence(self, frames: int) -> None:
        """Take silence.

        Args:
            frames: How many samples of each channel.
        """
        self._frames += frames
        while self._frames > self._most * self._width:
            self._merge()

    def _take(self, frames: Samples) -> None:
        # In 16 bits, -32768 is its own absolute value.
        loud = np.abs(frames.astype(np.int32))
        first = self._frames // self._width
        end = self._frames + len(frames)
        # Where, among these frames, each stretch begins; the first began before them, or with them.
        starts = np.maximum(np.arange(first, -(-end // self._width)) * self._width - self._frames, 0)
        found = np.maximum.reduceat(loud, starts, axis=0)
        self._peaks[first : first + len(found)] = np.maximum(self._peaks[first : first + len(found)], found)
        self._frames = end

    def _merge(self) -> None:
        half = self._most // 2
        self._peaks[:half] = np.maximum(self._peaks[0::2], self._peaks[1::2])
        self._peaks[half:] = 0
        self._width *= 2
