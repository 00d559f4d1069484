"""A snapshot: the tables as they are now, what is not compacted yet included, as views of a database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from flows_analytics.store.arrow import ArrowTable, mapping, numbered, table_of
from flows_analytics.store.duck import Database, identifier, parquet, quoted
from flows_analytics.store.manifest import Manifest
from flows_analytics.store.problem import Problem
from flows_analytics.store.reading import FILE_COLUMN, FileState, Progress, first_of_each, list_records
from flows_analytics.store.spill import spill
from flows_analytics.store.tables import METADATA_COLUMNS, METADATA_PREFIX, TABLES, WITH_METADATA


class NodeNumbers:
    """Numbers for names of nodes. A number once given stays.

    Args:
        names: The names known, in order of number.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._numbers = {name: number for number, name in enumerate(names)}

    @property
    def names(self) -> list[str]:
        """The names in order of number."""
        return list(self._numbers)

    def number(self, name: str) -> int:
        """Give the number of a node, a new one if it has none.

        Args:
            name: Its name.

        Returns:
            Its number.
        """
        return self._numbers.setdefault(name, len(self._numbers))

    def code(self, key: str) -> str:
        """Number the nodes of a path.

        Args:
            key: Their names, as a JSON list.

        Returns:
            Such as ``|0||1|``; empty for none.
        """
        return "".join(f"|{self.number(name)}|" for name in json.loads(key))


class DayTables(Protocol):
    """New rows that are made day by day, so that not all of them have to fit into memory."""

    @property
    def days(self) -> Sequence[str]:
        """The days, such as ``2026-01-31``, in order."""
        ...

    def tables(self, day: str) -> Mapping[str, ArrowTable]:
        """Make the rows of a day, by table. A table without rows may be missing."""
        ...


class Snapshot:
    """The calls of a directory at one moment.

    After construction the views ``old_<table>`` show what is compacted; `stage_files` brings what is new, and
    `join` makes ``all_<table>`` of both. What `stage_days` brings is only there to be written down.

    Args:
        database: Where the views are made.
        directory: The calls directory.
        manifest: Its manifest.

    Attributes:
        whole: Whether the views show all calls, with all that they did.
    """

    def __init__(self, database: Database, directory: Path, manifest: Manifest) -> None:
        self.database = database
        self.directory = directory
        self.manifest = manifest
        self.problems: list[Problem] = []
        self.staged = False
        self.whole = True
        self.made: DayTables | None = None
        self.replaces = False
        self._empty = {name: table_of(row_type, []) for name, row_type in TABLES.items()}
        for name in TABLES:
            database.register(f"empty_{name}", self._empty[name])
            files = manifest.paths(directory, name)
            source = parquet(files) if files else f"empty_{name}"
            database.run(f"CREATE VIEW old_{name} AS SELECT * FROM {source}")
        nodes = manifest.nodes_path(directory)
        listed = database.run(f"SELECT name FROM {parquet([nodes])} ORDER BY number") if nodes else []
        self.nodes = NodeNumbers(str(name) for (name,) in listed)
        database.run("CREATE TABLE replaced (call_id VARCHAR)")

    @property
    def is_tallied(self) -> bool:
        """Whether the tallies of days tell of all that is compacted, and of nothing else that is shown.

        Rows say the same: tallies that somebody removed are missed by nobody.
        """
        if not self.whole or self.replaces or not self.manifest.is_tallied:
            return False
        kept = self.manifest.files.keys() - TABLES.keys()
        return all(path.is_file() for name in kept for path in self.manifest.paths(self.directory, name))

    def stage_files(self, into: Path, *, processes: int, progress: Progress) -> None:
        """Read the records that are not compacted, or were changed since.

        Args:
            into: An empty directory for what is read.
            processes: How many processes may read.
            progress: Told how many files have been read.

        Raises:
            OSError: A file cannot be written.
        """
        there = list_records(self.directory)
        known = {
            str(source): (FileState(size, mtime_ns), str(call_id))
            for source, size, mtime_ns, call_id in self.database.run(
                "SELECT source, source_size, source_mtime_ns, call_id FROM old_calls WHERE source IS NOT NULL"
            )
        }
        fresh = {name: state for name, state in there.items() if name not in known or known[name][0] != state}
        if not fresh:
            return
        read = spill(self.directory, fresh, into, processes=processes, progress=progress)
        self.problems.extend(read.problems)
        if not read.calls:
            return
        changed = {known[name][1] for name, _, _ in read.calls if name in known}
        self._replace(changed)
        rejected = self._reject(read.calls, there)
        self._stage(into, rejected)

    def stage_days(self, made: DayTables, calls: str) -> None:
        """Take rows that are made day by day. Their paths are numbered.

        Args:
            made: The rows.
            calls: A query for the ids of the calls that they replace.
        """
        self.database.run(f"INSERT INTO replaced {calls}")
        self.replaces = self.replaces or bool(self.database.run("SELECT 1 FROM replaced LIMIT 1"))
        self.made = made

    def drop(self, calls: Iterable[tuple[str, int]]) -> None:
        """Let go of calls, replacing them by nothing.

        Args:
            calls: Their ids, and when each started, in microseconds since 1970.
        """
        started = {call_id: str(started_us) for call_id, started_us in calls}
        self.database.register("dropped", mapping(started))
        found = self.database.run(
            "SELECT call_id FROM old_calls JOIN dropped ON call_id = key AND started_us = CAST(value AS BIGINT)"
        )
        self._replace(str(call_id) for (call_id,) in found)

    def join(self) -> None:
        """Make the views ``all_<table>`` and ``nodes``."""
        for name in TABLES:
            old = f"SELECT * FROM old_{name}"
            if self.replaces:
                old += " WHERE call_id NOT IN (SELECT call_id FROM replaced)"
            new = f" UNION ALL BY NAME SELECT * FROM new_{name}" if self.staged else ""
            self.database.run(f"CREATE VIEW all_{name} AS {old}{new}")
        self.database.register("nodes", numbered(self.nodes.names))

    def _replace(self, call_ids: Iterable[str]) -> None:
        listed = list(call_ids)
        if listed:
            self.database.register("replaced_now", mapping(dict.fromkeys(listed, "")))
            self.database.run("INSERT INTO replaced SELECT key FROM replaced_now")
            self.replaces = True

    def _reject(self, calls: list[tuple[str, str, str | None]], there: Mapping[str, FileState]) -> set[str]:
        """Choose among files of one call, and let go of what lost its file."""
        self.database.register("new_ids", mapping({call_id: "" for _, call_id, _ in calls}))
        taken: dict[str, tuple[str | None, str | None]] = {}
        homeless: list[str] = []
        for call_id, source, digest in self.database.run(
            "SELECT call_id, source, digest FROM old_calls WHERE call_id IN (SELECT key FROM new_ids)"
            " AND call_id NOT IN (SELECT call_id FROM replaced)"
        ):
            if source is None or source in there:
                taken[call_id] = (source, digest)
            else:
                homeless.append(call_id)
        self._replace(homeless)
        rejected, problems = first_of_each(calls, taken)
        self.problems.extend(
            Problem(problem.code, str(self.directory / problem.where), problem.why) for problem in problems
        )
        return rejected

    def _stage(self, into: Path, rejected: set[str]) -> None:
        relations: dict[str, str] = {}
        self.database.register("rejected", mapping(dict.fromkeys(rejected, "")))
        for name in TABLES:
            files = sorted(into.glob(f"{name}-*.parquet"))
            where = f" WHERE {FILE_COLUMN} NOT IN (SELECT key FROM rejected)" if rejected else ""
            without = [FILE_COLUMN, *(self._rare_keys(into) if name in WITH_METADATA else ())]
            left_out = ", ".join(map(identifier, without))
            relations[name] = f"(SELECT * EXCLUDE ({left_out}) FROM {parquet(files)}{where})"
        self._number(relations)

    def _rare_keys(self, into: Path) -> list[str]:
        """Find the columns of metadata that are too many: the rarest of those that the tables do not have."""
        relation = parquet(sorted(into.glob("calls-*.parquet")))
        had = {name for name in self.database.columns("old_calls") if name.startswith(METADATA_PREFIX)}
        new = [
            name
            for name in self.database.columns(relation)
            if name.startswith(METADATA_PREFIX) and name not in had
        ]
        room = max(METADATA_COLUMNS - len(had), 0)
        if len(new) <= room:
            return []
        counts = self.database.run(
            f"SELECT {', '.join(f'COUNT({identifier(name)})' for name in new)} FROM {relation}"
        )
        rare = [name for _, name in sorted(zip(counts[0], new, strict=True), key=lambda one: (-one[0], one[1]))][
            room:
        ]
        shown = ", ".join(name.removeprefix(METADATA_PREFIX) for name in rare[:3])
        problem = Problem(
            "metadata_keys",
            str(self.directory),
            f"more than {METADATA_COLUMNS} keys of metadata: the rarest have no column ({shown}, …), and no "
            "filter finds them. Keep what differs from call to call out of keys",
            counted=True,
        )
        if problem not in self.problems:
            self.problems.append(problem)
        return rare

    def _number(self, relations: Mapping[str, str]) -> None:
        keys = self.database.run(
            f"SELECT path FROM {relations['paths']} UNION SELECT goals FROM {relations['calls']} ORDER BY 1"
        )
        self.database.register("codes", mapping({str(key): self.nodes.code(str(key)) for (key,) in keys}))
        for name, relation in relations.items():
            column = {"paths": "path", "calls": "goals"}.get(name)
            if column:
                relation = (  # noqa: PLW2901  # the same rows, numbered
                    f"(SELECT rows.* REPLACE (codes.value AS {column}) FROM {relation} AS rows"
                    f" JOIN codes ON rows.{column} = codes.key)"
                )
            self.database.run(f"CREATE VIEW new_{name} AS SELECT * FROM {relation}")
        self.staged = True


def days_sql(relation: str) -> str:
    """Write the query for the days of a table.

    Args:
        relation: What can stand after FROM.

    Returns:
        The query.
    """
    return f"SELECT DISTINCT strftime(started_date, {quoted('%Y-%m-%d')}) FROM {relation}"
