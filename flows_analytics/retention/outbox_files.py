"""The outbox: what waits to be sent, what was refused, and the records that it keeps itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from flows_analytics.delivery.claim import lock_path
from flows_analytics.delivery.entry import REF_SUFFIX, Entry
from flows_analytics.delivery.torn import TORN_SUFFIX
from flows_analytics.files.layout import FAILED_DIRECTORY, OUTBOX_DIRECTORY, RECORD_SUFFIX
from flows_analytics.files.names import id_digest
from flows_analytics.retention.erasing import erase_file, erase_locked
from flows_analytics.retention.head import Head, read_head
from flows_analytics.retention.places import Found, Places, files_in, look_at, read, subfolder
from flows_analytics.retention.trace import Erasure, State, Trace

_LOCK_SUFFIX = ".lock"


class OutboxFiles:
    """The holder of the outbox.

    A record that the outbox keeps itself is erased before its entry: one without an entry would be sent. Whoever
    sends a call holds its lock, and the call stays.

    Args:
        places: The directories.
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    def traces(self) -> Iterator[Trace]:
        """List the entries (see `Holder`)."""
        for directory in self._places.calls:
            waiting, failed = subfolder(directory, OUTBOX_DIRECTORY), subfolder(directory, FAILED_DIRECTORY)
            kept: set[Path] = set()
            for found in files_in(waiting, REF_SUFFIX) if waiting else ():
                trace = _trace(found, directory, "outbox", "waiting")
                kept.update(trace.own)
                yield trace
            for found in files_in(failed, REF_SUFFIX) if failed else ():
                trace = _trace(found, directory, "failed", "finished")
                kept.update(trace.own)
                yield trace
            for found in files_in(failed, TORN_SUFFIX) if failed else ():
                yield _loose("failed", found, "finished")
            if waiting:
                yield from _others(waiting, kept)

    def erase(self, traces: Sequence[Trace]) -> Iterator[Erasure]:
        """Erase entries (see `Holder`)."""
        for trace in traces:
            folder, name = trace.path.parent.parent / OUTBOX_DIRECTORY, trace.path.name
            if trace.kind == "locks":
                yield erase_locked(trace, trace.path)
            elif name.endswith(TORN_SUFFIX) or not folder.is_dir():
                yield erase_file(trace)
            else:
                yield erase_locked(trace, lock_path((folder / name).with_suffix(REF_SUFFIX)))


def _trace(found: Found, directory: Path, kind: str, state: State) -> Trace:
    try:
        entry = Entry.model_validate_json(read(found.path))
    except (OSError, ValidationError):
        return _loose(kind, found, state)
    record = directory / entry.record
    own = look_at(record) if entry.kept and record.parent == directory / OUTBOX_DIRECTORY else None
    head = _head(own) if own else None
    return Trace(
        kind=kind,
        path=found.path,
        size=found.stamp.size + (own.stamp.size if own else 0),
        at=head.ended if head else entry.first_at,
        state=state,
        who=head.who if head else id_digest(entry.call_id),
        began=head.began if head else None,
        names=(record, *((directory / entry.recording,) if entry.recording else ())),
        own=(own.path,) if own else (),
        stamp=found.stamp,
        receiver=entry.sink,
    )


def _others(waiting: Path, kept: set[Path]) -> Iterator[Trace]:
    """Records that lost their entry, which wait for it to be made again; and locks of what is gone."""
    for found in files_in(waiting, RECORD_SUFFIX):
        if found.path in kept or found.path.name.startswith("."):
            continue
        head = _head(found)
        if head is None:
            yield _loose("outbox", found, "waiting")
            continue
        size, stamp = found.stamp.size, found.stamp
        yield Trace("outbox", found.path, size, head.ended, "waiting", who=head.who, began=head.began, stamp=stamp)
    for found in files_in(waiting, f"{REF_SUFFIX}{_LOCK_SUFFIX}"):
        entry = found.path.with_name(found.path.name.removesuffix(_LOCK_SUFFIX))
        if not entry.exists():
            yield _loose("locks", found, "finished")


def _loose(kind: str, found: Found, state: State) -> Trace:
    # To ask for a lock is to write its file.
    stamp = None if kind == "locks" else found.stamp
    return Trace(kind, found.path, found.stamp.size, found.written, state, stamp=stamp)


def _head(found: Found) -> Head | None:
    try:
        return read_head(read(found.path))
    except OSError:
        return None
