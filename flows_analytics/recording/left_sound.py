"""The sound that a dead process left behind."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from flows_analytics.calls.sound import Recording
from flows_analytics.recording.peaks import PeakMeter

_SAMPLE_BYTES = 2
_FRAMES_AT_ONCE = 65_536


def measure(recording: Recording, directory: Path) -> Recording:
    """Find out how long a recording became, whose process died before it could say so.

    Args:
        recording: What the journal says of it.
        directory: Where the call's record goes.

    Returns:
        The recording with its length and its waveform; as it is if they are known, or if the file is not in the
        directory or cannot be read.
    """
    if recording.file is None or recording.duration_ms is not None:
        return recording
    file = directory / Path(recording.file).name
    try:
        with file.open("rb") as opened, wave.open(opened, "rb") as sound:
            rate, channels = sound.getframerate(), sound.getnchannels()
            if sound.getsampwidth() != _SAMPLE_BYTES:
                return recording
            peaks = PeakMeter(channels, rate)
            frames = 0
            while pcm := sound.readframes(_FRAMES_AT_ONCE):
                whole = len(pcm) // (channels * _SAMPLE_BYTES)
                peaks.add(np.frombuffer(pcm[: whole * channels * _SAMPLE_BYTES], dtype=np.int16))
                frames += whole
    except (OSError, EOFError, wave.Error):
        return recording
    return recording.model_copy(
        update={
            "sample_rate": rate,
            "channels": channels,
            "duration_ms": round(frames * 1000 / rate, 3),
            "peak_ms": peaks.stretch_ms,
            "peaks": peaks.peaks,
        }
    )
