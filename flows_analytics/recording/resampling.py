"""Resampler: one stretch of sound from one sample rate to another, without losing its tail."""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray


class _Stream(Protocol):
    """What is used of `soxr.ResampleStream`, which has no types."""

    def resample_chunk(self, x: NDArray[np.int16], last: bool = False) -> NDArray[np.int16]: ...


class Resampler:
    """Converts a stretch of 16-bit mono sound piece by piece.

    What comes out begins where what went in began, but lags behind it, by 37 ms from 16 kHz and 114 ms from
    8 kHz; `finish` gives that back.

    Args:
        rate_in: Samples a second of what goes in.
        rate_out: Samples a second of what comes out.
    """

    def __init__(self, rate_in: int, rate_out: int) -> None:
        self._stream: _Stream | None = None
        if rate_in != rate_out:
            self._stream = cast("_Stream", soxr.ResampleStream(rate_in, rate_out, 1, dtype="int16", quality="HQ"))

    def convert(self, pcm: bytes) -> bytes:
        """Convert the next piece.

        Args:
            pcm: Whole samples.

        Returns:
            What is ready.
        """
        if self._stream is None:
            return pcm
        return self._stream.resample_chunk(np.frombuffer(pcm, dtype=np.int16)).tobytes()

    def finish(self) -> bytes:
        """End the stretch.

        Returns:
            The rest.
        """
        if self._stream is None:
            return b""
        return self._stream.resample_chunk(np.empty(0, dtype=np.int16), last=True).tobytes()
