"""Recovery: what a dead process left in its journals becomes calls again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal

from flows_analytics.calls.ending import PROCESS_LOST, read_ending
from flows_analytics.calls.events import Events, Moment
from flows_analytics.calls.health import Health
from flows_analytics.calls.record import SCHEMA_VERSION, CallRecord
from flows_analytics.errors import RecordError
from flows_analytics.files.atomic import remove_stale, replace, write_new
from flows_analytics.files.layout import (
    JOURNAL_DIRECTORY,
    JOURNAL_LOCK_SUFFIX,
    JOURNAL_SUFFIX,
    RECORD_SUFFIX,
    UNREADABLE_SUFFIX,
    list_namesakes,
)
from flows_analytics.files.locks import try_lock
from flows_analytics.files.names import safe_name
from flows_analytics.recording.journal_lines import (
    JOURNAL_VERSION,
    Facts,
    FactsLine,
    HeaderLine,
    PlacedLine,
    Sending,
    UnplacedLine,
    decode,
    decode_header,
    ends_in_header,
)
from flows_analytics.recording.left_sound import measure
from flows_analytics.recording.recorder import place_moment, started_at

Outcome = Literal["recovered", "live", "known", "empty", "unreadable", "too_new", "failed"]
"""What became of a journal.

- ``recovered``: it is a record now.
- ``live``: its call is under way.
- ``known``: the call's record was there already, with as many moments.
- ``empty``: its process died before it had written a whole line.
- ``unreadable``: its header cannot be read; the file is kept aside.
- ``too_new``: a later release wrote it; the file stays.
- ``failed``: the disk refused; the file stays.
"""

Recovered = Callable[[Path, CallRecord, Sending], None]
"""Told of a record that came of a journal, or was there already, and where the call was to be sent, before the
journal is removed. After a death in between, the next recovery tells of it again."""


@dataclass(frozen=True)
class Recovery:
    """What became of one journal.

    Attributes:
        journal: Its file.
        outcome: What became of it.
        record: The call's record; None without one.
        call: The call as it could be read; None if it could not.
        why: Why it did not become a record; None if it did.
    """

    journal: Path
    outcome: Outcome
    record: Path | None = None
    call: CallRecord | None = None
    why: str | None = None


def read_journal(content: bytes) -> CallRecord:
    """Read the call that a journal tells of.

    Args:
        content: The journal, or any beginning of it.

    Returns:
        The call with all moments of complete lines. Lines that cannot be read, an unfinished last one included,
        are counted in its health as ``journal_torn``. Unless its end is among the moments, its status is
        ``started`` and its end reason ``process_lost``.

    Raises:
        RecordError: ``journal_not_readable`` if its header is missing or torn; ``journal_too_new`` if a later
            release wrote it.
    """
    first, *lines = content.split(b"\n")
    header = decode_header(first) if lines else None
    if header is None:
        raise RecordError("journal_not_readable", "not a journal: its first line is no header")
    if header.journal > JOURNAL_VERSION or header.schema_version > SCHEMA_VERSION:
        raise RecordError("journal_too_new", "a later release wrote this journal: upgrade flows-analytics")
    reading = _Reading(header)
    for line in lines[:-1]:
        reading.take(line)
    if lines[-1]:
        reading.torn += 1
    return reading.record()


class _Reading:
    """What the lines of a journal have told so far."""

    def __init__(self, header: HeaderLine) -> None:
        self._header = header
        self._moments: dict[int, Moment] = {}
        self._unplaced: dict[int, int] = {}
        self._placed: PlacedLine | None = None
        self._facts = Facts()
        self.torn = 0

    def take(self, line: bytes) -> None:
        match decode(line) if line else None:
            case None:
                self.torn += bool(line)
            case UnplacedLine() as unplaced:
                self._moments.setdefault(unplaced.moment.seq, unplaced.moment)
                self._unplaced[unplaced.moment.seq] = unplaced.at_ns
            case PlacedLine() as placed:
                self._placed = self._placed or placed
            case FactsLine() as told:
                known = told.facts.model_fields_set
                self._facts = self._facts.model_copy(update={name: getattr(told.facts, name) for name in known})
            case Moment() as moment:
                # The first of its number: one that the disk refused half-way is written again.
                self._moments.setdefault(moment.seq, moment)

    def record(self) -> CallRecord:
        header, facts = self._header, self._facts
        events = self._events()
        ending = read_ending(events)
        wall_ns = self._placed.wall_ns if self._placed else header.wall_ns
        began_at = started_at(wall_ns)
        lost = ending.status == "started"
        return CallRecord(
            call_id=header.call_id,
            call_type=header.call_type,
            status=ending.status,
            end_reason=PROCESS_LOST if lost else ending.reason,
            disconnection_reason=facts.disconnection_reason,
            started_at=began_at,
            ended_at=None if ending.at_ms is None else began_at + timedelta(milliseconds=ending.at_ms),
            agent=header.agent,
            goals=header.goals,
            metadata=header.metadata,
            pipecat=header.pipecat,
            flows=facts.flows,
            declared=facts.declared,
            cost=facts.cost,
            service_costs=facts.service_costs,
            health=self._health(),
            recording=facts.recording,
            telephony=facts.telephony,
            events=events,
        )

    def _events(self) -> Events:
        # The zero that a record takes if it never learns one (see `CallRecorder.record`).
        zero_ns = self._placed.zero_ns if self._placed else next(iter(self._unplaced.values()), 0)
        moments: list[Any] = [
            place_moment(moment, self._unplaced[seq], zero_ns) if seq in self._unplaced else moment
            for seq, moment in self._moments.items()
        ]
        return tuple(moments)

    def _health(self) -> Health:
        health = self._facts.health
        if (failed := self._facts.journal_failed) is not None:
            health = health.with_loss("journal_failed", failed.why, times=failed.count)
        if self.torn:
            health = health.with_loss("journal_torn", "lines of the journal could not be read", times=self.torn)
        return health


def find_journals(directory: Path) -> list[Path]:
    """List the journals of a calls directory, those of calls under way included.

    Args:
        directory: The calls directory, or the folder of the journals itself.

    Returns:
        The files, in order of name.
    """
    folders = (directory / JOURNAL_DIRECTORY, directory)
    return [path for folder in folders for path in _list(folder, JOURNAL_SUFFIX)]


def calls_directory(directory: Path) -> Path:
    """Find where the records of journals belong.

    Args:
        directory: What `find_journals` was given.

    Returns:
        The calls directory.
    """
    return directory.parent if directory.resolve().name == JOURNAL_DIRECTORY else directory


def recover(
    directory: Path,
    *,
    into: Path | None = None,
    dry_run: bool = False,
    on_recovered: Recovered | None = None,
    now: Callable[[], float] = time.time,
) -> Iterator[Recovery]:
    """Turn the journals that dead processes left behind into records. Calls under way are left alone.

    Any number of processes may do this at once, beside live calls. The temporary files of processes that died
    while they wrote a record go too.

    Args:
        directory: The calls directory, or the folder of the journals itself.
        into: Where the records go; the calls directory if None.
        dry_run: Only say what would become of each.
        on_recovered: Told of each record before its journal is removed. If it raises, the journal stays.
        now: The wall clock, in seconds since 1970.

    Yields:
        What became of each journal.
    """
    target = into or calls_directory(directory)
    journals = find_journals(directory)
    for journal in journals:
        yield recover_call(journal, target, dry_run=dry_run, on_recovered=on_recovered)
    if not dry_run:
        for folder in {directory / JOURNAL_DIRECTORY, *(journal.parent for journal in journals)}:
            _tidy(folder)
        remove_stale(target, now())


def recover_call(
    journal: Path, into: Path, *, dry_run: bool = False, on_recovered: Recovered | None = None
) -> Recovery:
    """Turn one journal into a record, unless its call is under way.

    The record is on disk before the journal is removed. If the record is there already, because the process died
    between the two, whichever has more moments stays.

    Args:
        journal: The journal's file.
        into: Where the record goes.
        dry_run: Only say what would become of it.
        on_recovered: Told of the record before the journal is removed. If it raises, the journal stays.

    Returns:
        What became of it.
    """
    try:
        held = try_lock(journal.with_suffix(JOURNAL_LOCK_SUFFIX))
    except Exception as error:
        return Recovery(journal, "failed", why=_told(error))
    if held is None:
        return Recovery(journal, "live", why="its call is under way")
    try:
        return _recover(journal, into, dry_run, on_recovered)
    except Exception as error:
        return Recovery(journal, "failed", why=_told(error))
    finally:
        with suppress(OSError):
            held.release(remove=True)


def _recover(journal: Path, into: Path, dry_run: bool, on_recovered: Recovered | None) -> Recovery:
    try:
        content = journal.read_bytes()
    except FileNotFoundError:
        # Another recovery was faster.
        return Recovery(journal, "known", why="another recovery took it")
    if ends_in_header(content):
        if not dry_run:
            journal.unlink()
        return Recovery(journal, "empty", why="its process died before it had written a whole line")
    try:
        call = read_journal(content)
    except RecordError as error:
        if error.code == "journal_too_new":
            return Recovery(journal, "too_new", why=error.message)
        kept = journal if dry_run else _put_aside(journal)
        return Recovery(kept, "unreadable", why=error.message)
    if call.recording is not None:
        call = call.model_copy(update={"recording": measure(call.recording, into)})
    sending = _sending(content, journal)
    name = safe_name(call.call_id)
    known = next((path for path in list_namesakes(into, name) if _same_call(path, call)), None)
    if known is not None and len(CallRecord.load(known).events) >= len(call.events):
        if not dry_run:
            if on_recovered is not None:
                on_recovered(known, call, sending)
            journal.unlink()
        return Recovery(journal, "known", known, call, why="its record is there already")
    record = known or into / f"{name}{RECORD_SUFFIX}"
    if not dry_run:
        document = call.to_json().encode("utf-8")
        record = replace(known, document) if known else write_new(into, name, RECORD_SUFFIX, document)
        if on_recovered is not None:
            on_recovered(record, call, sending)
        journal.unlink()
    return Recovery(journal, "recovered", record, call)


def _sending(content: bytes, journal: Path) -> Sending:
    header = decode_header(content.split(b"\n", 1)[0])
    sending = header.sending if header is not None and header.sending is not None else Sending()
    return sending.model_copy(update={"outbox": sending.outbox or str(calls_directory(journal.parent))})


def _same_call(path: Path, call: CallRecord) -> bool:
    """A second call may bear the same id; it began at another time, or other things happened in it."""
    try:
        there = CallRecord.load(path)
    except RecordError:
        return False
    if (there.call_id, there.started_at) != (call.call_id, call.started_at):
        return False
    moments = {event.seq: event for event in there.events}
    return all(moments.get(event.seq, event) == event for event in call.events)


def _put_aside(journal: Path) -> Path:
    for number in count(1):
        name = journal.stem if number == 1 else f"{journal.stem}~{number}"
        aside = journal.with_name(f"{name}{UNREADABLE_SUFFIX}")
        # Only the holder of the journal's lock comes here.
        if not aside.exists():
            return journal.rename(aside)
    raise AssertionError("unreachable: numbers do not end")


def _tidy(folder: Path) -> None:
    """Remove the locks that dead processes left without a journal, and the folder if nothing is in it."""
    for lock in _list(folder, JOURNAL_LOCK_SUFFIX):
        if not lock.with_suffix(JOURNAL_SUFFIX).exists():
            with suppress(Exception):
                # A call that is just beginning holds it.
                held = try_lock(lock)
                if held is not None:
                    held.release(remove=True)
    if folder.name == JOURNAL_DIRECTORY:
        with suppress(OSError):
            folder.rmdir()


def _list(folder: Path, suffix: str) -> list[Path]:
    """List the files of a folder that end so, by name; none if the last call there has just removed it."""
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(suffix))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _told(error: Exception) -> str:
    # The message of any other may quote the call.
    return str(error) if isinstance(error, OSError) else type(error).__name__


_under_way: set[tuple[Path, Path | None]] = set()
_under_way_lock = threading.Lock()


def recover_in_background(
    directory: Path,
    *,
    into: Path | None = None,
    on_recovered: Recovered | None = None,
    on_failure: Callable[[str], None] | None = None,
    pause_secs: float = 0.05,
) -> None:
    """Recover a directory in a thread of its own, unless that is under way already.

    Args:
        directory: The calls directory.
        into: Where the records go; the directory itself if None.
        on_recovered: Told, in the thread, of each record before its journal is removed.
        on_failure: Told, in the thread, what did not become a record, and why.
        pause_secs: How long to rest after each record: the thread competes with live calls for the interpreter.
    """
    key = (directory, into)
    with _under_way_lock:
        if key in _under_way:
            return
        _under_way.add(key)

    def work() -> None:
        rest = threading.Event()
        try:
            for recovery in recover(directory, into=into, on_recovered=on_recovered):
                if recovery.outcome in ("unreadable", "too_new", "failed") and on_failure is not None:
                    on_failure(f"{recovery.journal}: {recovery.why}")
                if recovery.outcome == "recovered":
                    rest.wait(pause_secs)
        except Exception as error:
            if on_failure is not None:
                on_failure(f"{directory}: {_told(error)}")
        finally:
            with _under_way_lock:
                _under_way.discard(key)

    try:
        # A daemon: a process need not wait for it. What it leaves undone is there for the next.
        threading.Thread(target=work, name="flows_analytics recovery", daemon=True).start()
    except RuntimeError:
        with _under_way_lock:
            _under_way.discard(key)
