"""Journals: ``journal/<safe id>.jsonl`` with its lock, and what recovery put aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from flows_analytics.errors import RecordError
from flows_analytics.files.layout import (
    JOURNAL_DIRECTORY,
    JOURNAL_LOCK_SUFFIX,
    JOURNAL_SUFFIX,
    UNREADABLE_SUFFIX,
)
from flows_analytics.files.names import id_digest
from flows_analytics.files.page_mark import as_utc
from flows_analytics.recording.journal_lines import decode_header
from flows_analytics.recording.recovery import read_journal
from flows_analytics.retention.erasing import erase_file, erase_locked, is_held
from flows_analytics.retention.head import read_head
from flows_analytics.retention.places import Found, Places, files_in, read, stem_of, subfolder
from flows_analytics.retention.trace import Erasure, Trace


class JournalFiles:
    """The holder of the journals. One whose lock is held is that of a call under way, and stays.

    A dead one is not recovered first: what it holds is the call, and the call is to go.

    Args:
        places: The directories.
    """

    def __init__(self, places: Places) -> None:
        self._folders = [
            folder for directory in places.calls if (folder := subfolder(directory, JOURNAL_DIRECTORY)) is not None
        ]

    def traces(self) -> Iterator[Trace]:
        """List the journals, and the locks without one (see `Holder`)."""
        for folder in self._folders:
            for found in files_in(folder, JOURNAL_SUFFIX):
                yield _trace(found)
            for found in files_in(folder, UNREADABLE_SUFFIX):
                yield _loose("journals", found, UNREADABLE_SUFFIX)
            for found in files_in(folder, JOURNAL_LOCK_SUFFIX):
                if not found.path.with_suffix(JOURNAL_SUFFIX).exists():
                    yield _loose("locks", found, JOURNAL_LOCK_SUFFIX)

    def erase(self, traces: Sequence[Trace]) -> Iterator[Erasure]:
        """Erase journals (see `Holder`)."""
        for trace in traces:
            if trace.path.suffix == JOURNAL_SUFFIX:
                yield erase_locked(trace, trace.path.with_suffix(JOURNAL_LOCK_SUFFIX))
            elif trace.kind == "locks":
                yield erase_locked(trace, trace.path)
            else:
                yield erase_file(trace)
        for folder in self._folders:
            with suppress(OSError):
                # A calls directory without calls under way has none; it is made again for the next.
                folder.rmdir()


def _trace(found: Found) -> Trace:
    path, size = found.path, found.stamp.size
    stem = stem_of(path.name, JOURNAL_SUFFIX)
    held = is_held(path.with_suffix(JOURNAL_LOCK_SUFFIX))
    if held is not False:
        return Trace("journals", path, size, found.written, "under_way", who=_who(path), stem=stem)
    try:
        content = read(path)
        call = read_journal(content)
    except (RecordError, OSError):
        return _loose("journals", found, JOURNAL_SUFFIX, who=_who(path))
    head = read_head(call.to_json().encode("utf-8"))
    if head is None:
        return _loose("journals", found, JOURNAL_SUFFIX, who=_who(path))
    sound = path.parent.parent / head.recording if head.recording else None
    return Trace(
        kind="journals",
        path=path,
        size=size,
        at=head.ended,
        who=head.who,
        began=as_utc(call.started_at),
        stem=stem,
        names=(sound,) if sound else (),
        stamp=found.stamp,
    )


def _loose(kind: str, found: Found, suffix: str, who: str | None = None) -> Trace:
    stem = stem_of(found.path.name, suffix)
    # To ask for a lock is to write its file.
    stamp = None if kind == "locks" else found.stamp
    return Trace(kind, found.path, found.stamp.size, found.written, who=who, stem=stem, stamp=stamp)


def _who(path: Path) -> str | None:
    """Whose it is, by its first line."""
    try:
        header = decode_header(read(path).partition(b"\n")[0])
    except OSError:
        return None
    return None if header is None else id_digest(header.call_id)
