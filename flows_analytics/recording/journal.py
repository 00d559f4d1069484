"""Journal: each moment of a call on disk as it happens, so that a killed process leaves a readable call."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, cast

from flows_analytics.calls.events import Moment
from flows_analytics.calls.health import Loss
from flows_analytics.files.directories import make_directory
from flows_analytics.files.layout import JOURNAL_DIRECTORY, JOURNAL_LOCK_SUFFIX, JOURNAL_SUFFIX
from flows_analytics.files.locks import HeldLock, try_lock
from flows_analytics.files.names import safe_name
from flows_analytics.recording.journal_lines import (
    Facts,
    FactsLine,
    HeaderLine,
    PlacedLine,
    Sending,
    Unplaced,
    encode_moment,
    encode_unplaced,
)
from flows_analytics.recording.journal_thread import JournalThread, own, thread_of_process
from flows_analytics.recording.recorder import CallHeader

_MOST_PENDING = 20_000
"""Moments that may wait for the disk. They are the record's own, so each costs a place in a queue."""

_FOLDER_TRIES = 200
_TIDYING_TRIES = 20
_TIDYING_SECS = 0.001

_AT_ONCE = 64
"""Lines written in one go."""


@dataclass(frozen=True)
class _End:
    """The last thing a journal says: whether the file has done its duty."""

    remove: bool
    reached: threading.Event


@dataclass(frozen=True)
class _Mark:
    """Tells whoever waits that all before it was written, or refused."""

    reached: threading.Event


class Journal:
    """Appends what a recorder records to ``journal/<safe id>.jsonl``, a few milliseconds later.

    What is called by the bot's loop puts things into a queue and returns. One thread of the process does the
    rest, the file's creation included, which is why nothing here raises: what the disk refuses is tried again each
    second, and counted. The file is there from the first moment until `end`; while it is, this process holds the
    lock beside it, which the kernel drops when the process dies.

    Args:
        directory: The calls directory.
        on_failure: Told, in the thread, when the disk begins to refuse; each failure has a reason without any
            content of the call.
        thread: Writes it; that of the process if None.
        most_pending: How many moments may wait for the disk. Those that come on top are left out, and counted.
        sending: Where the call is to be sent, for whoever recovers it; None for nowhere.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        on_failure: Callable[[str], None] | None = None,
        thread: JournalThread | None = None,
        most_pending: int = _MOST_PENDING,
        sending: Sending | None = None,
    ) -> None:
        self._directory = Path(directory) / JOURNAL_DIRECTORY
        self._on_failure = on_failure
        self._thread = thread or thread_of_process()
        self._most_pending = most_pending
        self._sending = sending
        self._name = ""
        self._pending: deque[Any] = deque()
        self._begun = False
        self._ended = False
        # The thread's own from here on; the others only look.
        self._batch: list[Any] = []
        self._over = False
        self._failing = False
        self._path: Path | None = None
        self._descriptor = -1
        self._held: HeldLock | None = None
        self._size = 0
        self._ragged = False
        self._acknowledged = 0
        self._refusals = 0
        self._unwritable = 0
        self._reason = ""
        self._told_failures = 0
        # The loop's own.
        self._left_out = 0

    # What the bot's loop calls

    def head(self, header: CallHeader, wall_ns: int, first: Moment) -> None:
        """Say what is known before the call begins. Nothing is written until something happens.

        Args:
            header: What is known.
            wall_ns: The wall clock now, in nanoseconds since 1970.
            first: The first moment, made with the recorder.
        """
        self._name = safe_name(header.call_id)
        self._pending.append(
            HeaderLine(
                call_id=header.call_id,
                call_type=header.call_type,
                agent=header.agent,
                goals=header.goals,
                metadata=header.metadata,
                pipecat=header.pipecat,
                wall_ns=wall_ns,
                pid=os.getpid(),
                sending=self._sending,
            )
        )
        self._pending.append(first)

    def add(self, moment: Moment) -> None:
        """Write a moment.

        Args:
            moment: The moment.
        """
        if len(self._pending) + len(self._batch) >= self._most_pending:
            self._left_out += 1
            return
        self._pending.append(moment)
        if self._begun:
            self._thread.ring()
        else:
            self._begin()

    def add_unplaced(self, at_ns: int, moment: Moment) -> None:
        """Write a moment whose time in the call cannot be told yet.

        Args:
            at_ns: When it happened, as a reading of the call's clock.
            moment: The moment.
        """
        # The queue takes them as they are; only what they become differs.
        self.add(Unplaced(at_ns, moment))  # pyright: ignore[reportArgumentType]

    def place(self, zero_ns: int, wall_ns: int) -> None:
        """Say when the call began.

        Args:
            zero_ns: Reading of the call's clock then.
            wall_ns: The wall clock then, in nanoseconds since 1970.
        """
        self._pending.append(PlacedLine(zero_ns=zero_ns, wall_ns=wall_ns))
        self._begin()

    def tell(self, facts: Mapping[str, Any]) -> None:
        """Write what has become known of the whole call. It is no call of itself: only what happens begins one.

        Args:
            facts: The facts, by their names in `Facts`.
        """
        if not self._ended and len(self._pending) < 2 * self._most_pending:
            self._pending.append(dict(facts))
            if self._begun:
                self._thread.ring()

    @property
    def failures(self) -> int:
        """How often the disk began to refuse, and how many moments were left out."""
        return self._refusals + self._unwritable + self._left_out

    @property
    def why(self) -> str:
        """The reason of the first failure."""
        return self._reason or "more moments waited for the disk than may"

    @property
    def acknowledged(self) -> int:
        """Moments that the operating system has taken: they survive the death of the process."""
        return self._acknowledged

    @property
    def path(self) -> Path | None:
        """The file; None before it is there."""
        return self._path

    @property
    def waiting(self) -> int:
        """How much waits to be written."""
        return len(self._pending) + len(self._batch) if self._begun and not self._over else 0

    def _begin(self) -> None:
        if self._begun or self._ended:
            return
        try:
            own(self)
            self._thread.serve(self)
            self._begun = True
            self._thread.ring()
        except RuntimeError as error:
            # No more threads. The next moment tries again.
            self._refused(f"no thread can be started: {type(error).__name__}")
            self._failing = True

    # What is called at the end, in a thread of the caller's, because it waits

    def sync(self, timeout_secs: float) -> bool:
        """Have everything said so far written and flushed to the disk, and wait for that.

        Args:
            timeout_secs: How long to wait for the journal's thread.

        Returns:
            Whether it is on disk.
        """
        if not self._begun:
            return True
        mark = _Mark(threading.Event())
        self._pending.append(mark)
        self._thread.hurry()
        if not mark.reached.wait(timeout_secs):
            self._refused("the disk did not take the end of the journal in time")
            return False
        if self._failing or self._descriptor < 0:
            return False
        try:
            # A copy: the thread may close its own meanwhile.
            descriptor = os.dup(self._descriptor)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._refused(_told(error))
            return False
        return True

    def end(self, *, kept: bool, timeout_secs: float) -> None:
        """Close the journal, and wait for that.

        Args:
            kept: Whether the whole call is safely on disk elsewhere. If so, the file is removed; otherwise it
                stays for recovery.
            timeout_secs: How long to wait for the journal's thread; it goes on without us.
        """
        if self._ended:
            return
        self._ended = True
        if not self._begun:
            self._pending.clear()
            return
        end = _End(remove=kept, reached=threading.Event())
        self._pending.append(end)
        self._thread.hurry()
        end.reached.wait(timeout_secs)

    # What the thread calls

    @property
    def over(self) -> bool:
        """Whether nothing will follow."""
        return self._over

    def write_pending(self) -> bool:
        """Write what waits. Called in the thread, and in no other.

        Returns:
            False if the disk did not take it, and it should be tried again.
        """
        written = True
        while written and not self._over and self._take_batch():
            written = self._write_batch()
        if not written or self._over:
            self._settle()
        return written or self._over

    def abandon(self) -> None:
        """Forget everything, and leave the file to the process that was forked."""
        self._ended = self._over = self._begun = True
        self._pending.clear()
        self._batch.clear()
        self._held = None
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1

    def _take_batch(self) -> bool:
        while len(self._batch) < _AT_ONCE and self._pending:
            self._batch.append(self._pending.popleft())
        return bool(self._batch)

    def _write_batch(self) -> bool:
        try:
            if self._descriptor < 0:
                self._open()
            if lines := self._lines():
                self._append(lines)
        except Exception as error:
            # A lock may raise more than an OSError. Whatever it was, the other calls' journals go on.
            self._refused(_told(error))
            self._failing = True
            return False
        self._failing = False
        self._acknowledged += sum(isinstance(item, Moment | Unplaced) for item in self._batch)
        waited_for = [item for item in self._batch if isinstance(item, _Mark | _End)]
        self._batch.clear()
        self._say_reached(waited_for)
        return True

    def _settle(self) -> None:
        """Let nobody wait for what is not going to be written now."""
        rest = [*self._batch, *(self._pending.popleft() for _ in range(len(self._pending)))]
        waited_for = [item for item in rest if isinstance(item, _Mark | _End)]
        kept = [item for item in rest if not isinstance(item, _Mark | _End)]
        self._batch = kept[:_AT_ONCE]
        self._pending.extendleft(reversed(kept[_AT_ONCE:]))
        self._say_reached(waited_for)

    def _say_reached(self, waited_for: list[_Mark | _End]) -> None:
        for item in waited_for:
            if isinstance(item, _End) and not self._over:
                self._close(remove=item.remove)
            item.reached.set()

    def _open(self) -> None:
        for _ in range(_FOLDER_TRIES):
            # Whoever ends the last call in the folder removes it, perhaps just after it was found or made here.
            # One that was there to be made, and is gone when that is looked at, "exists".
            with suppress(FileNotFoundError, FileExistsError):
                return self._open_file()
            time.sleep(_TIDYING_SECS)
        return self._open_file()

    def _open_file(self) -> None:
        for number in count(1):
            name = self._name if number == 1 else f"{self._name}~{number}"
            make_directory(self._directory)
            path = self._directory / f"{name}{JOURNAL_SUFFIX}"
            # The lock first: a file whose lock is free belongs to the dead.
            held = try_lock(self._directory / f"{name}{JOURNAL_LOCK_SUFFIX}")
            for _ in range(_TIDYING_TRIES):
                if held is not None or path.exists():
                    break
                # A recovery holds it for a moment, to see whether it is left from a dead process.
                time.sleep(_TIDYING_SECS)
                held = try_lock(self._directory / f"{name}{JOURNAL_LOCK_SUFFIX}")
            if held is None:
                continue
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
            try:
                self._descriptor = os.open(path, flags, 0o600)
            except FileExistsError:
                held.release()
                continue
            except BaseException:
                held.release(remove=True)
                raise
            self._path, self._held = path, held
            return

    def _lines(self) -> bytes:
        lines: list[bytes] = []
        facts: dict[str, Any] = {}
        for item in self._batch:
            if isinstance(item, dict):
                facts.update(cast("dict[str, Any]", item))
                continue
            try:
                lines.append(_encode(item))
            except Exception as error:
                # What cannot be put into words must not hold up what can.
                self._unwritable += 1
                self._reason = self._reason or f"a moment could not be put into words: {type(error).__name__}"
        if (failures := self.failures) != self._told_failures:
            self._told_failures = failures
            facts["journal_failed"] = Loss(count=failures, why=self.why)
        if facts:
            lines.append(FactsLine(facts=Facts.model_construct(set(facts), **facts)).encode())
        return b"".join(lines)

    def _append(self, lines: bytes) -> None:
        if self._ragged:
            lines = b"\n" + lines
        left = memoryview(lines)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            # Half a line would spoil the next one, too.
            try:
                os.ftruncate(self._descriptor, self._size)
            except OSError:
                self._ragged = True
            raise
        self._ragged = False
        self._size = os.fstat(self._descriptor).st_size

    def _refused(self, why: str) -> None:
        if self._failing:
            return
        self._refusals += 1
        self._reason = self._reason or why
        if self._on_failure is not None:
            with suppress(Exception):
                self._on_failure(why)

    def _close(self, *, remove: bool) -> None:
        self._over = True
        with suppress(OSError):
            if self._descriptor >= 0:
                os.close(self._descriptor)
        self._descriptor = -1
        with suppress(OSError):
            if remove and self._path is not None:
                self._path.unlink(missing_ok=True)
        with suppress(OSError):
            if self._held is not None:
                self._held.release(remove=True)
        with suppress(OSError):
            # A calls directory without calls under way has none; it is made again for the next.
            self._directory.rmdir()


def _encode(item: Any) -> bytes:
    if isinstance(item, Moment):
        return encode_moment(item)
    if isinstance(item, Unplaced):
        return encode_unplaced(item)
    if isinstance(item, HeaderLine | PlacedLine):
        return item.encode()
    return b""


def _told(error: Exception) -> str:
    # Its message may quote a moment.
    why = error.strerror if isinstance(error, OSError) else None
    return f"the journal could not be written: {why or type(error).__name__}"
