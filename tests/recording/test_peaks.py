"""The waveform of a recording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics.recording.peaks import PeakMeter

blocks = st.lists(
    st.one_of(
        st.lists(st.integers(-32768, 32767), min_size=1, max_size=120),
        st.integers(1, 400),  # so many frames of silence
    ),
    max_size=12,
)


def fill(meter, given_blocks, channels):
    """Feed the meter, and return all of it as one array."""
    frames = []
    for block in given_blocks:
        if isinstance(block, int):
            meter.add_silence(block)
            frames.append(np.zeros((block, channels), dtype=np.int16))
        else:
            samples = np.array(block * channels, dtype=np.int16)
            meter.add(samples)
            frames.append(samples.reshape(-1, channels))
    return np.concatenate(frames) if frames else np.zeros((0, channels), dtype=np.int16)


def by_force(frames, width):
    loud = np.abs(frames.astype(np.int32))
    return tuple(
        tuple(round(int(max(channel[at : at + width])) / 32768, 3) for at in range(0, len(channel), width))
        for channel in loud.T
    )


@settings(deadline=None)
@given(blocks, st.sampled_from([1, 2]), st.sampled_from([2, 8, 10]))
def test_peaks_are_the_loudest_samples_of_their_stretches(given_blocks, channels, most):
    meter = PeakMeter(channels, 500, most=most)
    frames = fill(meter, given_blocks, channels)

    width = round(meter.stretch_ms * 500 / 1000)
    assert meter.peaks == (by_force(frames, width) if len(frames) else ((),) * channels)


@settings(deadline=None)
@given(blocks, st.sampled_from([2, 8]))
def test_merging_never_loses_a_maximum_and_never_grows_past_the_bound(given_blocks, most):
    meter = PeakMeter(2, 500, most=most)
    frames = fill(meter, given_blocks, 2)

    for channel, peaks in zip(frames.T, meter.peaks, strict=True):
        assert len(peaks) <= most
        loudest = int(np.abs(channel.astype(np.int32)).max(initial=0))
        assert max(peaks, default=0.0) == round(loudest / 32768, 3)


@pytest.mark.parametrize("seconds", [0.5, 10, 11, 3600])
def test_the_waveform_of_any_call_fits_a_page(seconds):
    rate = 8000
    meter = PeakMeter(2, rate)
    samples = np.full(2 * rate, 16384, dtype=np.int16)
    for _ in range(int(seconds)):
        meter.add(samples)
    meter.add(samples[: int(2 * rate * (seconds % 1))])

    left, right = meter.peaks
    assert left == right
    assert 50 <= len(left) <= 1000
    assert set(left) == {0.5}
    assert 0 <= len(left) * meter.stretch_ms - seconds * 1000 < meter.stretch_ms
