"""Both sides in step."""

from __future__ import annotations

import numpy as np
import pytest

from flows_analytics.recording.mixer import StereoMixer

RATE = 1000


HOUR = 3600


class Tape:
    def __init__(self):
        self.pieces = []
        self.frames = 0
        self.silent = 0

    def append(self, pcm):
        self.pieces.append(np.frombuffer(pcm, dtype=np.int16).reshape(-1, 2))
        self.frames += len(self.pieces[-1])

    def silence(self, frames):
        self.pieces.append(np.zeros((frames, 2), dtype=np.int16))
        self.frames += frames
        self.silent += frames

    @property
    def sound(self):
        return np.concatenate(self.pieces)


def test_the_caller_is_left_and_the_bot_right():
    tape = Tape()
    mixer = StereoMixer(tape, RATE)
    mixer.caller.place(np.full(100, 5, dtype=np.int16).tobytes(), RATE, 0.1)
    mixer.bot.place(np.full(300, 7, dtype=np.int16).tobytes(), RATE, 0.3)
    mixer.finish()

    left, right = tape.sound.T
    assert list(np.flatnonzero(left)) == list(range(100, 200))
    assert list(np.flatnonzero(right)) == list(range(300, 600))
    assert (left.max(), right.max()) == (5, 7)


def test_what_is_held_back_does_not_grow_with_the_call():
    tape = Tape()
    mixer = StereoMixer(tape, RATE)
    held = []
    for number in range(30_000):  # ten minutes
        mixer.caller.place(np.full(20, 5, dtype=np.int16).tobytes(), RATE, number * 0.02)
        mixer.advance(number * 0.02)
        held.append(number * 20 - tape.frames)
    mixer.finish()

    assert max(held) <= 2 * RATE
    assert tape.frames == 600 * RATE
    assert (tape.sound[:, 0] == 5).all()


@pytest.mark.parametrize("block_secs", [0.25, 1.0, 300.0])
@pytest.mark.parametrize("late_secs", [0.02, 3.0], ids=["a short piece", "a piece longer than what is held back"])
def test_a_silence_between_two_sounds_is_never_mixed_however_late_the_second_is_handed_on(block_secs, late_secs):
    tape = Tape()
    mixer = StereoMixer(tape, RATE, block_secs=block_secs)
    mixer.caller.place(np.full(20, 5, dtype=np.int16).tobytes(), RATE, 0.5)
    size = round(late_secs * RATE)
    mixer.bot.place(np.full(size, 7, dtype=np.int16).tobytes(), RATE, HOUR)
    mixer.advance(HOUR + late_secs)
    mixer.finish()

    assert tape.frames - tape.silent <= 2 * block_secs * RATE + size
    assert list(np.flatnonzero(tape.sound[:, 0])) == list(range(500, 520))
    assert list(np.flatnonzero(tape.sound[:, 1])) == list(range(HOUR * RATE, HOUR * RATE + size))


def test_a_pause_shorter_than_a_block_is_mixed_with_what_is_around_it():
    tape = Tape()
    mixer = StereoMixer(tape, RATE)
    for at_secs in (0.0, 0.5, 1.2):
        mixer.caller.place(np.full(100, 5, dtype=np.int16).tobytes(), RATE, at_secs)
    mixer.finish()

    assert [len(piece) for piece in tape.pieces] == [1000, 300]
    assert tape.silent == 0


def test_a_long_silence_takes_no_room():
    tape = Tape()
    mixer = StereoMixer(tape, RATE)
    mixer.caller.place(np.full(20, 5, dtype=np.int16).tobytes(), RATE, 0.0)
    mixer.advance(0.02)
    mixer.bot.place(np.full(20, 7, dtype=np.int16).tobytes(), RATE, 3600.0)
    mixer.advance(3600.02)
    mixer.finish()

    assert tape.frames == 3600 * RATE + 20
    assert tape.silent > 3590 * RATE
    assert list(np.flatnonzero(tape.sound[:, 1])) == list(range(3600 * RATE, 3600 * RATE + 20))
