"""One side's sound, placed where it was heard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics.recording.track import Track

RATE = 1000
PIECE = 20


def pcm(*values):
    return np.array(values, dtype=np.int16).tobytes()


def samples(track, until=None):
    return np.frombuffer(track.take(track.end if until is None else until), dtype=np.int16)


def piece(number):
    """Twenty samples that say where they belong: 1000 and more, so that none of them is quiet."""
    return pcm(*(1000 + number * PIECE + np.arange(PIECE)))


def speech(count):
    return np.concatenate([1000 + number * PIECE + np.arange(PIECE) for number in range(count)])


def test_pieces_stand_where_they_were_heard():
    track = Track(RATE)
    track.place(pcm(1, 2, 3), RATE, 0.100)
    track.place(pcm(4, 5), RATE, 0.500)

    heard = samples(track)
    assert list(heard[100:103]) == [1, 2, 3]
    assert list(heard[500:]) == [4, 5]
    assert np.count_nonzero(heard) == 5


def test_a_little_jitter_makes_no_gap():
    track = Track(RATE)
    for number, late in enumerate([0.0, 0.011, 0.003, 0.019, 0.0]):
        track.place(piece(number), RATE, 0.1 + number * PIECE / RATE + late)

    assert list(samples(track)[100:]) == list(speech(5))


def test_the_silence_before_a_batch_that_comes_late_is_taken_back():
    track = Track(RATE)
    for number in range(10):
        track.place(piece(number), RATE, 0.1 + number * PIECE / RATE)
    # Ten more were held up for 300 ms and come all at once; then the line is as before.
    for number in range(10, 25):
        track.place(piece(number), RATE, 0.1 + max(number, 25) * PIECE / RATE)
    for number in range(25, 30):
        track.place(piece(number), RATE, 0.1 + number * PIECE / RATE)

    assert list(samples(track)[100:]) == list(speech(30))


@settings(deadline=None)
@given(st.lists(st.floats(0, 0.4), min_size=1, max_size=60))
def test_no_delay_of_the_network_loses_a_sample_or_changes_their_order(delays):
    track = Track(RATE)
    arrived = 0.0
    for number, delay in enumerate(delays):
        arrived = max(arrived, (number + 1) * PIECE / RATE + delay)  # what is sent in order comes in order
        track.place(piece(number), RATE, arrived - PIECE / RATE)

    heard = samples(track)
    assert list(heard[heard != 0]) == list(speech(len(delays)))


def test_sound_that_runs_ahead_is_level_again_after_a_pause():
    track = Track(RATE)
    track.place(piece(0), RATE, 0.0)
    track.take(800)  # the silence of a stall is handed out before what was held up arrives
    for number in range(1, 50):
        track.place(piece(number), RATE, 0.98)
    assert track.end > 1700
    for number in range(50, 100):
        track.place(pcm(*[3] * PIECE), RATE, number * PIECE / RATE)
    track.place(piece(50), RATE, 2.0)

    heard = samples(track)
    said = np.flatnonzero(heard >= 1000)
    assert list(heard[said]) == list(speech(51))[PIECE:]
    assert said[-PIECE] + 800 == pytest.approx(2000, abs=100)


def test_a_stock_of_sound_is_played_from_when_the_bot_began():
    track = Track(RATE)
    track.place(piece(0), RATE, 1.0, firm=True)
    for number in range(1, 10):
        track.place(piece(number), RATE, 1.0)  # handed to the transport all at once

    heard = samples(track)
    assert list(heard[1000:]) == list(speech(10))


def test_what_was_in_stock_at_an_interruption_was_never_heard():
    track = Track(RATE)
    for number in range(10):
        track.place(piece(number), RATE, 1.0, firm=number == 0)
    track.cut(1.05)
    track.place(piece(10), RATE, 1.3)

    heard = samples(track)
    assert list(heard[1000:1050]) == list(speech(10)[:50])
    assert not heard[1050:1300].any()
    assert list(heard[1300:]) == list(speech(11)[200:])


def test_handing_out_in_pieces_gives_the_same_sound():
    def place_all(track):
        for number in range(40):
            track.place(piece(number), RATE, (number + (30 if number > 20 else 0)) * PIECE / RATE)

    whole, parts = Track(RATE), Track(RATE)
    place_all(whole)
    place_all(parts)
    pieces = [samples(parts, until) for until in range(0, parts.end, 7)]

    assert list(np.concatenate([*pieces, samples(parts)])) == list(samples(whole))


@pytest.mark.parametrize(("rate_in", "rate_out"), [(8000, 24000), (16000, 24000), (48000, 16000), (8000, 16000)])
def test_resampled_speech_keeps_its_place_and_its_tail(rate_in, rate_out):
    track = Track(rate_out)
    tone = (12_000 * np.sin(2 * np.pi * 440 * np.arange(rate_in) / rate_in)).astype(np.int16)
    size = rate_in // 50
    for began in (0.25, 2.0):
        for at in range(0, rate_in, size):
            track.place(tone[at : at + size].tobytes(), rate_in, began + at / rate_in)

    assert track.end == 3 * rate_out
    # Handed out as a call does, a second behind: the end of the first tone is then still in the resampler.
    out = np.concatenate([samples(track, until) for until in range(rate_out // 4, track.end + 1, rate_out // 8)])
    loud = np.flatnonzero(np.abs(out.astype(int)) > 2000) / rate_out
    edges = [loud[0], loud[loud < 1.6][-1], loud[loud > 1.6][0], loud[-1]]
    assert edges == pytest.approx([0.25, 1.25, 2.0, 3.0], abs=0.002)
