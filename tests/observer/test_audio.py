"""What can be heard in a recording is what was heard in the call, and where the record says."""

from __future__ import annotations

import asyncio
import errno
import io
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from pipecat.frames.frames import InputAudioRawFrame, StartFrame, TTSSpeakFrame
from pipecat.metrics import metrics
from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor

from flows_analytics import CallRecord, FlowsObserver, JSONFileSink
from flows_analytics.calls.sound import Recording
from flows_analytics.errors import ObserverError
from flows_analytics.files.growing import open_growing
from flows_analytics.observer.audio import AudioRecording
from flows_analytics.observer.guard import Guard
from flows_analytics.recording import wav
from flows_analytics.recording.left_sound import measure
from flows_analytics.recording.recovery import recover
from flows_analytics.testing import calls, hangs_up, interrupts, run_virtual, says, silence, user
from flows_analytics.testing.clock import MONOTONIC_START_NS
from flows_analytics.testing.pace import Pace
from tests.bots import edge, end_node, hold_call, node
from tests.observer.audible import AudibleBot, read_wav, sounds
from tests.testing.flows_line import FlowManager

EXACT_MS = 1.0
# What the transport was playing when the caller cut in: Pipecat 1.14 passes that chunk on, 1.4 drops it.
CHUNK_MS = 40.0
# Words that fill whole chunks, so that no output transport pads or drops the end of one.
PACE = Pace(bot_word=0.32)

STORY = "Let me tell you a very long story about that now"
CALL = (
    says("Hello there my friend"),
    user("I want this thing"),
    says(STORY),
    interrupts("Stop it please now", after=1.013),
    says("Fine then"),
    silence(12),
    user("Are you there"),
    calls("go"),
    says("Bye bye now"),
)

SHORT_CALL = (says("Hello there"), user("I want this"), calls("go"), says("Bye bye"))


def hold(
    directory,
    steps=CALL,
    *,
    answers=True,
    recording=None,
    prepare=None,
    play=None,
    muted=False,
    rates=(16_000, 16_000),
    **options,
):
    """Hold an audible call and tell all about it.

    `prepare(held)` is a task beside the call; `play(now, secs)` tells when the transport is done with a piece of
    the bot's voice that takes `secs`.
    """

    async def main():
        audio = recording or AudioRecording(directory)
        observer = FlowsObserver(**{"call_id": "a", "strict": True, "recording": audio, **options})
        bot = AudibleBot(
            audio_processor=observer.audio_processor,
            microphone_rate=rates[0],
            sample_rate=rates[1],
            observers=[observer],
            flow_manager_class=FlowManager,
            pace=PACE,
        )
        bot.transport.microphone.muted = muted
        if play is not None:

            async def write_audio_frame(frame):
                now = asyncio.get_running_loop().time()
                await asyncio.sleep(play(now, frame.num_frames / frame.sample_rate) - now)
                return True

            bot.transport.output().write_audio_frame = write_audio_frame
        observer.attach_flow_manager(bot.flow_manager)
        held = SimpleNamespace(observer=observer, bot=bot)
        if prepare is not None:
            held.preparing = asyncio.ensure_future(prepare(held))
        await bot.run(node("ask", edge("go", end_node), respond_immediately=answers), steps)
        bot.transport.microphone.stop()
        held.record = observer.record
        return held

    held = run_virtual(main)
    assert not held.observer.health.count("guarded_error"), held.observer.health
    return held


def heard(held, directory, name="a.wav"):
    """The tones of the caller and of the bot, in milliseconds of the file."""
    (caller, bot), rate = read_wav(directory / name)
    return sounds(caller, rate), sounds(bot, rate)


def offsets(record, speaker):
    offset = record.recording.offset_ms
    return [(offset(t.start_ms), offset(t.end_ms)) for t in record.turns if t.speaker == speaker]


def assert_same_edges(found, expected):
    assert len(found) == len(expected)
    for pair, other in zip(found, expected, strict=True):
        assert pair == pytest.approx(other, abs=EXACT_MS)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """The usual call, delivered; `usual.directory` is where to."""
    directory = tmp_path_factory.mktemp("calls")
    held = hold(directory, sinks=[JSONFileSink(directory)], recording_url="https://example.org/a.mp3")
    held.directory = directory
    return held


def assert_turns_are_heard_where_they_are(held, directory):
    caller, bot = heard(held, directory)
    record = held.record
    assert_same_edges(caller, offsets(record, "caller"))
    turns = [turn for turn in record.turns if turn.speaker == "bot"]
    placed = offsets(record, "bot")
    assert len(bot) == len(turns)
    for turn, (start, end), (on, off) in zip(turns, placed, bot, strict=True):
        assert on == pytest.approx(start, abs=EXACT_MS)
        assert off == pytest.approx(end, abs=CHUNK_MS if turn.interrupted else EXACT_MS), turn.text


@pytest.mark.parametrize(
    "rates", [(16_000, 16_000), (8_000, 8_000), (16_000, 24_000)], ids=["16k", "telephone", "24k voice"]
)
def test_every_turn_is_heard_where_the_record_says(tmp_path, rates):
    held = hold(tmp_path, rates=rates)

    record = held.record
    assert record.recording.sample_rate == 24_000  # the pipeline's
    assert record.recording.channels == 2
    assert len([t for t in record.turns if t.speaker == "caller"]) == 3
    assert [t.interrupted for t in record.turns if t.speaker == "bot"] == [False, True, False, False]
    assert_turns_are_heard_where_they_are(held, tmp_path)


def test_the_caller_is_heard_when_he_spoke(usual):
    began = usual.record.recording.began_ms
    # The pipeline's clock starts when the call does: at the beginning of virtual time, give or take the wiring.
    script = [
        ((start - MONOTONIC_START_NS / 1e9) * 1000 - began, (end - MONOTONIC_START_NS / 1e9) * 1000 - began)
        for start, end in usual.bot.transport.microphone.speech
    ]
    assert_same_edges(heard(usual, usual.directory)[0], script)


def test_turns_are_where_the_record_says_also_without_a_microphone(tmp_path):
    held = hold(tmp_path, muted=True)

    caller, bot = heard(held, tmp_path)
    assert caller == []
    starts = [start for start, _ in offsets(held.record, "bot")]
    assert [on for on, _ in bot] == pytest.approx(starts, abs=EXACT_MS)


class SendsFirst:
    """A websocket that sends at once and then waits: each piece is done when it begins to be heard."""

    def __init__(self):
        self._next = 0.0

    def __call__(self, now, secs):
        sent = max(now, self._next)
        self._next = sent + secs
        return sent


class TakesAhead:
    """A transport that takes up to a second of sound ahead of its playing."""

    def __init__(self):
        self._played_until = 0.0

    def __call__(self, now, secs):
        self._played_until = max(self._played_until, now) + secs
        return max(now, self._played_until - 1.0)


@pytest.mark.parametrize("transport", [SendsFirst, TakesAhead])
def test_the_bot_is_heard_when_it_spoke_however_the_transport_takes_its_sound(tmp_path, transport):
    held = hold(tmp_path, play=transport())

    caller, bot = heard(held, tmp_path)
    began = [event.at_ms for event in held.record.events if event.kind == "bot_started"]
    starts = [held.record.recording.offset_ms(at_ms) for at_ms in began]
    assert [on for on, _ in bot] == pytest.approx(starts, abs=EXACT_MS)
    lengths = [off - on for on, off in bot]
    assert [lengths[0], *lengths[2:]] == pytest.approx([4 * 320, 2 * 320, 3 * 320], abs=EXACT_MS)
    # The caller cut the story. What the transport had taken was never heard, but for the piece being sent.
    noticed = caller[1][0] + 200
    assert bot[1][1] == pytest.approx(noticed, abs=2 * CHUNK_MS)


def test_a_greeting_at_once_is_recorded_whole(tmp_path):
    async def greet(held):
        await held.bot.worker.queue_frame(TTSSpeakFrame("Welcome to the pizza line"))

    held = hold(tmp_path, [hangs_up(after=4.0)], answers=False, prepare=greet)

    (greeting,) = heard(held, tmp_path)[1]
    assert greeting[1] - greeting[0] == pytest.approx(5 * 320, abs=EXACT_MS)
    (turn,) = held.record.turns
    assert greeting[0] == pytest.approx(held.record.recording.offset_ms(turn.start_ms), abs=EXACT_MS)


def test_a_hang_up_in_the_middle_of_a_word_keeps_all_that_was_heard(tmp_path):
    held = hold(tmp_path, [says(STORY), hangs_up(after=1.234, while_bot_speaks=True)])

    ((on, off),) = heard(held, tmp_path)[1]
    (turn,) = held.record.turns
    assert on == pytest.approx(held.record.recording.offset_ms(turn.start_ms), abs=EXACT_MS)
    assert 1234 - CHUNK_MS <= off - on <= 1234 + CHUNK_MS
    assert held.record.status == "cancelled"


def test_the_last_word_before_the_end_is_in_the_file(usual):
    _, bot = heard(usual, usual.directory)
    assert bot[-1][1] - bot[-1][0] == pytest.approx(3 * 320, abs=EXACT_MS)
    assert usual.record.status == "completed"


@pytest.mark.skipif(not hasattr(metrics, "STTUsage"), reason="transcription is metered from Pipecat 1.7")
def test_audio_that_is_heard_and_transcribed_is_metered_once(usual):
    reports = [event for event in usual.record.events if event.kind == "audio_transcribed"]

    # One for each of the caller's turns, and the rest when the EndFrame passes.
    assert len(reports) == 4
    assert usual.record.usage.audio_secs * 1000 == pytest.approx(reports[-1].at_ms, abs=20)


def test_a_flush_ends_the_recording_and_delivers_it(tmp_path):
    async def flush(held):
        await asyncio.sleep(5.9)
        await held.observer.aflush("client-disconnected")
        held.flushed = CallRecord.load(tmp_path / "a.json")

    held = hold(tmp_path, prepare=flush, sinks=[JSONFileSink(tmp_path)])

    recording = held.flushed.recording
    assert recording.file == "a.wav"
    assert recording.began_ms + recording.duration_ms == pytest.approx(5900, abs=CHUNK_MS)
    samples, rate = read_wav(tmp_path / "a.wav")
    assert samples.shape[1] * 1000 / rate == pytest.approx(recording.duration_ms)
    assert len(heard(held, tmp_path)[1]) == 2


def test_the_recording_is_in_the_record_that_is_delivered(usual):
    recording = CallRecord.load(usual.directory / "a.json").recording

    assert recording == usual.record.recording
    assert recording.url == "https://example.org/a.mp3"
    assert recording.file == "a.wav"
    assert usual.observer.health.ok


def test_the_waveform_rises_and_falls_with_the_tones(usual):
    recording = usual.record.recording
    (caller, bot), rate = read_wav(usual.directory / "a.wav")
    assert recording.duration_ms == pytest.approx(len(caller) * 1000 / rate)
    for samples, peaks in zip((caller, bot), recording.peaks, strict=True):
        waves = [number * recording.peak_ms for number, peak in enumerate(peaks) if peak > 0.1]
        for on, off in sounds(samples, rate):
            assert any(abs(at - on) <= recording.peak_ms for at in waves)
            assert any(abs(at + recording.peak_ms - off) <= recording.peak_ms for at in waves)
        assert max(peaks) == round(max(abs(int(sample)) for sample in samples) / 32_768, 3)


def test_the_recording_lasts_as_long_as_the_call(usual):
    record = usual.record
    assert record.recording.offset_ms(record.duration_ms) is not None
    assert record.recording.began_ms + record.recording.duration_ms == pytest.approx(record.duration_ms, abs=0.1)


def test_times_outside_the_recording_have_no_place_in_it(usual):
    recording = usual.record.recording

    assert recording.offset_ms(recording.began_ms) == 0
    assert recording.offset_ms(recording.began_ms + recording.duration_ms) == recording.duration_ms
    assert recording.offset_ms(recording.began_ms - 1) is None
    assert recording.offset_ms(recording.began_ms + recording.duration_ms + 1) is None
    assert recording.offset_ms(None) is None


def test_a_recording_made_elsewhere_is_named_and_nothing_is_known_of_it():
    record = hold_call(node("ask"), [says("Hi")], recording_url="https://example.org/a.mp3").record

    assert record.recording.url == "https://example.org/a.mp3"
    assert record.recording.file is None
    assert record.recording.offset_ms(0.0) is None
    assert hold_call(node("ask"), [says("Hi")]).record.recording is None


def test_the_sample_rate_may_be_chosen(tmp_path):
    held = hold(tmp_path, SHORT_CALL, recording=AudioRecording(tmp_path, sample_rate=8_000))

    assert read_wav(tmp_path / "a.wav")[1] == held.record.recording.sample_rate == 8_000
    assert held.observer.audio_processor.sample_rate == 8_000
    assert_turns_are_heard_where_they_are(held, tmp_path)


@pytest.mark.parametrize("options", [{"num_channels": 1}, {"num_channels": 2, "buffer_size": 32_000}])
def test_a_processor_of_ones_own_is_started_and_keeps_its_settings(tmp_path, options):
    handed = []
    processor = AudioBufferProcessor(sample_rate=16_000, **options)

    @processor.event_handler("on_audio_data")
    async def on_audio_data(processor, audio, sample_rate, num_channels):
        handed.append((len(audio), sample_rate, num_channels))

    held = hold(tmp_path, SHORT_CALL, recording=AudioRecording(tmp_path, processor=processor))

    assert held.observer.audio_processor is processor
    assert {(rate, channels) for _, rate, channels in handed} == {(16_000, options["num_channels"])}
    assert (len(handed) > 1) == ("buffer_size" in options)
    assert held.record.recording.sample_rate == 16_000
    assert_turns_are_heard_where_they_are(held, tmp_path)


def test_the_processor_given_hands_sound_to_handlers_too(tmp_path):
    recording = AudioRecording(tmp_path)
    handed = []

    @recording.processor.event_handler("on_audio_data")
    async def on_audio_data(processor, audio, sample_rate, num_channels):
        handed.append((len(audio) / sample_rate / 4, num_channels))

    held = hold(tmp_path, SHORT_CALL, recording=recording)
    assert recording.processor.num_channels == 2
    assert sum(secs for secs, _ in handed) == pytest.approx(held.record.recording.duration_ms / 1000, abs=3)


def test_a_directory_that_cannot_be_written_costs_the_recording_only(tmp_path):
    (tmp_path / "blocked").write_text("a file")
    held = hold(
        tmp_path,
        SHORT_CALL,
        recording=AudioRecording(tmp_path / "blocked"),
        sinks=[JSONFileSink(tmp_path / "calls")],
    )

    record = CallRecord.load(tmp_path / "calls" / "a.json")
    assert record.recording is None
    assert record.health.count("recording_failed") == 1
    assert str(tmp_path) not in record.health.losses["recording_failed"].why
    assert record.path == ("ask", "end")
    assert len(held.record.turns) == 3


class FullDisk(io.FileIO):
    """A file on a disk with little room: what does not fit fails as it does in Linux."""

    def __init__(self, path, room):
        super().__init__(path, "wb")
        self._room = room

    def write(self, data):
        if self.tell() + len(data) > self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def fill_disk(monkeypatch, room):
    def open_on_full_disk(directory, name, suffix):
        path, file = open_growing(directory, name, suffix)
        file.close()
        return path, io.BufferedWriter(FullDisk(path, room))

    monkeypatch.setattr(wav, "open_growing", open_on_full_disk)


def test_a_disk_that_is_full_from_the_start_leaves_no_file_and_no_name_in_the_record(tmp_path, monkeypatch):
    fill_disk(monkeypatch, room=44)
    held = hold(tmp_path, SHORT_CALL, recording_url="https://example.org/a.mp3")

    assert list(tmp_path.iterdir()) == []
    assert held.record.recording.file is None
    assert held.record.recording.url == "https://example.org/a.mp3"
    assert held.record.health.count("recording_failed") == 1
    assert "No space left" in held.record.health.losses["recording_failed"].why
    assert held.record.path == ("ask", "end")


def test_a_disk_that_fills_in_the_call_is_logged_once_when_it_is_noticed(tmp_path, monkeypatch, caplog):
    fill_disk(monkeypatch, room=200_000)  # two seconds
    logged = []

    async def look(held):
        await asyncio.sleep(4.8)
        # The disk has a thread of its own, which virtual time does not wait for.
        held.observer._audio._writer._submit(lambda: None).result()
        await asyncio.sleep(0.1)
        logged.extend(message for message in caplog.messages if "recording" in message)

    held = hold(tmp_path, SHORT_CALL, prepare=look)

    (message,) = logged
    assert [message for message in caplog.messages if "recording" in message] == logged
    assert "call 'a'" in message
    assert "the recording of the sound" in message
    assert f"{tmp_path}" in message
    assert "No space left on device" in message
    assert "make room there, or record to another directory" in message
    assert held.record.health.count("recording_failed") == 1
    assert held.record.recording.file == "a.wav"
    assert held.record.recording.duration_ms == pytest.approx(2000, abs=100)


def test_a_recording_that_failed_is_logged_at_the_end_if_nobody_noticed_before(tmp_path, caplog):
    hold_call(node("ask"), [says("Hi")], recording=AudioRecording(tmp_path))

    (message,) = [message for message in caplog.messages if "recording" in message]
    assert "not in a pipeline that started; put it there, after transport.output()" in message


@pytest.mark.parametrize("frame_secs", [0.02, 3.0], ids=["short frames", "frames longer than what is held back"])
@pytest.mark.parametrize("chunk_secs", [1.0, 300.0])
def test_an_hour_without_sound_is_written_without_being_made_on_the_loop(
    tmp_path, monkeypatch, frame_secs, chunk_secs
):
    now_ns = 0
    clock = SimpleNamespace(get_time=lambda: now_ns)
    handlers, losses, mixed = [], [], []
    append = wav.WavWriter.append
    monkeypatch.setattr(wav.WavWriter, "append", lambda self, pcm: (mixed.append(len(pcm)), append(self, pcm)))
    processor = SimpleNamespace(
        sample_rate=8_000,
        get_clock=lambda: clock,
        add_event_handler=lambda name, handler: handlers.append(handler),
    )
    recording = AudioRecording(tmp_path, processor=processor, chunk_secs=chunk_secs)
    recording.begin("a", Guard("a", lambda code, why: losses.append(code), strict=True), lambda known: None)
    handlers[0](processor, StartFrame())
    sound = np.full(round(frame_secs * 8_000), 5000, dtype=np.int16).tobytes()
    for gap_secs in (0, 3600):
        now_ns += gap_secs * 10**9
        for _ in range(round(6 / frame_secs)):
            now_ns += round(frame_secs * 1e9)
            handlers[0](processor, InputAudioRawFrame(sound, 8_000, 1))
    made = asyncio.run(recording.finish(now_ns / 1e6, lambda code, why: losses.append(code), timeout_secs=60))

    second = 8_000 * 4
    assert max(mixed) <= second
    assert sum(mixed) <= 15 * second
    assert losses == []
    assert made.duration_ms == pytest.approx(3_612_000, abs=1)
    samples, _ = read_wav(tmp_path / "a.wav")
    assert [second for edge in sounds(samples[0], 8_000) for second in edge] == pytest.approx(
        [0, 6_000, 3_606_000, 3_612_000], abs=1
    )


def test_a_disk_that_hangs_costs_the_call_a_bounded_time(tmp_path, monkeypatch):
    awake = threading.Event()

    def open_slowly(*arguments):
        awake.wait()
        return open_growing(*arguments)

    monkeypatch.setattr(wav, "open_growing", open_slowly)
    clock = SimpleNamespace(get_time=lambda: 10**9)
    processor = SimpleNamespace(
        sample_rate=16_000,
        get_clock=lambda: clock,
        add_event_handler=lambda name, handler: handlers.append(handler),
    )
    handlers, losses = [], []
    recording = AudioRecording(tmp_path, processor=processor)
    recording.begin("a", Guard("a", lambda code, why: losses.append(code), strict=True), lambda known: None)
    for frame in (StartFrame(), InputAudioRawFrame(bytes(640), 16_000, 1)):
        handlers[0](processor, frame)
    try:
        made = asyncio.run(recording.finish(2000.0, lambda code, why: losses.append(code), timeout_secs=0.01))
    finally:
        awake.set()

    assert made is None  # the file stays, but nothing is known of it yet
    assert losses == ["recording_failed"]


def test_a_killed_process_leaves_a_call_that_knows_its_sound(tmp_path):
    held = hold(tmp_path, SHORT_CALL, journal=tmp_path)
    (journal,) = tmp_path.glob("journal/*.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    named = [number for number, line in enumerate(lines) if b'"file":"a.wav"' in line]
    # As it was before the end of the call: the file is named, and nobody knows how long it will be.
    assert b'"duration_ms"' not in lines[named[0]]
    assert named[1] - named[0] > 20
    journal.write_bytes(b"".join(lines[: named[1]]))

    (recovery,) = recover(tmp_path)
    assert recovery.outcome == "recovered"
    assert CallRecord.load(recovery.record).recording == held.record.recording


def test_a_recording_that_cannot_be_read_is_named_as_it_was(tmp_path):
    known = Recording(file="a.wav", sample_rate=8_000, channels=2, began_ms=5.0)
    for content in (None, b"", b"RIFF", bytes(100)):
        if content is not None:
            (tmp_path / "a.wav").write_bytes(content)
        assert measure(known, tmp_path) == known


def test_a_processor_left_out_of_the_pipeline_is_said(tmp_path):
    held = hold_call(node("ask"), [says("Hi")], recording=AudioRecording(tmp_path))

    assert held.record.recording is None
    assert "not in a pipeline" in held.record.health.losses["recording_failed"].why
    assert list(tmp_path.iterdir()) == []


def test_an_observer_without_a_recording_says_how_to_get_one():
    with pytest.raises(ObserverError, match="recording=AudioRecording") as caught:
        FlowsObserver().audio_processor  # noqa: B018  # a property that raises
    assert caught.value.code == "no_recording"


def test_one_recording_is_one_call(tmp_path):
    recording = AudioRecording(tmp_path)
    FlowsObserver(recording=recording)
    with pytest.raises(ObserverError) as caught:
        FlowsObserver(recording=recording)
    assert caught.value.code == "recording_reused"


def test_a_second_call_of_the_same_id_is_recorded_beside_the_first(tmp_path):
    for file in ("a.wav", "a~2.wav"):
        held = hold(tmp_path, [says("Hi"), hangs_up()])
        assert held.record.recording.file == file
        assert (tmp_path / file).stat().st_mode & 0o777 == 0o600
