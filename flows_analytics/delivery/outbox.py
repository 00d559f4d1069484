"""Outbox: calls wait on disk until their receivers have taken them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.claim import Claim, claim
from flows_analytics.delivery.entry import REF_SUFFIX, Entry, at, entry_of
from flows_analytics.delivery.inventory import Inventory
from flows_analytics.delivery.limits import Limits
from flows_analytics.delivery.outcome import Outcome
from flows_analytics.delivery.pauses import Pauses
from flows_analytics.delivery.round import Round
from flows_analytics.delivery.schedule import Schedule
from flows_analytics.delivery.upload import Addressed, Upload, UploadError, UploadSink
from flows_analytics.errors import FlowsAnalyticsError, RecordError
from flows_analytics.files.atomic import write_new
from flows_analytics.files.directories import make_directory
from flows_analytics.files.layout import FAILED_DIRECTORY, OUTBOX_DIRECTORY, RECORD_SUFFIX
from flows_analytics.files.names import safe_name
from flows_analytics.files.threads import in_own_thread

POLL_SECS = 30.0
"""How often an outbox is looked through for what other processes left."""

_LEAST_PAUSE_SECS = 1.0

_E = TypeVar("_E")


class OutboxError(FlowsAnalyticsError):
    """A call could not be put into the outbox."""


class Outbox:
    """Keeps what is to be sent in a calls directory, and sends it.

    Each call that waits for a receiver is one file, ``outbox/<safe id>.<sink name>.ref``, which points at the
    call's record. Several processes may share a directory: an entry is sent by the one that holds its lock. What a
    receiver refuses for good lies in ``failed/``. Secrets are in neither.

    Args:
        directory: The calls directory.
        limits: When calls are given up; by default never.
        schedule: When to try again.
        now: The wall clock, in seconds since 1970.
        dice: Random numbers from 0 to 1.
        sleep: Waits some seconds.
        say: Takes warnings, none of which quotes a call.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        limits: Limits | None = None,
        schedule: Schedule | None = None,
        now: Callable[[], float] = time.time,
        dice: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        say: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.directory = Path(directory)
        self.waiting = self.directory / OUTBOX_DIRECTORY
        self.failed = self.directory / FAILED_DIRECTORY
        self.say = say
        self._schedule = schedule or Schedule()
        self._now = now
        self._dice = dice
        self._sleep = sleep
        self._pauses = Pauses(self._schedule)
        self._inventory = Inventory(self.directory, limits or Limits(), now=self._time, say=self._warn)

    def _time(self) -> float:
        return self._now()

    def _warn(self, message: str) -> None:
        # Whom to tell may change: an observer brings its own guard.
        self.say(message)

    # One call

    async def put(
        self, record: CallRecord, sink: UploadSink, *, file: Path | None, recording: Path | None = None
    ) -> tuple[Claim, Entry] | None:
        """Put a finished call into the outbox, and claim it.

        Args:
            record: The call.
            sink: Where it goes.
            file: Its record on disk; None if the outbox is to keep the record itself, until it is sent.
            recording: Its sound; None without one.

        Returns:
            What to give to `send_call`, or to release; None if another process sends the call already.

        Raises:
            OutboxError: ``outbox_not_written`` if the call could not be put into it.
        """
        return await self._claimed(lambda: self._put(record, sink, file, recording))

    def keep(self, record: CallRecord, sink: Addressed, *, file: Path, recording: Path | None = None) -> None:
        """Put a call into the outbox for later, unless it is there, or was refused. Blocks.

        Args:
            record: The call.
            sink: Where it goes.
            file: Its record on disk.
            recording: Its sound; None without one.

        Raises:
            OSError: If the outbox cannot be written.
        """
        path = self._entry_file(file, sink)
        make_directory(self.waiting)
        held = claim(path, self.failed)
        if held is None:
            # Whoever has it sends it.
            return
        try:
            if self._read(path) is None and not (self.failed / path.name).exists():
                held.write(self._entry(record, sink, file=file, recording=recording, kept=False))
        finally:
            held.release()

    async def send_call(
        self, claimed: tuple[Claim, Entry], record: CallRecord, sink: UploadSink, *, deadline: float
    ) -> Outcome:
        """Send a call that was put into the outbox, as long as there is time.

        Args:
            claimed: What `put` returned.
            record: The call.
            sink: Where it goes.
            deadline: The loop's time after which no attempt is begun but the first.

        Returns:
            What came of it. A task that is cancelled leaves the call for later.
        """
        held, entry = claimed
        try:
            while True:
                outcome, entry = await self._attempt(held, entry, sink, record)
                wait = outcome.wait_secs
                if outcome.state != "left" or wait is None:
                    return outcome
                if asyncio.get_running_loop().time() + wait >= deadline:
                    return outcome
                await self._sleep(wait)
                entry = await in_own_thread(lambda entry=entry: self._begin(held, entry))
        finally:
            held.drop()

    def _put(
        self, record: CallRecord, sink: UploadSink, file: Path | None, recording: Path | None
    ) -> tuple[Claim, Entry] | None:
        kept = file is None
        try:
            if file is None:
                content = record.to_json().encode("utf-8")
                stem = f"{safe_name(record.call_id)}.{safe_name(sink.name)}"
                file = write_new(self.waiting, stem, RECORD_SUFFIX, content)
                path = file.with_suffix(REF_SUFFIX)
            else:
                path = self._entry_file(file, sink)
            make_directory(self.waiting)
            held = claim(path, self.failed)
            if held is None:
                return None
            try:
                entry = self._read(path) or self._entry(record, sink, file=file, recording=recording, kept=kept)
                entry = self._begun(entry)
                held.write(entry)
            except BaseException:
                held.release()
                raise
        except OSError as error:
            told = f"the outbox could not be written ({error.strerror or type(error).__name__})"
            raise OutboxError("outbox_not_written", told) from None
        return held, entry

    def _entry_file(self, file: Path, sink: Addressed) -> Path:
        return self.waiting / f"{file.stem}.{safe_name(sink.name)}{REF_SUFFIX}"

    def _entry(
        self, record: CallRecord, sink: Addressed, *, file: Path, recording: Path | None, kept: bool
    ) -> Entry:
        return entry_of(
            record, sink, directory=self.directory, file=file, recording=recording, kept=kept, now=self._now()
        )

    def _read(self, path: Path) -> Entry | None:
        try:
            return Entry.load(path)
        except (FileNotFoundError, FlowsAnalyticsError):
            return None

    # One attempt

    def _begun(self, entry: Entry) -> Entry:
        attempts = entry.attempts + 1
        return entry.begun(self._now(), self._schedule.wait_secs(attempts, dice=self._dice()))

    def _begin(self, held: Claim, entry: Entry) -> Entry:
        entry = self._begun(entry)
        try:
            held.write(entry)
        except OSError as error:
            # A full disk does not keep a call from being sent, which may free some of it.
            self.say(f"the outbox could not be written ({error.strerror})")
        return entry

    async def _attempt(
        self, held: Claim, entry: Entry, sink: UploadSink, record: CallRecord | None
    ) -> tuple[Outcome, Entry]:
        """One attempt, which the entry's file knows of already. What is sent or put aside gives its lock back."""
        file = self.directory / entry.record
        sound = self.directory / entry.recording if entry.recording else None
        progress = deepcopy(entry.progress)
        upload = Upload(
            record,
            entry.key,
            file=file,
            recording=sound,
            progress=progress,
            save=lambda: held.save(entry, progress),
        )
        try:
            if not file.exists():
                if record is None:
                    raise UploadError("record_gone", f"its record is gone: {entry.record}", retry=False)
                upload.file = None
            if not getattr(sink, "reads_file", False):
                await in_own_thread(lambda: upload.record)
            await sink.upload(upload)
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
                await in_own_thread(lambda: held.finish(kept))
            except OSError as error:
                self.say(f"a call that was sent could not be taken from the outbox ({error.strerror})")
            return Outcome("sent", entry.sink, entry.call_id), entry
        return await self._note(held, entry.model_copy(update={"progress": upload.progress}), failure)

    async def _note(self, held: Claim, entry: Entry, failure: UploadError) -> tuple[Outcome, Entry]:
        dice, after = self._dice(), failure.after_secs
        wait = self._schedule.wait_secs(entry.attempts, dice=dice, asked_secs=after)
        asked = None if after is None else self._schedule.asked_wait_secs(after, dice=dice)
        entry = entry.failed(self._now(), failure.message, wait_secs=wait, asked_secs=asked, answer=failure.answer)
        try:
            await in_own_thread(lambda: held.write(entry) if failure.retry else held.put_aside(entry))
        except OSError as error:
            self.say(f"the outbox could not be written ({error.strerror})")
        reached = failure.code != "not_reached"
        if not failure.retry:
            return Outcome("failed", entry.sink, entry.call_id, failure.message, reached=reached), entry
        return (
            Outcome(
                "left",
                entry.sink,
                entry.call_id,
                failure.message,
                wait_secs=wait,
                asked_secs=asked,
                reached=reached,
            ),
            entry,
        )

    # All that waits

    async def send_waiting(
        self,
        sinks: Iterable[UploadSink],
        *,
        early: bool = False,
        at_once: int = 1,
        each: Callable[[Outcome], None] = lambda outcome: None,
    ) -> Round:
        """Go through the outbox once and send what is due.

        Args:
            sinks: Where calls can go; what waits for others stays.
            early: Send also what is not due, unless its receiver asked to wait.
            at_once: How many calls to send at a time.
            each: Called after each attempt.

        Returns:
            What came of it.

        Raises:
            OSError: If the directory cannot be read.
        """
        by_name = {sink.name: sink for sink in sinks}
        result = Round()
        due = iter(await in_own_thread(lambda: self._due(by_name, result, early=early)))

        async def send_some() -> None:
            for path in due:
                outcome = await self._send_entry(path, by_name, early=early)
                if outcome is not None:
                    self._pauses.note(outcome, self._now(), self._dice())
                    result.outcomes.append(outcome)
                    each(outcome)

        senders = [asyncio.ensure_future(send_some()) for _ in range(at_once)]
        try:
            await asyncio.gather(*senders)
        finally:
            for sender in senders:
                sender.cancel()
            for sink in by_name.values():
                await sink.close()
        return result

    async def watch(
        self,
        sinks: Callable[[], Sequence[UploadSink]],
        *,
        at_once: int = 1,
        each: Callable[[Outcome], None] = lambda outcome: None,
        passed: Callable[[Round], None] = lambda result: None,
    ) -> None:
        """Go through the outbox again and again, for ever; cancel it to stop.

        Of several that watch one directory, one does the work.

        Args:
            sinks: Asked before each pass where calls can go; it may block.
            at_once: How many calls to send at a time.
            each: Called after each attempt.
            passed: Called after each pass.
        """
        while True:
            wait = POLL_SECS
            try:
                wait = await self._watched_pass(sinks, at_once, each, passed)
            except OSError as error:
                self.say(f"the outbox could not be read ({error.strerror})")
            await self._sleep(wait)

    async def _watched_pass(
        self,
        sinks: Callable[[], Sequence[UploadSink]],
        at_once: int,
        each: Callable[[Outcome], None],
        passed: Callable[[Round], None],
    ) -> float:
        """One pass, unless somebody else is at it, and how long to wait for the next."""
        held = await self._claimed(self._watching)
        if held is None:
            return POLL_SECS
        try:
            there = await in_own_thread(sinks)
            passed(await self.send_waiting(there, at_once=at_once, each=each))
            names = {sink.name for sink in there}
            return await in_own_thread(lambda: self._next_secs(names))
        finally:
            held[0].drop()

    def _watching(self) -> tuple[Claim, None] | None:
        if not self.waiting.is_dir():
            return None
        held = claim(self.waiting / ".watch", self.failed)
        return None if held is None else (held, None)

    async def _send_entry(self, path: Path, sinks: dict[str, UploadSink], *, early: bool) -> Outcome | None:
        claimed = await self._claimed(lambda: self._take(path, early=early))
        if claimed is None:
            return None
        held, entry = claimed
        try:
            outcome, _ = await self._attempt(held, entry, sinks[entry.sink], None)
            return outcome
        finally:
            held.drop()

    def _take(self, path: Path, *, early: bool) -> tuple[Claim, Entry] | None:
        held = claim(path, self.failed)
        if held is None:
            return None
        # Read again under the lock: another process may have sent it since the directory was listed.
        try:
            entry = self._read(path)
        except OSError:
            entry = None
        if entry is None or not self._is_due(entry, early=early):
            held.release()
            return None
        return held, self._begin(held, entry)

    def _is_due(self, entry: Entry, *, early: bool) -> bool:
        now = self._now()
        if self._pauses.until(entry.sink) > now:
            return False
        asked = entry.not_before is not None and entry.not_before > at(now)
        return not asked and (early or entry.next_at <= at(now))

    def _due(self, sinks: dict[str, UploadSink], result: Round, *, early: bool) -> list[Path]:
        entries = self._inventory.take(sinks, result)
        due: list[tuple[Path, Entry]] = []
        for path, entry in entries.items():
            if entry.sink not in sinks:
                result.unknown[entry.sink] += 1
            elif self._is_due(entry, early=early):
                due.append((path, entry))
        return [path for path, _ in sorted(due, key=lambda item: (item[1].first_at, item[0]))]

    def _next_secs(self, sinks: set[str]) -> float:
        """How long nothing is due."""
        now = self._now()
        times = [
            max(entry.next_at.timestamp(), self._pauses.until(entry.sink))
            for entry in self._inventory.waiting()
            if entry.sink in sinks
        ]
        return max(_LEAST_PAUSE_SECS, min([POLL_SECS, *(time - now for time in times)]))

    def entries(self) -> list[Entry]:
        """List what waits (see `Inventory.waiting`). Blocks."""
        return self._inventory.waiting()

    def failures(self) -> list[Entry]:
        """List what was put aside (see `Inventory.failures`). Blocks."""
        return self._inventory.failures()

    def retry_failed(self) -> int:
        """Put back what was put aside (see `Inventory.retry_failed`). Blocks."""
        return self._inventory.retry_failed()

    async def _claimed(self, work: Callable[[], tuple[Claim, _E] | None]) -> tuple[Claim, _E] | None:
        """Claim in a thread; if the task is cancelled meanwhile, what was claimed is given back."""
        claiming = asyncio.ensure_future(in_own_thread(work))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            claiming.add_done_callback(_give_back)
            raise


def _give_back(claiming: asyncio.Future[Any]) -> None:
    if not claiming.cancelled() and claiming.exception() is None and claiming.result() is not None:
        claiming.result()[0].drop()
