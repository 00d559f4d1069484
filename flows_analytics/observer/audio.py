"""AudioRecording: the sound of a call, the caller on the left and the bot on the right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    AudioRawFrame,
    BotStartedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    StartFrame,
)
from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor

from flows_analytics.calls.sound import Recording
from flows_analytics.errors import ObserverError
from flows_analytics.files.threads import in_own_thread
from flows_analytics.observer.guard import Guard
from flows_analytics.recording.mixer import BLOCK_SECS, StereoMixer
from flows_analytics.recording.wav import WavWriter, WriteFailure, Written

_CHANNELS = 2
_LEAD_SECS = 0.2
"""What the file begins with before the first sound: the other side's first sound may have begun earlier."""

_HANDED_BYTES = 256 * 1024
"""When the processor hands its sound to handlers of the bot's own, in bytes of one channel."""

_NOT_STARTED = WriteFailure(
    "observer.audio_processor was not in a pipeline that started", "put it there, after transport.output()"
)
_TOO_LATE = WriteFailure(
    "the disk did not take the end of the recording in time", "record to a directory on a faster disk"
)


class AudioRecording:
    """Records the sound of one call to a WAV file beside its record.

    Give it to the observer, and the observer's processor to the pipeline::

        observer = FlowsObserver(recording=AudioRecording("calls"), sinks=[JSONFileSink("calls")])
        pipeline = Pipeline([..., tts, transport.output(), observer.audio_processor, aggregator.assistant()])

    The file is stereo, the caller on the left and the bot on the right, and is written as the call goes on:
    memory stays bounded, and a process that dies leaves a file that plays. It is made from the frames that reach
    the processor, placed by the pipeline's clock, and not from what the processor hands out: that joins pauses
    shorter than 200 ms and shifts the bot whenever it hands out sound while both speak.

    A full disk or a directory that cannot be written costs the recording only: it is logged once, when it is
    noticed, and counted as ``recording_failed`` in ``health`` at the end.

    Args:
        directory: Where the file goes, ``<safe id>.wav``; created if it is missing.
        processor: An AudioBufferProcessor of your own to listen at. It is started with the pipeline, as ours is;
            its settings and handlers stay yours.
        sample_rate: Samples a second of the file; None takes those of the processor, and so of the pipeline's
            output.
        chunk_secs: How much is written at once, in seconds. What a killed process loses grows with it.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        processor: AudioBufferProcessor | None = None,
        sample_rate: int | None = None,
        chunk_secs: float = 1.0,
    ) -> None:
        self._directory = Path(directory)
        self._sample_rate = sample_rate
        self._chunk_secs = chunk_secs
        self._processor = processor or AudioBufferProcessor(
            sample_rate=sample_rate, num_channels=_CHANNELS, buffer_size=_HANDED_BYTES
        )
        self._call_id: str | None = None
        self._guard: Guard | None = None
        self._keep: Callable[[Recording], None] | None = None
        self._started = False
        self._over = False
        self._said = False
        self._mixer: StereoMixer | None = None
        self._writer: WavWriter | None = None
        self._rate = 0
        self._began_ns = 0
        self._bot_began_ns = 0
        self._bot_begins = False
        self._bot_early_ns = 0

    @property
    def processor(self) -> AudioBufferProcessor:
        """The processor for the pipeline; its place is after ``transport.output()``."""
        return self._processor

    @property
    def file(self) -> Path | None:
        """The file; None while there is none."""
        return self._directory / self._writer.file if self._writer is not None and self._writer.file else None

    def begin(self, call_id: str, guard: Guard, keep: Callable[[Recording], None]) -> None:
        """Get ready to record a call. Called by the observer.

        Args:
            call_id: The call.
            guard: Where exceptions go.
            keep: Told of the file as soon as there is one, without its length: if the process dies, whoever
                recovers the call finds its sound.

        Raises:
            ObserverError: ``recording_reused`` if it already belongs to a call.
        """
        if self._call_id is not None:
            raise ObserverError(
                "recording_reused",
                f"this AudioRecording already belongs to call {self._call_id!r}: make a new one for each call",
            )
        self._call_id = call_id
        self._guard = guard
        self._keep = keep
        # Pipecat types no handlers. It awaits these two in place: no task stands between a frame and its time.
        processor: Any = self._processor
        processor.add_event_handler("on_before_process_frame", self._before_frame)
        processor.add_event_handler("on_after_process_frame", self._after_frame)

    async def finish(
        self, ended_ms: float | None, lose: Callable[[str, str], None], *, timeout_secs: float
    ) -> Recording | None:
        """Write the end of the file, and close it. What comes later is not recorded. Called by the observer.

        Args:
            ended_ms: When the call ended, in milliseconds; the file lasts until then. None if that is not known.
            lose: Takes a loss's code and reason.
            timeout_secs: How long the disk may take.

        Returns:
            The recording; None if there is nothing to hear.
        """
        self._over = True
        if not self._started:
            self._say(_NOT_STARTED)
            lose("recording_failed", _NOT_STARTED.why)
        if self._mixer is None or self._writer is None:
            return None
        self._mixer.finish(self._secs(round((ended_ms or 0.0) * 1e6)))
        try:
            written = await asyncio.wait_for(in_own_thread(self._writer.close), timeout_secs)
        except TimeoutError:
            self._say(_TOO_LATE)
            lose("recording_failed", _TOO_LATE.why)
            return Recording(file=self._writer.file) if self._writer.file else None
        if written.failure is not None:
            self._say(written.failure)
            lose("recording_failed", f"the recording could not be written: {written.failure.why}")
        return self._recording(written)

    def _recording(self, written: Written) -> Recording | None:
        if written.file is None:
            return None
        known = {
            "duration_ms": round(written.frames * 1000 / self._rate, 3),
            "peak_ms": written.peak_ms,
            "peaks": written.peaks,
        }
        return self._begun(written.file).model_copy(update=known)

    def _begun(self, file: str) -> Recording:
        return Recording(
            file=file, sample_rate=self._rate, channels=_CHANNELS, began_ms=round(self._began_ns / 1e6, 3)
        )

    # What the processor is given

    async def _after_frame(self, processor: AudioBufferProcessor, frame: Frame) -> None:
        # Before the first frame after the StartFrame: a greeting may be next. On one that was started already this
        # does nothing, or empties buffers that are still empty.
        if isinstance(frame, StartFrame):
            await processor.start_recording()

    def _before_frame(self, processor: AudioBufferProcessor, frame: Frame) -> None:
        if self._over:
            return
        try:
            self._take(processor, frame)
            if self._writer is not None:
                self._tell(self._writer)
        except Exception as error:
            if self._guard is not None:
                self._guard.caught("the sound of the call", error)

    def _tell(self, writer: WavWriter) -> None:
        # The file is created in the writer's thread: a frame later, or some more if the disk is slow.
        if writer.file and self._keep is not None:
            keep, self._keep = self._keep, None
            keep(self._begun(writer.file))
        if writer.failure is not None:
            self._say(writer.failure)

    def _take(self, processor: AudioBufferProcessor, frame: Frame) -> None:
        if isinstance(frame, InputAudioRawFrame):
            self._caller(processor, frame)
        elif isinstance(frame, OutputAudioRawFrame):
            self._bot(processor, frame)
        elif isinstance(frame, BotStartedSpeakingFrame):
            self._bot_began_ns, self._bot_begins = _now_ns(processor), True
        elif isinstance(frame, InterruptionFrame):
            # Some transports take sound faster than they play it, and drop the rest when the caller cuts in.
            if self._mixer is not None:
                self._mixer.bot.cut(self._secs(_now_ns(processor)))
        elif isinstance(frame, StartFrame):
            self._started = True

    def _caller(self, processor: AudioBufferProcessor, frame: InputAudioRawFrame) -> None:
        now_ns = _now_ns(processor)
        pcm = _mono(frame)
        if pcm:
            began_ns = now_ns - _length_ns(pcm, frame.sample_rate)
            mixer = self._mixer or self._begin_file(processor, began_ns)
            mixer.caller.place(pcm, frame.sample_rate, self._secs(began_ns))
            mixer.advance(self._secs(now_ns))

    def _bot(self, processor: AudioBufferProcessor, frame: OutputAudioRawFrame) -> None:
        now_ns = _now_ns(processor)
        pcm = _mono(frame)
        if not pcm:
            return
        # A frame comes when its write is done. Most transports take as long for that as the sound does; those that
        # take less for the first show it by coming too soon after the bot began to speak.
        began_ns = now_ns - _length_ns(pcm, frame.sample_rate)
        begins, self._bot_begins = self._bot_begins, False
        if begins:
            self._bot_early_ns = max(self._bot_began_ns - began_ns, 0)
        began_ns += self._bot_early_ns
        mixer = self._mixer or self._begin_file(processor, began_ns)
        mixer.bot.place(pcm, frame.sample_rate, self._secs(began_ns), firm=begins)
        mixer.advance(self._secs(now_ns))

    def _begin_file(self, processor: AudioBufferProcessor, first_ns: int) -> StereoMixer:
        self._rate = self._sample_rate or processor.sample_rate
        self._began_ns = max(first_ns - round(_LEAD_SECS * 1e9), 0)
        self._writer = WavWriter(
            self._directory,
            self._call_id or "",
            sample_rate=self._rate,
            channels=_CHANNELS,
            chunk_secs=self._chunk_secs,
        )
        # Mixed here bit by bit, gathered in the writer's thread: the loop never waits for a long chunk.
        self._mixer = StereoMixer(self._writer, self._rate, block_secs=min(self._chunk_secs, BLOCK_SECS))
        return self._mixer

    def _say(self, failure: WriteFailure) -> None:
        # The first only: what follows from it is no news.
        if self._guard is not None and not self._said:
            self._said = True
            self._guard.say(
                f"the recording of the sound in {self._directory} failed: {failure.why}; {failure.advice}; "
                "the call goes on"
            )

    def _secs(self, at_ns: int) -> float:
        return (at_ns - self._began_ns) / 1e9


def _now_ns(processor: AudioBufferProcessor) -> int:
    return processor.get_clock().get_time()


def _mono(frame: AudioRawFrame) -> bytes:
    if frame.num_channels == 1:
        return frame.audio[: len(frame.audio) // 2 * 2]
    samples: Any = np.frombuffer(frame.audio, dtype=np.int16)
    whole = samples[: len(samples) // frame.num_channels * frame.num_channels]
    return whole.reshape(-1, frame.num_channels).mean(axis=1).astype(np.int16).tobytes()


def _length_ns(pcm: bytes, sample_rate: int) -> int:
    return len(pcm) // 2 * 1_000_000_000 // sample_rate
