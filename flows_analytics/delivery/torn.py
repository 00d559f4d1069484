"""Files of an outbox that are no entries, and making entries anew from the call's record."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.entry import REF_SUFFIX, Entry, entry_of
from flows_analytics.delivery.slot import AT
from flows_analytics.delivery.upload import UploadSink
from flows_analytics.errors import RecordError
from flows_analytics.files.directories import make_directory
from flows_analytics.files.layout import RECORD_SUFFIX
from flows_analytics.files.names import safe_name

TORN_SUFFIX = ".torn"
"""A file that should have been an entry."""


def set_aside(path: Path, failed: Path) -> Path:
    """Move a file that is no entry out of the way, overwriting nothing.

    Args:
        path: The file.
        failed: Where it goes; created if it is missing.

    Returns:
        Where it is now.

    Raises:
        OSError: If it cannot be moved.
    """
    make_directory(failed)
    for number in count(1):
        target = failed / f"{path.name}{'' if number == 1 else f'~{number}'}{TORN_SUFFIX}"
        if not target.exists():
            return path.rename(target)
    raise AssertionError("unreachable: numbers do not end")


def entry_name(aside: Path) -> str:
    """Tell what a file was called before it was set aside.

    Args:
        aside: What `set_aside` gave.

    Returns:
        Its name in the outbox.
    """
    name, end, _ = aside.name.rpartition(REF_SUFFIX)
    return name + end


def rebuilt(path: Path, directory: Path, sinks: Iterable[UploadSink], now: float) -> Entry | None:
    """Make an entry from its name and the call's record.

    Args:
        path: The entry's file, which need not be there.
        directory: The calls directory.
        sinks: Where calls can go.
        now: The wall clock, in seconds since 1970.

    Returns:
        The entry, before its first attempt; None if the record or the sink is not there.
    """
    stem = path.name.removesuffix(REF_SUFFIX)
    for sink in sinks:
        matched = re.fullmatch(rf"(.+){AT}{re.escape(safe_name(sink.name))}(~\d+)?", stem)
        if matched is None:
            continue
        own = path.with_suffix(RECORD_SUFFIX)
        for file in (own, directory / f"{matched[1]}{RECORD_SUFFIX}"):
            if file.exists():
                try:
                    record = CallRecord.load(file)
                except RecordError:
                    return None
                sound = file.parent / record.recording.file if record.recording and record.recording.file else None
                there = sound if sound is not None and sound.exists() else None
                return entry_of(
                    record, sink, directory=directory, file=file, recording=there, kept=file is own, now=now
                )
    return None
