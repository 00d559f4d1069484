"""Track: one side's sound, placed where it was heard."""

from __future__ import annotations

from collections import deque

import numpy as np

from flows_analytics.recording.resampling import Resampler

_SAMPLE_BYTES = 2

_JITTER_SECS = 0.02
"""A piece that comes less than this after the end of the one before follows it without a gap."""

_AHEAD_SECS = 0.1
"""A side that is more than this ahead of time leaves out its next quiet pieces."""

_QUIET = 200
"""The loudest sample of what counts as quiet, of 32768."""


class Track:
    """Turns pieces of sound that come with a time, and with the jitter of a network, into one line of samples.

    Pieces that follow each other closely form a run, whose samples stand side by side. A piece that comes late
    begins a new run after a silence; if those that follow come early, because a whole batch was late, the silence
    is taken back. What was handed out stays as it is. If a batch comes so late that its silence was handed out,
    the sound runs ahead of time until it is quiet, and quiet pieces are left out until it is level again.

    Args:
        sample_rate: Samples a second of the line.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._jitter = _JITTER_SECS * sample_rate
        self._ahead = _AHEAD_SECS * sample_rate
        self._runs: deque[_Run] = deque()
        self._taken = 0

    @property
    def end(self) -> int:
        """Where the line ends, in samples from its beginning."""
        return max(self._taken, round(self._runs[-1].end) if self._runs else 0)

    def place(self, pcm: bytes, sample_rate: int, at_secs: float, *, firm: bool = False) -> None:
        """Add a piece.

        Args:
            pcm: Its samples.
            sample_rate: Of the piece.
            at_secs: When its first sample was heard, in seconds from the beginning of the line.
            firm: If the piece begins a run, that this is its time whatever follows: pieces that come early then
                are a stock to be played, not the end of a delay.
        """
        start = at_secs * self._rate
        run = self._runs[-1] if self._runs else None
        if run is None or run.finished or run.rate_in != sample_rate or start - run.end > self._jitter:
            if run is not None:
                run.finish()
            begin = max(round(start), self._taken if run is None else round(run.end))
            run = _Run(begin, sample_rate, self._rate, firm=firm)
            self._runs.append(run)
        elif start < run.end and not run.firm:
            self._take_back(run, round(run.end - start))
            if run.end - start > self._ahead and _quiet(pcm):
                return
        run.add(pcm)

    def cut(self, at_secs: float) -> None:
        """Drop what comes after a time: it was never heard.

        Args:
            at_secs: The time, in seconds from the beginning of the line.
        """
        at = max(round(at_secs * self._rate), self._taken)
        while self._runs and self._runs[-1].start >= at:
            self._runs.pop()
        if self._runs and self._runs[-1].end > at:
            self._runs[-1].cut(at)

    @property
    def next_sound(self) -> int | None:
        """Where the next sound to hand out begins, in samples from the beginning of the line; None without any."""
        return self._runs[0].start if self._runs else None

    def take(self, until: int) -> bytes:
        """Hand out the line up to a sample.

        Args:
            until: The sample, counted from the beginning of the line.

        Returns:
            What was not handed out before, silence included.
        """
        out = bytearray(max(until - self._taken, 0) * _SAMPLE_BYTES)
        while self._runs and self._runs[0].start < until:
            run = self._runs[0]
            at = (run.start - self._taken) * _SAMPLE_BYTES
            whole = run.end <= until
            if whole or not run.holds(until):
                run.finish()
            if whole:
                self._runs.popleft()
            pcm = run.take(until)
            out[at : at + len(pcm)] = pcm
            if not whole:
                break
        self._taken = max(until, self._taken)
        return bytes(out)

    def skip(self, until: int) -> None:
        """Hand out silence up to a sample, without making it.

        Args:
            until: The sample, counted from the beginning of the line; nothing else comes before it.
        """
        self._taken = max(until, self._taken)

    def _take_back(self, run: _Run, samples: int) -> None:
        earlier = round(self._runs[-2].end) if len(self._runs) > 1 else 0
        room = max(run.start - max(earlier, self._taken), 0)
        run.shift(-min(samples, room))


class _Run:
    """Pieces that stand side by side.

    Attributes:
        start: Its first sample that was not taken.
        end: Where it ends by what went in; the resampler may still hold the last of it.
        finished: Whether nothing more can be added.
    """

    def __init__(self, start: int, rate_in: int, rate_out: int, *, firm: bool) -> None:
        self.start = start
        self.end = float(start)
        self.rate_in = rate_in
        self.firm = firm
        self.finished = False
        self._ratio = rate_out / rate_in
        self._resampler = Resampler(rate_in, rate_out)
        self._pcm = bytearray()

    def add(self, pcm: bytes) -> None:
        self._pcm += self._resampler.convert(pcm)
        self.end += len(pcm) // _SAMPLE_BYTES * self._ratio

    def finish(self) -> None:
        if not self.finished:
            self.finished = True
            self._pcm += self._resampler.finish()
            self._fit()

    def cut(self, at: int) -> None:
        self.finish()
        self.end = float(at)
        self._fit()

    def shift(self, samples: int) -> None:
        self.start += samples
        self.end += samples

    def holds(self, until: int) -> bool:
        """Tell whether the samples up to `until` have left the resampler."""
        return len(self._pcm) >= (until - self.start) * _SAMPLE_BYTES

    def take(self, until: int) -> bytes:
        size = max(until - self.start, 0) * _SAMPLE_BYTES
        taken = bytes(self._pcm[:size])
        del self._pcm[:size]
        self.start = max(until, self.start)
        return taken

    def _fit(self) -> None:
        # A resampler may give a sample more or less than the rates say.
        del self._pcm[max(round(self.end) - self.start, 0) * _SAMPLE_BYTES :]


def _quiet(pcm: bytes) -> bool:
    samples = np.frombuffer(pcm, dtype=np.int16)
    return not len(samples) or max(int(samples.max()), -int(samples.min())) <= _QUIET
