"""CallStore: a directory of calls, and the tables made of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from loguru import logger

from flows_analytics.calls.record import CallRecord
from flows_analytics.errors import StoreError
from flows_analytics.files.layout import TABLES_DIRECTORY
from flows_analytics.store.extra import require_store
from flows_analytics.store.filter import Filter
from flows_analytics.store.manifest import Manifest
from flows_analytics.store.problem import Problem
from flows_analytics.store.records import Records
from flows_analytics.store.results import Compaction, Import

if TYPE_CHECKING:
    from flows_analytics.store.counts import FlowCounts
    from flows_analytics.store.grouped_visit import GroupedVisit
    from flows_analytics.store.groups import Follower
    from flows_analytics.store.listing import CallSummary
    from flows_analytics.store.outcomes import Meanings
    from flows_analytics.store.snapshot import Snapshot

_T = TypeVar("_T")

_ATTEMPTS = 5
"""How often a reader begins anew because the files it reads were compacted meanwhile."""

Format = Literal["parquet", "csv", "xes"]


class CallStore:
    """A directory of calls, as `JSONFileSink` writes it, and the tables made of it.

    `add`, `get` and `iter` work on the records and need nothing installed; the rest needs the extra ``store``. All
    readers see the records that are not compacted, too; compacting makes them fast.

    Args:
        path: The calls directory; created when a call is added.
        on_problem: Told of each file and call that cannot be read or counted; None writes it to the log.
    """

    def __init__(self, path: str | Path, *, on_problem: Callable[[Problem], None] | None = None) -> None:
        self.path = Path(path)
        self._on_problem = on_problem or _log
        self._records = Records(self.path, self._on_problem)

    def add(self, record: CallRecord) -> Path:
        """Add a call, once: a second time changes nothing. A call under way is replaced by what became of it.

        Args:
            record: The call.

        Returns:
            Its file.

        Raises:
            StoreError: ``duplicate_call`` if another call has its id.
            OSError: The file cannot be written.
        """
        return self._records.add(record)

    def get(self, call_id: str) -> CallRecord:
        """Read a recorded call.

        Args:
            call_id: Its id.

        Returns:
            The call.

        Raises:
            CallNotFoundError: There is none.
            RecordError: Its file cannot be read.
        """
        return self._records.get(call_id)

    def iter(self, chosen: Filter | None = None) -> Iterator[CallRecord]:
        """Read recorded calls one after another. Imported ones have no records.

        Args:
            chosen: Which calls; None for all.

        Returns:
            The calls in order of file name, those last whose file is not named after them. Files that cannot be
            read, and further ones of a call id with other content, are told to ``on_problem`` and left out.
        """
        return self._records.iter(chosen)

    def __iter__(self) -> Iterator[CallRecord]:
        """Read all recorded calls, as `iter`."""
        return self.iter()

    def compact(
        self, *, processes: int | None = None, progress: Callable[[int], None] | None = None
    ) -> Compaction:
        """Bring the records into the tables. What is there already and unchanged is left alone.

        Safe beside writers, readers and other compactors, which wait. Whoever dies in between leaves the tables as
        they were.

        Args:
            processes: How many processes read; None for one for each core.
            progress: Told how many more files have been read.

        Returns:
            What came of it.

        Raises:
            ExtraMissingError: The extra ``store`` is not installed.
            StoreError: The tables that are there cannot be read.
            OSError: A file cannot be written.
        """
        require_store()
        from flows_analytics.store.opening import open_to_write
        from flows_analytics.store.writing import remove_unlisted, write_days

        with open_to_write(self.path) as opened:
            snapshot = opened.snapshot
            snapshot.stage_files(
                opened.folder("read"), processes=processes or os.cpu_count() or 1, progress=progress or _ignore
            )
            calls = 0
            if snapshot.staged:
                calls = int(opened.database.run("SELECT COUNT(*) FROM new_calls")[0][0])
                remove_unlisted(self.path, write_days(snapshot, opened.folder("tables"), token_hex(8)))
            self._tell(snapshot.problems)
            return Compaction(calls, tuple(snapshot.problems))

    def import_visits(self, visits: Any, calls: Any = None, *, meanings: Meanings | None = None) -> Import:
        """Take calls from a log that never was ours.

        Args:
            visits: One row per visit, with ``call_id``, ``seq``, ``node`` and ``entered_us``, and mostly
                ``flow_id``, ``exited_us``, ``exit_kind`` and ``via``, the function that ended the visit: a
                Parquet, CSV or Arrow file, an Arrow table or a DataFrame. docs/store.md says what each means.
            calls: One row per call, with ``call_id`` and attributes such as ``agent_version``, ``channel``,
                ``started_us``, ``ended_us`` and ``outcome``; None without.
            meanings: What exit kinds and outcomes mean; None for the tables of docs/store.md.

        Returns:
            What came of it. Calls with rows that make no sense are left out, and told of.

        Raises:
            StoreError: ``column_missing``, ``column_type`` if no row can be read, ``not_a_table``,
                ``table_not_readable``.
            ExtraMissingError: The extra ``store`` is not installed.
            OSError: A file cannot be written.
        """
        require_store()
        from flows_analytics.store.importing import stage_import
        from flows_analytics.store.opening import open_to_write
        from flows_analytics.store.outcomes import Meanings
        from flows_analytics.store.writing import remove_unlisted, write_days

        self.path.mkdir(parents=True, exist_ok=True)
        with open_to_write(self.path) as opened:
            snapshot = opened.snapshot
            number, rows, replaced = stage_import(snapshot, visits, calls, meanings or Meanings())
            if number:
                remove_unlisted(self.path, write_days(snapshot, opened.folder("tables"), token_hex(8)))
            self._tell(snapshot.problems)
            return Import(number, rows, replaced, tuple(snapshot.problems))

    def count(self, chosen: Filter | None = None, *, goals: Collection[str] | None = None) -> FlowCounts:
        """Count what happened in the calls.

        Args:
            chosen: Which calls; None for all.
            goals: Nodes that mean success, instead of those that the calls name; None leaves those.

        Returns:
            The counts.

        Raises:
            ExtraMissingError: The extra ``store`` is not installed.
            StoreError: The tables cannot be read.
        """
        require_store()
        from flows_analytics.store.grouped_counts import count_all

        return self.read(lambda snapshot: count_all(snapshot, goals), chosen, goals)

    def find(
        self,
        chosen: Filter | None = None,
        *,
        goals: Collection[str] | None = None,
        limit: int | None = None,
        newest: bool = False,
    ) -> list[CallSummary]:
        """List calls, imported ones included.

        Args:
            chosen: Which calls; None for all.
            goals: As for `count`.
            limit: How many at most; None for all.
            newest: Whether the last call comes first; a limit then leaves out the first ones.

        Returns:
            The calls in the order in which they started, or the other way round.

        Raises:
            ExtraMissingError: The extra ``store`` is not installed.
            StoreError: The tables cannot be read.
        """
        require_store()
        from flows_analytics.store.listing import list_found

        return self.read(lambda snapshot: list_found(snapshot, limit, newest=newest), chosen, goals)

    def count_by(
        self, by: str, chosen: Filter | None = None, *, goals: Collection[str] | None = None
    ) -> dict[str | None, FlowCounts]:
        """Count what happened in the calls, by an attribute.

        Args:
            by: A column of ``calls``, such as ``agent_version``, or a key of the metadata.
            chosen: Which calls; None for all.
            goals: As for `count`.

        Returns:
            The counts by value, which add up to those of `count`; None is for calls without one.

        Raises:
            StoreError: ``column_missing`` if there is no such attribute; else as `count`.
        """
        require_store()
        from flows_analytics.store.grouped_counts import count_by

        return self.read(lambda snapshot: count_by(snapshot, by, goals), chosen, goals)

    def follow(
        self,
        use: Callable[[Iterator[GroupedVisit]], _T],
        chosen: Filter | None = None,
        *,
        by: str | None = None,
        through: Collection[str] | None = None,
    ) -> _T:
        """Follow calls one by one, visit after visit, as a funnel with times does.

        Args:
            use: What follows them: given the visits in order of call, flow (``main`` first) and ``seq``, however
                many they are. Called again if the tables were compacted meanwhile.
            chosen: Which calls; None for all.
            by: A column of ``calls`` or a key of the metadata, whose value stands beside each visit; None without.
            through: Nodes of which each call visited at least one; None for all calls.

        Returns:
            What it returns.

        Raises:
            StoreError: ``column_missing`` if there is no such attribute; else as `count`.
        """
        require_store()
        from flows_analytics.store.groups import gather, visits_of

        def followed(snapshot: Snapshot) -> _T:
            gather(snapshot, by, through)
            return use(visits_of(snapshot))

        return self.read(followed, chosen)

    def follow_paths(
        self,
        start: Callable[[], Follower[_T]],
        chosen: Filter | None = None,
        *,
        by: str | None = None,
    ) -> _T:
        """Follow all calls, many at once, as a funnel does.

        Args:
            start: Makes what follows them. Called again if the tables were compacted meanwhile.
            chosen: Which calls; None for all.
            by: A column of ``calls`` or a key of the metadata, whose value stands beside each path; None without.

        Returns:
            What it made of them.

        Raises:
            StoreError: ``column_missing`` if there is no such attribute; else as `count`.
        """
        require_store()
        from flows_analytics.store.groups import follow_paths

        return self.read(lambda snapshot: follow_paths(snapshot, start(), by), chosen)

    def export(
        self,
        format_: Format,
        out: str | Path,
        chosen: Filter | None = None,
        *,
        goals: Collection[str] | None = None,
    ) -> list[Path]:
        """Write the calls for other programs.

        Args:
            format_: ``parquet`` or ``csv``, a file per table, or ``xes``, one file for process mining.
            out: The directory, or for ``xes`` the file.
            chosen: Which calls; None for all.
            goals: As for `count`.

        Returns:
            The files.

        Raises:
            StoreError: As `count`.
            OSError: A file cannot be written.
        """
        require_store()
        from flows_analytics.store.exporting import export

        return self.read(lambda snapshot: export(snapshot, format_, Path(out)), chosen, goals)

    def read(
        self,
        use: Callable[[Snapshot], _T],
        chosen: Filter | None = None,
        goals: Collection[str] | None = None,
    ) -> _T:
        """Ask something of the tables as they are now, with the records that are not compacted.

        Args:
            use: What asks, of the views ``calls``, ``paths``, ``visits`` and so on. Called again if the tables
                were compacted meanwhile.
            chosen: Which calls the views show; None for all.
            goals: As for `count`.

        Returns:
            What it returns.

        Raises:
            ExtraMissingError: The extra ``store`` is not installed.
            StoreError: ``store_not_there``, ``files_missing``.
        """
        require_store()
        from flows_analytics.store.duck import FilesChangedError
        from flows_analytics.store.opening import open_to_read, require_directory
        from flows_analytics.store.selection import select

        require_directory(self.path)
        for attempt in range(_ATTEMPTS):
            manifest = Manifest.load(self.path)
            try:
                with open_to_read(self.path, manifest) as opened:
                    snapshot = opened.snapshot
                    snapshot.stage_files(opened.folder("read"), processes=os.cpu_count() or 1, progress=_ignore)
                    select(snapshot, chosen or Filter(), goals)
                    answer = use(snapshot)
                    self._tell(snapshot.problems)
                    return answer
            except FilesChangedError as error:
                if all(path.is_file() for path in manifest.listed(self.path)):
                    # Nothing went away: a disk is full, or broken.
                    raise StoreError("query_failed", error.message) from error
                if attempt + 1 == _ATTEMPTS or Manifest.load(self.path) == manifest:
                    raise StoreError(
                        "files_missing",
                        f"files of {self.path / TABLES_DIRECTORY} cannot be read: {error}. "
                        "Delete that directory and compact again.",
                    ) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _tell(self, problems: Collection[Problem]) -> None:
        for problem in problems:
            self._on_problem(problem)


def _log(problem: Problem) -> None:
    logger.warning("{}", problem)


def _ignore(_count: int) -> None:
    """Tell nobody."""
