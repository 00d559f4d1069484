"""An attempt to send a call, and what its entry says of it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.claim import Claim
from flows_analytics.delivery.contained import contained
from flows_analytics.delivery.entry import Entry
from flows_analytics.delivery.outcome import Outcome
from flows_analytics.delivery.pauses import Pauses
from flows_analytics.delivery.schedule import Schedule
from flows_analytics.delivery.upload import Upload, UploadError, UploadSink
from flows_analytics.errors import RecordError


class Attempts:
    """Makes attempts to send calls. Each is in the call's entry before it begins, and again when it is over.

    Args:
        directory: The calls directory.
        schedule: When to try again.
        pauses: Learns from each attempt.
        now: The wall clock, in seconds since 1970.
        dice: Random numbers from 0 to 1.
        say: Takes warnings.
    """

    def __init__(
        self,
        directory: Path,
        *,
        schedule: Schedule,
        pauses: Pauses,
        now: Callable[[], float],
        dice: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._schedule = schedule
        self._pauses = pauses
        self._now = now
        self._dice = dice
        self._say = say

    def begun(self, entry: Entry) -> Entry:
        """Note that an attempt begins.

        Args:
            entry: The entry.

        Returns:
            What to write before it does.
        """
        return entry.begun(self._now(), self._schedule.wait_secs(entry.attempts + 1, dice=self._dice()))

    def begin(self, held: Claim, entry: Entry) -> Entry:
        """Note on disk that an attempt begins. Blocks.

        Args:
            held: The claim.
            entry: The entry.

        Returns:
            The entry as it is now.
        """
        entry = self.begun(entry)
        try:
            held.write(entry)
        except OSError as error:
            # A full disk does not keep a call from being sent, which may free some of it.
            self._not_written(error)
        return entry

    async def make(
        self, held: Claim, entry: Entry, sink: UploadSink, record: CallRecord | None = None
    ) -> tuple[Outcome, Entry]:
        """Make one attempt. What is sent or put aside gives its lock back.

        Args:
            held: The claim.
            entry: The entry, which says on disk that the attempt begins.
            sink: Where the call goes.
            record: The call; None to read its file.

        Returns:
            What came of it, and the entry as it is now.
        """
        outcome, entry = await self._made(held, entry, sink, record)
        self._pauses.note(outcome, self._now(), self._dice())
        return outcome, entry

    async def hold_back(self, held: Claim, entry: Entry, wait_secs: float) -> Outcome:
        """Note that an attempt that was to begin does not, because the receiver asked others to wait.

        Args:
            held: The claim.
            entry: The entry, which says on disk that the attempt begins.
            wait_secs: For how long.

        Returns:
            What came of it.
        """
        why = "its receiver asked to be left alone"
        entry = entry.held_back(self._now(), why, wait_secs=wait_secs)
        await self._keep(held, entry, put_aside=False)
        return Outcome("left", entry.sink, entry.call_id, why, wait_secs=wait_secs, asked_secs=wait_secs)

    async def _made(
        self, held: Claim, entry: Entry, sink: UploadSink, record: CallRecord | None
    ) -> tuple[Outcome, Entry]:
        file = self._directory / entry.record
        sound = self._directory / entry.recording if entry.recording else None
        progress = deepcopy(entry.progress)
        upload = Upload(
            record,
            entry.key,
            file=file,
            recording=sound,
            progress=progress,
            save=lambda: held.save(entry, progress),
        )

        def look() -> None:
            if not file.exists():
                if record is None:
                    raise UploadError("record_gone", f"its record is gone: {entry.record}", retry=False)
                upload.file = None
            if not getattr(sink, "reads_file", False):
                # The upload keeps what it has read.
                _ = upload.record

        try:
            await held.run(look)
            await contained(sink.upload(upload))
        except UploadError as error:
            failure = error
        except RecordError as error:
            failure = UploadError(error.code, f"its record cannot be read: {entry.record}", retry=False)
        except Exception as error:
            # Of an exception only the class is told, because its message may quote the call.
            failure = UploadError("upload_raised", f"{sink.name} raised {type(error).__name__}", retry=True)
        else:
            kept = file if entry.kept else None
            try:
                await held.run(lambda: held.finish(kept))
            except OSError as error:
                self._say(f"a call that was sent could not be taken from the outbox ({error.strerror})")
            return Outcome("sent", entry.sink, entry.call_id), entry
        return await self._failed(held, entry.model_copy(update={"progress": upload.progress}), failure)

    async def _failed(self, held: Claim, entry: Entry, failure: UploadError) -> tuple[Outcome, Entry]:
        dice, after = self._dice(), failure.after_secs
        wait = self._schedule.wait_secs(entry.attempts, dice=dice, asked_secs=after)
        asked = None if after is None else self._schedule.asked_wait_secs(after, dice=dice)
        entry = entry.failed(self._now(), failure.message, wait_secs=wait, asked_secs=asked, answer=failure.answer)
        await self._keep(held, entry, put_aside=not failure.retry)
        if not failure.retry:
            return Outcome("failed", entry.sink, entry.call_id, failure.message), entry
        return (
            Outcome("left", entry.sink, entry.call_id, failure.message, wait_secs=wait, asked_secs=asked),
            entry,
        )

    async def _keep(self, held: Claim, entry: Entry, *, put_aside: bool) -> None:
        try:
            await held.run(lambda: held.put_aside(entry) if put_aside else held.write(entry))
        except OSError as error:
            self._not_written(error)

    def _not_written(self, error: OSError) -> None:
        self._say(f"the outbox could not be written ({error.strerror})")
