"""A file that grows with the call."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import wave

import numpy as np
import pytest

from flows_analytics.files.growing import open_growing
from flows_analytics.recording import wav
from flows_analytics.recording.wav import WavWriter

RATE = 8000
SECOND = np.full(2 * RATE, 9000, dtype=np.int16).tobytes()


def read(path):
    with wave.open(str(path)) as file:
        return file.getparams(), file.readframes(file.getnframes())


def run(program, *arguments):
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_what_was_given_is_in_the_file(tmp_path):
    writer = WavWriter(tmp_path / "calls", "order-1", sample_rate=RATE)
    writer.append(SECOND)
    writer.silence(10 * RATE)
    writer.append(SECOND)
    written = writer.close()

    path = tmp_path / "calls" / "order-1.wav"
    params, pcm = read(path)
    assert (params.nchannels, params.sampwidth, params.framerate) == (2, 2, RATE)
    assert pcm == SECOND + bytes(10 * len(SECOND)) + SECOND
    assert (written.file, written.frames, written.failure) == ("order-1.wav", 12 * RATE, None)
    assert path.stat().st_mode & 0o777 == 0o600
    left, right = written.peaks
    assert left == right
    assert (left[0], left[len(left) // 2], left[-1]) == (0.275, 0.0, 0.275)


def test_a_second_call_of_the_same_id_overwrites_nothing(tmp_path):
    writers = [WavWriter(tmp_path, "../a", sample_rate=RATE) for _ in range(2)]
    files = []
    for writer in writers:
        writer.append(SECOND)
        files.append(writer.close().file)

    assert files[1] == files[0].removesuffix(".wav") + "~2.wav"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)


def test_a_call_without_sound_leaves_no_file(tmp_path):
    written = WavWriter(tmp_path, "a", sample_rate=RATE).close()

    assert (written.file, written.frames, written.failure) == (None, 0, None)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_a_file_that_plays(tmp_path):
    program = """
import os, signal, sys
from pathlib import Path
from flows_analytics.recording.wav import WavWriter
writer = WavWriter(Path(sys.argv[1]), "a", sample_rate=8000)
for _ in range(5):
    writer.append(bytes([1, 2, 3, 4]) * 8000)
path = Path(sys.argv[1], "a.wav")
while not path.exists() or path.stat().st_size < 44 + 5 * 32_000:
    pass
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run(program, tmp_path).returncode == -signal.SIGKILL

    _, pcm = read(tmp_path / "a.wav")
    # The last piece may be there without being counted; those before it are.
    assert len(pcm) >= 4 * 32_000
    assert pcm == bytes([1, 2, 3, 4]) * (len(pcm) // 4)


def test_a_full_disk_keeps_what_fitted_and_says_so(tmp_path):
    program = """
import dataclasses, json, resource, sys
from pathlib import Path
from flows_analytics.recording.wav import WavWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
writer = WavWriter(Path(sys.argv[1]), "a", sample_rate=8000)
for _ in range(5):
    writer.append(bytes([1, 2, 3, 4]) * 8000)
print(json.dumps(dataclasses.asdict(writer.close())))
"""
    done = run(program, tmp_path)
    written = json.loads(done.stdout)

    assert written["file"] == "a.wav"
    assert written["frames"] == 3 * 8000
    assert "File too large" in written["failure"]["why"]
    _, pcm = read(tmp_path / "a.wav")
    assert pcm == bytes([1, 2, 3, 4]) * (3 * 8000)
    assert done.stderr == ""


@pytest.mark.parametrize("room", [0, 20, 44, 1000], ids=["nothing", "half a header", "a header", "some sound"])
def test_a_disk_that_is_full_before_the_first_piece_fits_leaves_no_file(tmp_path, room):
    program = """
import dataclasses, json, resource, sys
from pathlib import Path
from flows_analytics.recording.wav import WavWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
writer = WavWriter(Path(sys.argv[1]), "a", sample_rate=8000)
for _ in range(3):
    writer.append(bytes([1, 2, 3, 4]) * 8000)
print(json.dumps(dataclasses.asdict(writer.close())))
"""
    done = run(program, tmp_path, room)
    written = json.loads(done.stdout)

    assert (written["file"], written["frames"]) == (None, 0)
    assert "File too large" in written["failure"]["why"]
    assert "make room" in written["failure"]["advice"]
    assert list(tmp_path.iterdir()) == []
    assert done.stderr == ""


def test_sound_is_gathered_to_chunks_and_nothing_of_it_is_lost(tmp_path):
    writer = WavWriter(tmp_path, "a", sample_rate=RATE, chunk_secs=3.0)
    sizes = []
    write = writer._write
    writer._write = lambda pcm: (sizes.append(len(pcm) // len(SECOND)), write(pcm))
    for _ in range(4):
        writer.append(SECOND)
    writer.silence(RATE)
    writer.append(SECOND)
    written = writer.close()

    assert sizes == [3, 1, 1, 1]
    assert (written.frames, written.failure) == (6 * RATE, None)
    assert read(tmp_path / "a.wav")[1] == 4 * SECOND + bytes(len(SECOND)) + SECOND
    assert written.peaks[0].count(0.275) * written.peak_ms == 5000


def test_a_directory_that_cannot_be_written_is_an_error_to_tell_and_none_to_raise(tmp_path):
    (tmp_path / "calls").write_text("a file stands where the directory should")
    writer = WavWriter(tmp_path / "calls", "a", sample_rate=RATE)
    for _ in range(3):
        writer.append(SECOND)
    written = writer.close()

    assert (written.file, written.frames) == (None, 0)
    assert "FileExistsError" in written.failure.why
    assert "see that files can be created" in written.failure.advice


def test_a_disk_slower_than_the_call_never_fills_the_memory(tmp_path, monkeypatch):
    awake = threading.Event()

    def open_slowly(*arguments):
        awake.wait()
        return open_growing(*arguments)

    monkeypatch.setattr(wav, "open_growing", open_slowly)
    writer = WavWriter(tmp_path, "a", sample_rate=RATE, most_pending_bytes=4 * len(SECOND))
    for _ in range(100):
        writer.append(SECOND)
    awake.set()
    written = writer.close()

    assert "slower" in written.failure.why
    assert written.frames <= 5 * RATE


@pytest.mark.parametrize("channels", [1, 2])
def test_the_file_is_complete_after_close_whatever_is_pending(tmp_path, channels):
    writer = WavWriter(tmp_path, "a", sample_rate=RATE, channels=channels)
    for _ in range(50):
        writer.append(SECOND)
    written = writer.close()

    params, _ = read(tmp_path / "a.wav")
    assert params.nframes == written.frames == 50 * RATE * 2 // channels
