"""Writing a snapshot down as the tables of a calls directory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from flows_analytics.files.layout import TABLES_DIRECTORY
from flows_analytics.store.arrow import ArrowTable, numbered, write_parquet
from flows_analytics.store.counting import TALLIES
from flows_analytics.store.duck import Database, parquet, quoted
from flows_analytics.store.manifest import Manifest
from flows_analytics.store.snapshot import DayTables, Snapshot, days_sql
from flows_analytics.store.tables import TABLES
from flows_analytics.store.tally import TALLIED_BY, TALLY_VERSION

_AT_ONCE = 2
"""Days that are made at the same time, each in memory as a whole."""


def write_days(snapshot: Snapshot, staging: Path, run: str) -> Manifest:
    """Write anew the days that are changed by what was staged or dropped, and the manifest last.

    Whoever dies in between leaves the tables as they were, and files that nobody lists.

    Args:
        snapshot: A snapshot with what is new staged, or calls dropped.
        staging: An empty directory on the same disk.
        run: Tells the files of this run from those of others.

    Returns:
        The new manifest.

    Raises:
        OSError: A file cannot be written; the tables are as they were.
    """
    database, directory, old = snapshot.database, snapshot.directory, snapshot.manifest
    days = {str(day) for (day,) in database.run(days_sql("new_calls"))} if snapshot.staged else set[str]()
    if snapshot.made is not None:
        days.update(snapshot.made.days)
    if snapshot.replaces:
        gone = "(SELECT started_date FROM old_calls WHERE call_id IN (SELECT call_id FROM replaced))"
        days |= {str(day) for (day,) in database.run(days_sql(gone))}
    if snapshot.made is not None:
        _write_made(snapshot, snapshot.made, days, staging, run)
    else:
        _write_staged(snapshot, days, staging, run)
    _write_tallies(database, staging, run)
    files: dict[str, dict[str, list[str]]] = {}
    for table in [*TABLES, *(tally.name for tally in TALLIES)]:
        kept = {day: names for day, names in old.files.get(table, {}).items() if day not in days}
        moved = _move(staging / table, directory / TABLES_DIRECTORY / table)
        files[table] = dict(sorted({**kept, **moved}.items()))
    nodes = directory / TABLES_DIRECTORY / "nodes" / f"{run}.parquet"
    nodes.parent.mkdir(mode=0o700, exist_ok=True)
    write_parquet(numbered(snapshot.nodes.names), nodes)
    _flush(nodes)
    before = old.tallied if old.tally_version == TALLY_VERSION else ()
    tallied = tuple(sorted({*before, *days} & {day for named in files.values() for day in named}))
    manifest = Manifest(nodes=nodes.name, files=files, tallied=tallied, tally_version=TALLY_VERSION)
    manifest.save(directory)
    return manifest


def _write_staged(snapshot: Snapshot, days: set[str], staging: Path, run: str) -> None:
    for table in TABLES:
        # Only the days that change are read again.
        before = snapshot.manifest.paths(snapshot.directory, table, days)
        rows = _still_there(snapshot, table, before)
        if snapshot.staged:
            rows += f" UNION ALL BY NAME SELECT * FROM new_{table}"
        _copy_by_day(snapshot.database, rows, staging / table, run)


def _write_tallies(database: Database, staging: Path, run: str) -> None:
    def staged(table: str) -> list[Path]:
        return sorted((staging / table).glob("date=*/*.parquet"))

    for tally in TALLIES:
        if files := staged(tally.table):
            rows = (
                f"(SELECT here.*, calls.{TALLIED_BY} FROM {parquet(files)} AS here"
                f" JOIN {parquet(staged('calls'))} AS calls ON here.call_id = calls.call_id)"
            )
            counted = tally.count(rows, "started_date", TALLIED_BY)
            _copy_by_day(database, counted, staging / tally.name, run)


def _copy_by_day(database: Database, rows: str, into: Path, run: str) -> None:
    database.write(
        f"COPY (SELECT *, CAST(started_date AS VARCHAR) AS date FROM ({rows})) TO {quoted(into)}"
        f" (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (date), FILENAME_PATTERN {quoted(run + '-{i}')})"
    )


def _write_made(snapshot: Snapshot, made: DayTables, days: set[str], staging: Path, run: str) -> None:
    merged = [day for day in days if any(snapshot.manifest.files.get(table, {}).get(day) for table in TABLES)]

    def write_new(day: str) -> None:
        for table, rows in made.tables(day).items():
            write_parquet(rows, _day_file(staging, table, day, run))

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        # Asked for one by one, so that the first that fails is told of.
        for _ in threads.map(write_new, sorted(days.difference(merged))):
            pass
    there = set(made.days)
    for day in sorted(merged):
        tables: Mapping[str, ArrowTable] = made.tables(day) if day in there else {}
        for table in TABLES:
            before = snapshot.manifest.paths(snapshot.directory, table, {day})
            if table not in tables and not before:
                continue
            rows = _still_there(snapshot, table, before)
            if table in tables:
                snapshot.database.register("made_now", tables[table])
                rows += " UNION ALL BY NAME SELECT * FROM made_now"
            file = _day_file(staging, table, day, run)
            snapshot.database.write(f"COPY ({rows}) TO {quoted(file)} (FORMAT parquet, COMPRESSION zstd)")


def _day_file(staging: Path, table: str, day: str, run: str) -> Path:
    file = staging / table / f"date={day}" / f"{run}-0.parquet"
    file.parent.mkdir(parents=True)
    return file


def _still_there(snapshot: Snapshot, table: str, before: Sequence[Path]) -> str:
    rows = f"SELECT * FROM {parquet(before) if before else f'empty_{table}'}"
    return rows + (" WHERE call_id NOT IN (SELECT call_id FROM replaced)" if snapshot.replaces else "")


def remove_unlisted(directory: Path, manifest: Manifest) -> None:
    """Remove the files that a manifest does not list. Only for who holds the lock.

    Args:
        directory: The calls directory.
        manifest: Its manifest.
    """
    listed = manifest.listed(directory)
    root = directory / TABLES_DIRECTORY
    for path in [*root.glob("*/date=*/*.parquet"), *root.glob("nodes/*.parquet")]:
        if path not in listed:
            path.unlink(missing_ok=True)
    for day in root.glob("*/date=*"):
        with suppress(OSError):
            day.rmdir()


def _move(staged: Path, table: Path) -> dict[str, list[str]]:
    """Move the files of a table to where they belong."""
    moved: dict[str, list[str]] = {}
    for day in sorted(staged.glob("date=*")):
        target = table / day.name
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in sorted(day.iterdir()):
            _flush(file)
            file.rename(target / file.name)
            moved.setdefault(day.name.removeprefix("date="), []).append(file.name)
        _flush_directory(target)
    return moved


def _flush(file: Path) -> None:
    """Have a file on the disk, readable by its owner only, before anything lists it."""
    file.chmod(0o600)
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_directory(directory: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
