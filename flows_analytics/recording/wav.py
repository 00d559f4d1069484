"""WavWriter: sound to a file as it arrives, in a thread of its own."""

from __future__ import annotations

import errno
import os
import struct
import wave
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from flows_analytics.files.growing import open_growing
from flows_analytics.files.layout import RECORDING_SUFFIX
from flows_analytics.files.names import safe_name
from flows_analytics.recording.peaks import PeakMeter

_SAMPLE_BYTES = 2
_SILENCE_FRAMES = 65_536
"""Frames of silence written at once."""


@dataclass(frozen=True)
class WriteFailure:
    """Why the rest of a sound could not be written.

    Attributes:
        why: What went wrong, in plain words.
        advice: What to do about it.
    """

    why: str
    advice: str


_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_SLOW = WriteFailure("the disk is slower than the call", "record to a directory on a faster disk")
_TOO_LONG = WriteFailure("a WAV file holds no more than 4 GB", "record with a lower sample_rate")
_REMOVED = WriteFailure("somebody removed the file", "leave it in its place until the call is over")


@dataclass(frozen=True)
class Written:
    """What is in a file.

    Attributes:
        file: Its name; None if there is none, because it could not be created or nothing could be written to it.
        frames: Samples of each channel in it.
        peak_ms: How long each peak stands for, in milliseconds.
        peaks: The waveform, channel by channel (see `PeakMeter`).
        failure: Why there is no more; None if all went well.
    """

    file: str | None
    frames: int
    peak_ms: float
    peaks: tuple[tuple[float, ...], ...]
    failure: WriteFailure | None


class WavWriter:
    """Appends 16-bit sound to ``<safe id>.wav`` without ever holding up who gives it.

    The header is right after each piece, so a process that dies leaves a file that plays. A second call with an
    id already there becomes ``<safe id>~2.wav``. The first failure ends the writing and keeps what is there; a
    file without any sound is removed.

    Args:
        directory: Where; created if it is missing.
        call_id: The call.
        sample_rate: Samples a second of each channel.
        channels: Number of channels, interleaved in what is given.
        chunk_secs: How much is gathered before it is written, in seconds; never more than ``most_pending_bytes``.
        most_pending_bytes: How much may wait for the disk; more than that is a failure, because a disk slower
            than speech would fill the memory.
    """

    def __init__(
        self,
        directory: Path,
        call_id: str,
        *,
        sample_rate: int,
        channels: int = 2,
        chunk_secs: float = 0.0,
        most_pending_bytes: int = 16_000_000,
    ) -> None:
        self._directory = directory
        self._call_id = call_id
        self._rate = sample_rate
        self._channels = channels
        self._most_pending = most_pending_bytes
        self._chunk = min(chunk_secs * sample_rate * channels * _SAMPLE_BYTES, most_pending_bytes)
        self._gathered = bytearray()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="flows_analytics")
        self._peaks = PeakMeter(channels, sample_rate)
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._wave: wave.Wave_write | None = None
        self._frames = 0
        self._failure: WriteFailure | None = None
        # Each is counted up by one thread only: the giver's, and the writing one.
        self._given = 0
        self._taken = 0

    @property
    def file(self) -> str | None:
        """The file's name; None while it holds no sound."""
        return self._path.name if self._path and self._frames else None

    @property
    def failure(self) -> WriteFailure | None:
        """Why nothing more is written; None while all goes well."""
        return self._failure

    def append(self, pcm: bytes) -> None:
        """Write sound, soon.

        Args:
            pcm: Samples of all channels, interleaved, in the machine's byte order; whole frames only.
        """
        if self._given - self._taken > self._most_pending:
            self._failure = self._failure or _SLOW
        if self._failure is None:
            self._given += len(pcm)
            self._submit(lambda: self._append(pcm))

    def silence(self, frames: int) -> None:
        """Write silence, soon. However long, it takes no memory.

        Args:
            frames: How many samples of each channel.
        """
        if self._failure is None:
            self._submit(lambda: self._silence(frames))

    def close(self) -> Written:
        """Write what is left, and close the file. Blocks: not for the loop.

        Returns:
            What is in the file.
        """
        self._submit(self._close).result()
        self._executor.shutdown(wait=False)
        return Written(
            file=self.file,
            frames=self._frames,
            peak_ms=self._peaks.stretch_ms,
            peaks=self._peaks.peaks,
            failure=self._failure,
        )

    # In the thread

    def _submit(self, work: Callable[[], None]) -> Future[None]:
        return self._executor.submit(self._guarded, work)

    def _guarded(self, work: Callable[[], None]) -> None:
        if self._failure is not None and work != self._close:
            return
        try:
            work()
        except OSError as error:
            advice = (
                "make room there" if error.errno in _FULL else "see that files can be created and written there"
            )
            why = f"{type(error).__name__}: {error.strerror or error}"
            self._failure = WriteFailure(why, f"{advice}, or record to another directory")
        except (struct.error, wave.Error):
            # The header has 32 bits for the size.
            self._failure = _TOO_LONG

    def _append(self, pcm: bytes) -> None:
        self._taken += len(pcm)
        self._gathered += pcm
        if len(self._gathered) >= self._chunk:
            self._write_gathered()

    def _write_gathered(self) -> None:
        if self._gathered:
            pcm, self._gathered = bytes(self._gathered), bytearray()
            self._write(pcm)
            self._peaks.add(np.frombuffer(pcm, dtype=np.int16))

    def _silence(self, frames: int) -> None:
        self._write_gathered()
        while frames > 0:
            piece = min(frames, _SILENCE_FRAMES)
            self._write(bytes(piece * self._channels * _SAMPLE_BYTES))
            self._peaks.add_silence(piece)
            frames -= piece

    def _write(self, pcm: bytes) -> None:
        if self._wave is None or self._file is None:
            self._path, self._file = open_growing(self._directory, safe_name(self._call_id), RECORDING_SUFFIX)
            self._wave = wave.open(self._file, "wb")  # noqa: SIM115  # open until the call ends
            self._wave.setparams((self._channels, _SAMPLE_BYTES, self._rate, 0, "NONE", "not compressed"))
            self._wave.writeframes(b"")
            self._file.flush()
        # Writes the samples, then the header that counts them; a file cut off in between lacks only these.
        self._wave.writeframes(pcm)
        self._file.flush()
        self._frames += len(pcm) // (self._channels * _SAMPLE_BYTES)

    def _close(self) -> None:
        try:
            if self._failure is None:
                self._write_gathered()
                self._end()
        finally:
            self._abandon()

    def _end(self) -> None:
        if self._file is None or self._wave is None:
            return
        self._wave.close()
        os.fsync(self._file.fileno())
        if os.fstat(self._file.fileno()).st_nlink == 0:
            self._failure = _REMOVED

    def _abandon(self) -> None:
        # After a failure the header counts what was written before it. Closing would try the rest once more.
        if self._wave is not None:
            with suppress(OSError, struct.error, wave.Error):
                self._wave.close()
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        if self._path is not None and not self._frames:
            with suppress(OSError):
                self._path.unlink()
