"""Outbox: calls wait on disk until their receivers have taken them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from copy import copy
from pathlib import Path
from typing import Self

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.attempt import Attempts
from flows_analytics.delivery.claim import Claim, claimed
from flows_analytics.delivery.entry import Entry, entry_of
from flows_analytics.delivery.inventory import Inventory, Noticed
from flows_analytics.delivery.limits import Limits
from flows_analytics.delivery.outcome import Outcome
from flows_analytics.delivery.pauses import Pauses
from flows_analytics.delivery.round import Round
from flows_analytics.delivery.schedule import Schedule
from flows_analytics.delivery.slot import Slot, claim_slot
from flows_analytics.delivery.sweep import Sweep
from flows_analytics.delivery.upload import Addressed, UploadSink, key_of
from flows_analytics.delivery.watch import Watch
from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.files.atomic import write_new
from flows_analytics.files.directories import make_directory
from flows_analytics.files.layout import FAILED_DIRECTORY, OUTBOX_DIRECTORY, RECORD_SUFFIX
from flows_analytics.files.names import safe_name


class OutboxError(FlowsAnalyticsError):
    """A call could not be put into the outbox."""


class Outbox:
    """Keeps what is to be sent in a calls directory, and sends it.

    Each call that waits for a receiver is one file, ``outbox/<safe id>@<sink name>.ref``, which points at the
    call's record. Several processes may share a directory: an entry is sent by the one that holds its lock. What a
    receiver refuses for good lies in ``failed/``. Tokens, values of headers and queries are in neither. A receiver
    that asks to wait, or takes none of several calls in a row, is left alone by all outboxes of the process on one
    directory.

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
        self._limits = limits or Limits()
        self._schedule = schedule or Schedule()
        self._now = now
        self._dice = dice
        self._sleep = sleep
        self._say = say
        self._pauses = Pauses(self.directory, self._schedule)
        self._noticed = Noticed()

    def saying(self, say: Callable[[str], None]) -> Self:
        """Have the warnings of one use of this outbox go elsewhere.

        Calls that share an outbox each hear of what they do with it.

        Args:
            say: Takes warnings.

        Returns:
            The same outbox for that use; this one says what it says as before.
        """
        view = copy(self)
        view._say = say
        return view

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
        return await claimed(lambda: self._put(record, sink, file, recording))

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
        slot = self._slot(record, sink, file)
        if slot is None:
            # Whoever has it sends it.
            return
        try:
            if slot.entry is None and not slot.refused:
                slot.held.write(self._entry(slot, record, sink, file, recording))
        finally:
            slot.held.release()

    async def send_call(
        self, claimed: tuple[Claim, Entry], record: CallRecord, sink: UploadSink, *, deadline: float
    ) -> Outcome:
        """Send a call that was put into the outbox, as long as there is time.

        Args:
            claimed: What `put` returned.
            record: The call.
            sink: Where it goes.
            deadline: The loop's time after which no attempt is begun but the first; and not even that if the
                receiver asked, with another call, to be left alone for longer.

        Returns:
            What came of it. A task that is cancelled leaves the call for later.
        """
        held, entry = claimed
        loop = asyncio.get_running_loop()
        attempts = self._attempts
        try:
            now = self._now()
            asked = self._pauses.asked_until(sink.name, now) - now
            if asked > 0:
                if loop.time() + asked >= deadline:
                    return await attempts.hold_back(held, entry, asked)
                await self._sleep(asked)
            while True:
                outcome, entry = await attempts.make(held, entry, sink, record)
                wait = outcome.wait_secs
                if outcome.state != "left" or wait is None or loop.time() + wait >= deadline:
                    return outcome
                await self._sleep(wait)
                entry = await held.run(lambda entry=entry: attempts.begin(held, entry))
        finally:
            held.drop()

    def _put(
        self, record: CallRecord, sink: UploadSink, file: Path | None, recording: Path | None
    ) -> tuple[Claim, Entry] | None:
        try:
            slot = self._slot(record, sink, file)
            if slot is None:
                return None
            try:
                entry = self._attempts.begun(slot.entry or self._entry(slot, record, sink, file, recording))
                slot.held.write(entry)
            except BaseException:
                slot.held.release()
                raise
        except OSError as error:
            told = f"the outbox could not be written ({error.strerror or type(error).__name__})"
            raise OutboxError("outbox_not_written", told) from None
        return slot.held, entry

    def _slot(self, record: CallRecord, sink: Addressed, file: Path | None) -> Slot | None:
        make_directory(self.waiting)
        stem = safe_name(record.call_id) if file is None else file.stem
        key = key_of(record, sink.name)
        return claim_slot(self.waiting, self.failed, stem=stem, sink=sink.name, key=key)

    def _entry(
        self, slot: Slot, record: CallRecord, sink: Addressed, file: Path | None, recording: Path | None
    ) -> Entry:
        kept = file is None
        if file is None:
            content = record.to_json().encode("utf-8")
            file = write_new(self.waiting, slot.held.path.stem, RECORD_SUFFIX, content)
        return entry_of(
            record, sink, directory=self.directory, file=file, recording=recording, kept=kept, now=self._now()
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
        sweep = Sweep(
            {sink.name: sink for sink in sinks},
            inventory=self._inventory,
            attempts=self._attempts,
            failed=self.failed,
            due=lambda entry: self._due_in_secs(entry, early=early) <= 0,
        )
        return await sweep.run(at_once=at_once, each=each)

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
        watch = Watch(self, sinks, sleep=self._sleep, say=self._say, at_once=at_once, each=each, passed=passed)
        await watch.go_on()

    def due_in_secs(self, sinks: set[str]) -> float | None:
        """Say how long nothing is due. Blocks.

        Args:
            sinks: Names of the sinks that calls can go to.

        Returns:
            Seconds, less than 0 if something is overdue; None if nothing waits for these sinks.
        """
        waiting = [entry for entry in self._inventory.waiting() if entry.sink in sinks]
        return min((self._due_in_secs(entry) for entry in waiting), default=None)

    def _due_in_secs(self, entry: Entry, *, early: bool = False) -> float:
        now = self._now()
        return max(entry.due_at(now, self._schedule, early=early), self._pauses.until(entry.sink, now)) - now

    def entries(self) -> list[Entry]:
        """List what waits (see `Inventory.waiting`). Blocks."""
        return self._inventory.waiting()

    def failures(self) -> list[Entry]:
        """List what was put aside (see `Inventory.failures`). Blocks."""
        return self._inventory.failures()

    def unreadable(self) -> list[Path]:
        """List what cannot be read (see `Inventory.unreadable`). Blocks."""
        return self._inventory.unreadable()

    def retry_failed(self) -> int:
        """Put back what was put aside (see `Inventory.retry_failed`). Blocks."""
        return self._inventory.retry_failed()

    @property
    def _attempts(self) -> Attempts:
        return Attempts(
            self.directory,
            schedule=self._schedule,
            pauses=self._pauses,
            now=self._now,
            dice=self._dice,
            say=self._say,
        )

    @property
    def _inventory(self) -> Inventory:
        return Inventory(self.directory, self._limits, now=self._now, say=self._say, noticed=self._noticed)
