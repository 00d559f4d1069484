"""Holder: one way in which calls are kept, and the list of all there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from flows_analytics.retention.journal_files import JournalFiles
from flows_analytics.retention.leftover_files import LeftoverFiles
from flows_analytics.retention.outbox_files import OutboxFiles
from flows_analytics.retention.page_files import PageFiles
from flows_analytics.retention.places import Places
from flows_analytics.retention.record_files import RecordFiles
from flows_analytics.retention.recording_files import RecordingFiles
from flows_analytics.retention.table_rows import TableRows
from flows_analytics.retention.trace import Erasure, Trace


class Holder(Protocol):
    """Knows one way in which calls are kept: how to find what is there, and how to erase it.

    A trace is the smallest thing that can be erased alone. It need not be a file: of a table it is the rows of one
    call.
    """

    def traces(self) -> Iterator[Trace]:
        """List what is kept, of all calls.

        Yields:
            The traces.

        Raises:
            OSError: If a directory cannot be read.
        """
        ...

    def erase(self, traces: Sequence[Trace]) -> Iterator[Erasure]:
        """Erase traces, and look whether they are gone. What somebody else works with stays.

        Args:
            traces: Some of those that `traces` listed.

        Yields:
            What came of each.
        """
        ...


def holders_of(places: Places) -> list[Holder]:
    """List the holders of some directories, in the order in which a call is erased.

    Journals come first, because recovery would make the call's record again; records come after all other files,
    because they name what else is there of a call: whoever is interrupted in between finds the rest by them. Rows
    of tables say whose they are, and would be made again from the record, so they come last.

    Args:
        places: The directories.

    Returns:
        The holders.
    """
    return [
        JournalFiles(places),
        OutboxFiles(places),
        PageFiles(places),
        RecordingFiles(places),
        LeftoverFiles(places),
        RecordFiles(places),
        TableRows(places),
    ]
