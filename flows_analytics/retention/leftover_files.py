"""Leftovers: temporary files of writes that never came to their end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from flows_analytics.files.atomic import TEMPORARY
from flows_analytics.files.layout import FAILED_DIRECTORY, JOURNAL_DIRECTORY, OUTBOX_DIRECTORY
from flows_analytics.files.names import id_digest
from flows_analytics.files.page_mark import read_mark
from flows_analytics.retention.erasing import erase_file
from flows_analytics.retention.places import Places, files_in, read, subfolder
from flows_analytics.retention.trace import Erasure, Trace

_HEAD_BYTES = 1_000_000
"""An id may be long, and stands at the beginning."""

_CALL_ID = re.compile(rb'"call_id"\s*:\s*("(?:[^"\\]|\\.)*")')


class LeftoverFiles:
    """The holder of what dead processes were about to write.

    Args:
        places: The directories.
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    def traces(self) -> Iterator[Trace]:
        """List the leftovers (see `Holder`)."""
        below = (
            subfolder(directory, name)
            for directory in self._places.calls
            for name in (JOURNAL_DIRECTORY, OUTBOX_DIRECTORY, FAILED_DIRECTORY)
        )
        for folder in (*self._places.all, *below):
            for found in files_in(folder, ".tmp") if folder is not None else ():
                if TEMPORARY.fullmatch(found.path.name):
                    size, stamp = found.stamp.size, found.stamp
                    yield Trace("leftovers", found.path, size, found.written, who=_who(found.path), stamp=stamp)

    def erase(self, traces: Sequence[Trace]) -> Iterator[Erasure]:
        """Erase leftovers (see `Holder`)."""
        yield from map(erase_file, traces)


def _who(path: Path) -> str | None:
    """Whose it was to be: of what a record, an entry or a page begins with, the end may be missing."""
    try:
        content = read(path, _HEAD_BYTES)
    except OSError:
        return None
    if (mark := read_mark(content)) is not None:
        return mark.call
    found = _CALL_ID.search(content)
    try:
        return id_digest(json.loads(found[1])) if found else None
    except ValueError:
        return None
