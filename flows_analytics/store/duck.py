"""DuckDB, behind types. Nothing else in this room imports it."""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingImports=false, reportUnknownParameterType=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from flows_analytics.errors import StoreError

Row = tuple[Any, ...]

_T = TypeVar("_T")

_ROWS = 50_000
"""Rows of a record batch."""


class FilesChangedError(StoreError):
    """Files cannot be read: somebody compacted them meanwhile, or they are gone."""


class Database:
    """An embedded database in memory.

    Args:
        spill: Where it may put what does not fit into memory; None for nowhere.
    """

    def __init__(self, spill: Path | None = None) -> None:
        # Nothing is ever fetched from the network to understand a query.
        settings: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if spill is not None:
            settings["temp_directory"] = str(spill)
        self._connection = duckdb.connect(":memory:", config=settings)
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET enable_progress_bar = false")

    def run(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Run a statement.

        Args:
            sql: The statement, with ``?`` for values.
            values: The values.

        Returns:
            Its rows.

        Raises:
            FilesChangedError: A file went away.
            StoreError: ``query_failed``.
        """
        try:
            return self._connection.execute(sql, list(values)).fetchall()
        except duckdb.IOException as error:
            raise FilesChangedError("files_missing", str(error)) from error
        except duckdb.Error as error:
            raise StoreError("query_failed", str(error)) from error

    def write(self, sql: str) -> None:
        """Run a statement that writes files.

        Args:
            sql: The statement.

        Raises:
            OSError: A file cannot be written, or one that it reads cannot be read.
            StoreError: ``query_failed``.
        """
        try:
            self.run(sql)
        except FilesChangedError as error:
            raise OSError(error.message) from error

    def stream(self, sql: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Run a query whose rows need not fit into memory.

        Args:
            sql: The query, with ``?`` for values.
            values: The values.

        Yields:
            Its rows. Nothing else may run before the last one.

        Raises:
            FilesChangedError: A file went away.
        """
        try:
            cursor = self._connection.execute(sql, list(values))
            while rows := cursor.fetchmany(10_000):
                yield from rows
        except duckdb.IOException as error:
            raise FilesChangedError("files_missing", str(error)) from error
        except duckdb.Error as error:
            raise StoreError("query_failed", str(error)) from error

    def read(self, sql: str, use: Callable[[Any], _T]) -> _T:
        """Run a query whose rows are read as Arrow data.

        Args:
            sql: The query.
            use: Given a ``pyarrow.RecordBatchReader`` of its rows. It runs nothing else before it has read them.

        Returns:
            What it returns.

        Raises:
            FilesChangedError: A file went away.
            StoreError: ``query_failed``.
        """
        try:
            rows: Any = self._connection.sql(sql)
            # It had another name until DuckDB 1.4.
            reader = rows.to_arrow_reader if hasattr(rows, "to_arrow_reader") else rows.fetch_arrow_reader
            return use(reader(_ROWS))
        except (duckdb.IOException, OSError) as error:
            raise FilesChangedError("files_missing", str(error)) from error
        except (duckdb.Error, ValueError) as error:
            raise StoreError("query_failed", str(error)) from error

    def columns(self, relation: str) -> dict[str, str]:
        """Describe a table, a view or a query.

        Args:
            relation: What can stand after FROM.

        Returns:
            SQL types by column name.
        """
        return {str(row[0]): str(row[1]) for row in self.run(f"DESCRIBE SELECT * FROM {relation}")}

    def register(self, name: str, table: Any) -> None:
        """Make Arrow data or a DataFrame a view.

        Args:
            name: The view's name.
            table: The data.

        Raises:
            StoreError: ``not_a_table``.
        """
        try:
            self._connection.register(name, table)
        except (duckdb.Error, TypeError) as error:
            raise StoreError(
                "not_a_table", f"{type(table).__name__} is no table that can be read: {error}"
            ) from error

    def close(self) -> None:
        """Give everything back."""
        self._connection.close()


def quoted(value: str | Path) -> str:
    """Write a text as an SQL literal.

    Args:
        value: The text.

    Returns:
        It, in quotes.
    """
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Write a name as an SQL identifier.

    Args:
        name: The name.

    Returns:
        It, in double quotes.
    """
    return '"' + name.replace('"', '""') + '"'


def parquet(files: Iterable[Path]) -> str:
    """Write a scan of Parquet files.

    Args:
        files: The files; at least one. Columns that one lacks are NULL in its rows.

    Returns:
        What can stand after FROM.
    """
    listed = ", ".join(quoted(file) for file in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
