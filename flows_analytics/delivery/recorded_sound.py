"""The sound of a finished call, read piece by piece."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RecordedSound:
    """What is in a recording.

    Attributes:
        sample_rate: Samples a second of each channel.
        channels: Number of channels.
        frames: Samples of each channel.
    """

    sample_rate: int
    channels: int
    frames: int


def measure_sound(path: Path) -> RecordedSound | None:
    """Read what is in a recording.

    Args:
        path: A WAV file.

    Returns:
        The measures; None if the file is not there, or holds no 16-bit sound.

    Raises:
        OSError: If the disk fails.
    """
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                return None
            return RecordedSound(file.getframerate(), file.getnchannels(), file.getnframes())
    except (FileNotFoundError, wave.Error, EOFError):
        return None


def read_sound(path: Path, first: int, frames: int) -> bytes:
    """Read a piece of a recording.

    Args:
        path: A WAV file.
        first: Where the piece begins, in samples of a channel.
        frames: How long it is, likewise.

    Returns:
        Its samples, the channels interleaved; shorter than asked for if the file is.

    Raises:
        OSError: If the file cannot be read.
    """
    try:
        with wave.open(str(path), "rb") as file:
            file.setpos(first)
            return file.readframes(frames)
    except (wave.Error, EOFError) as error:
        raise OSError(f"not the recording it was: {type(error).__name__}") from None
