"""Compacted calls: whose rows stand in the tables, and taking them out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from flows_analytics.errors import StoreError
from flows_analytics.files.layout import TABLES_DIRECTORY
from flows_analytics.store.extra import require_store
from flows_analytics.store.manifest import Manifest

_ATTEMPTS = 5


@dataclass(frozen=True)
class CompactedCall:
    """A call that has rows in the tables.

    Attributes:
        call_id: The call.
        started_us: When it started, in microseconds UTC since 1970.
        ended_us: When it ended; None while it runs.
        open: Whether it runs, as far as the tables know.
        source: The name of the record it was read from; None if it was imported.
    """

    call_id: str
    started_us: int
    ended_us: int | None
    open: bool
    source: str | None


def has_tables(directory: Path) -> bool:
    """Tell whether a calls directory has tables. Links are not followed.

    Args:
        directory: The calls directory.
    """
    root = directory / TABLES_DIRECTORY
    return root.is_dir() and not root.is_symlink()


def list_compacted(directory: Path) -> list[CompactedCall]:
    """List the calls that have rows in the tables, and clear away what dead writers left.

    Args:
        directory: A calls directory.

    Returns:
        The calls, in no order; none if there are no tables.

    Raises:
        ExtraMissingError: The extra ``store`` is not installed.
        StoreError: The tables cannot be read.
    """
    if not has_tables(directory):
        return []
    require_store()
    from flows_analytics.store.duck import FilesChangedError
    from flows_analytics.store.opening import clear_leftovers, open_to_read

    clear_leftovers(directory)
    for _ in range(_ATTEMPTS):
        manifest = Manifest.load(directory)
        try:
            with open_to_read(directory, manifest) as opened:
                rows = opened.database.run("SELECT call_id, started_us, ended_us, open, source FROM old_calls")
                return [CompactedCall(*row) for row in rows]
        except FilesChangedError as error:
            if Manifest.load(directory) == manifest:
                raise StoreError("files_missing", f"{directory / TABLES_DIRECTORY}: {error}") from error
    raise StoreError("files_missing", f"{directory / TABLES_DIRECTORY}: somebody writes it again and again")


def take_out(directory: Path, calls: Collection[CompactedCall]) -> None:
    """Take the rows of calls out of all tables. The days concerned are written anew; their records are left alone.

    Whoever dies in between leaves the tables as they were, or without these rows; the next writer clears away what
    no table lists.

    Args:
        directory: The calls directory.
        calls: The calls. One that was replaced by another of its id in the meantime stays.

    Raises:
        ExtraMissingError: The extra ``store`` is not installed.
        StoreError: The tables cannot be read.
        OSError: A file cannot be written; the tables are as they were.
    """
    require_store()
    from flows_analytics.store.opening import open_to_write
    from flows_analytics.store.writing import remove_unlisted, write_days

    with open_to_write(directory) as opened:
        opened.snapshot.drop((call.call_id, call.started_us) for call in calls)
        if opened.snapshot.replaces:
            remove_unlisted(directory, write_days(opened.snapshot, opened.folder("tables"), token_hex(8)))
