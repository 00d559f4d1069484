"""Reading JSON files as rows."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from flows_analytics.calls.record import CallRecord
from flows_analytics.errors import RecordError
from flows_analytics.files.layout import RECORD_SUFFIX
from flows_analytics.files.names import safe_name
from flows_analytics.store.arrow import ArrowTable, table_of
from flows_analytics.store.problem import Problem, same_id
from flows_analytics.store.rows import CallRows, Source, rows_of
from flows_analytics.store.tables import METADATA_COLUMNS, TABLES, WITH_METADATA

FILE_COLUMN = "_file"
"""The file that a row was read from, until it is known which of two files with one call id counts."""


_KEYS = 5 * METADATA_COLUMNS
"""Most keys of metadata read at a time. Which of them become columns is known when all have been read."""


@dataclass(frozen=True)
class FileState:
    """What tells whether a file is still the one that was read.

    Attributes:
        size: Its size in bytes.
        mtime_ns: When it was written.
    """

    size: int
    mtime_ns: int


class CountedCall(CallRecord):
    """A call of which rows are made: they hold how long each wait was, not what it consisted of."""

    divides: ClassVar[bool] = False


def list_records(directory: Path) -> dict[str, FileState]:
    """List the records of a calls directory.

    Args:
        directory: The directory.

    Returns:
        Their state by file name, in order of name; empty if there is no such directory.
    """
    found: dict[str, FileState] = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.endswith(RECORD_SUFFIX) and not entry.name.startswith("."):
                    state = _state_of(entry)
                    if state is not None:
                        found[entry.name] = state
    except FileNotFoundError:
        return {}
    return dict(sorted(found.items()))


def _state_of(entry: os.DirEntry[str]) -> FileState | None:
    """Tell the state of a file; None of what is none, or was removed meanwhile."""
    try:
        if not entry.is_file():
            return None
        state = entry.stat()
    except FileNotFoundError:
        return None
    except OSError:
        # A link that leads nowhere but to itself: whoever reads it says so.
        return FileState(0, 0)
    return FileState(state.st_size, state.st_mtime_ns)


def read_rows(path: Path, state: FileState) -> CallRows | Problem:
    """Read one record as rows.

    Args:
        path: The file.
        state: Its state, taken before: a file that is written meanwhile looks changed to the next reader.

    Returns:
        The rows, or why there are none.
    """
    try:
        content = path.read_bytes()
        record = CountedCall.from_json(content)
    except OSError as error:
        return Problem("record_not_readable", str(path), error.strerror or str(error))
    except RecordError as error:
        return Problem(error.code, str(path), error.message)
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return rows_of(record, Source(path.name, state.size, state.mtime_ns, digest))


def arrow_tables(calls: Sequence[CallRows]) -> dict[str, ArrowTable]:
    """Turn calls into tables.

    Args:
        calls: The calls.

    Returns:
        A table each, by name, as in `flows_analytics.store.tables`, with the column `FILE_COLUMN`; paths and goals
        not numbered yet.
    """
    tables: dict[str, ArrowTable] = {}
    keys = Counter(key for call in calls for key in call.metadata)
    if len(keys) > _KEYS:
        common = {key for key, _ in keys.most_common(_KEYS)}
        for call in calls:
            call.metadata = {key: value for key, value in call.metadata.items() if key in common}
    for name, row_type in TABLES.items():
        pairs = [(call, row) for call in calls for row in call.rows(name)]
        further = [
            {FILE_COLUMN: call.call.source or "", **(call.metadata if name in WITH_METADATA else {})}
            for call, _ in pairs
        ]
        tables[name] = table_of(row_type, [row for _, row in pairs], further, at_least=(FILE_COLUMN,))
    return tables


def first_of_each(
    calls: Iterable[tuple[str, str, str | None]], taken: dict[str, tuple[str | None, str | None]]
) -> tuple[set[str], list[Problem]]:
    """Choose which file tells of a call, where several claim one id.

    A file that was chosen before stays; else the one that is named after the call comes first.

    Args:
        calls: File name, call id and digest of each.
        taken: File name and digest of the calls known before, by id; None for an imported one.

    Returns:
        The names of the files that are not chosen, and a problem for each whose content differs.
    """
    known = dict(taken)
    rejected: set[str] = set()
    problems: list[Problem] = []
    for name, call_id, digest in sorted(
        calls, key=lambda call: (call[0] != safe_name(call[1]) + RECORD_SUFFIX, call)
    ):
        if call_id not in known:
            known[call_id] = (name, digest)
            continue
        first, first_digest = known[call_id]
        rejected.add(name)
        if first is None:
            problems.append(
                Problem("duplicate_call", name, f"call {call_id!r} was imported; the imported one counts")
            )
        elif digest != first_digest:
            problems.append(Problem("duplicate_call", name, same_id(first, call_id)))
    return rejected, problems


Progress = Callable[[int], None]
"""Told how many more files have been read."""
