"""Sources: tables of others, from files and from memory, with the columns that are wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from flows_analytics.errors import StoreError
from flows_analytics.store.arrow import open_arrow, whole
from flows_analytics.store.duck import Database, identifier, quoted

Kind = Literal["text", "integer", "time"]

_ARROW = frozenset({".arrow", ".feather", ".ipc"})
_CSV = frozenset({".csv", ".tsv", ".txt"})


@dataclass(frozen=True)
class Column:
    """A column that is read.

    Attributes:
        kind: What its values are; a ``time`` is whole microseconds since 1970, or an SQL timestamp, UTC.
        required: Whether it has to be there.
        filled: Whether each row must have a value, if the column is required.
    """

    kind: Kind
    required: bool = False
    filled: bool = True


@dataclass(frozen=True)
class Source:
    """A table of somebody else, as a view.

    Attributes:
        name: What to call it in messages: the file, or the argument.
        relation: What can stand after FROM: the wanted columns, with NULL for those that are missing, and for each
            ``bad_<column>``, whether its value is of the wrong kind.
        bad: The columns that hold a value of the wrong kind somewhere.
        further: The names of the other columns, as they stand there.
        there: Which of the wanted columns are there.
    """

    name: str
    relation: str
    bad: tuple[str, ...]
    further: tuple[str, ...]
    there: frozenset[str]


def open_source(database: Database, table: Any, view: str, columns: Mapping[str, Column]) -> Source:
    """Open a table.

    Args:
        database: Where to make views.
        table: A Parquet, CSV or Arrow file, an Arrow table or a DataFrame.
        view: The name of the view to make, which is what messages call a table that is no file.
        columns: The wanted columns.

    Returns:
        The source.

    Raises:
        StoreError: ``table_not_readable``, ``not_a_table``, ``column_missing``.
    """
    name = str(table) if isinstance(table, str | Path) else view
    raw = f"raw_{view}"
    if isinstance(table, str | Path):
        _open_file(database, Path(table), raw)
    else:
        database.register(raw, whole(table))
    types = {column.lower(): (column, type_) for column, type_ in database.columns(raw).items()}
    missing = [column for column, wanted in columns.items() if wanted.required and column not in types]
    if missing:
        have = ", ".join(original for original, _ in types.values())
        raise StoreError("column_missing", f"{name}: no column {', '.join(missing)}; there are {have}")
    parts: list[str] = []
    for column, wanted in columns.items():
        if column not in types:
            parts.append(f"CAST(NULL AS {_SQL[wanted.kind]}) AS {column}, FALSE AS bad_{column}")
            continue
        original, type_ = types[column]
        value, present = _cast(identifier(original), type_, wanted.kind)
        bad = f"({value} IS NULL AND {present})" + (
            f" OR NOT ({present})" if wanted.required and wanted.filled else ""
        )
        parts.append(f"{value} AS {column}, ({bad}) AS bad_{column}")
    further = tuple(original for lower, (original, _) in types.items() if lower not in columns)
    parts += [identifier(column) for column in further]
    database.run(f"CREATE VIEW {view} AS SELECT {', '.join(parts)} FROM {raw}")
    checks = ", ".join(f"COALESCE(SUM(CASE WHEN bad_{column} THEN 1 ELSE 0 END), 0)" for column in columns)
    counts = database.run(f"SELECT {checks} FROM {view}")[0]
    bad_columns = tuple(column for column, number in zip(columns, counts, strict=True) if number)
    return Source(name, view, bad_columns, further, frozenset(columns) & frozenset(types))


_SQL: dict[Kind, str] = {"text": "VARCHAR", "integer": "BIGINT", "time": "BIGINT"}


_CALENDAR_US = (-62_135_596_800_000_000, 253_402_300_799_999_999)
"""The first and the last microsecond of the years 1 to 9999."""


def _cast(column: str, type_: str, kind: Kind) -> tuple[str, str]:
    """Read a column as a kind: the value, and whether there is one."""
    value, present = _cast_any(column, type_, kind)
    if kind == "time":
        first, last = _CALENDAR_US
        value = f"CASE WHEN {value} BETWEEN {first} AND {last} THEN {value} END"
    return value, present


def _cast_any(column: str, type_: str, kind: Kind) -> tuple[str, str]:
    present = f"{column} IS NOT NULL"
    if type_ in ("FLOAT", "DOUBLE"):
        # What pandas makes of whole numbers where one is missing.
        present += f" AND NOT isnan({column})"
        if kind == "text":
            whole = f"{column} = floor({column}) AND abs({column}) < 1e15"
            digits = f"CAST(CASE WHEN {whole} THEN CAST({column} AS BIGINT) END AS VARCHAR)"
            return f"CASE WHEN {present} THEN COALESCE({digits}, CAST({column} AS VARCHAR)) END", present
        exact = f"{present} AND isfinite({column}) AND {column} = floor({column})"
        return f"CASE WHEN {exact} THEN TRY_CAST({column} AS BIGINT) END", present
    if kind == "text":
        return f"CAST({column} AS VARCHAR)", present
    if type_.startswith("DECIMAL"):
        return f"CASE WHEN {column} = floor({column}) THEN TRY_CAST({column} AS BIGINT) END", present
    if type_.startswith("TIMESTAMP"):
        if type_ == "TIMESTAMPTZ_NS":
            column = f"CAST({column} AS TIMESTAMPTZ)"
        value = f"epoch_us({column})" if kind == "time" else "CAST(NULL AS BIGINT)"
        return value, present
    if type_ == "BOOLEAN":
        return "CAST(NULL AS BIGINT)", present
    if type_ == "VARCHAR":
        # A cast alone would round 1.5, and take "1e3". Whole numbers of a column with gaps are often written 1.0.
        written = f"regexp_full_match(trim({column}), '[+-]?[0-9]+([.]0*)?')"
        number = f"CASE WHEN {written} THEN TRY_CAST(split_part(trim({column}), '.', 1) AS BIGINT)"
        # A time without a zone is UTC, which is the zone of the connection.
        time = f" ELSE epoch_us(TRY_CAST(trim({column}) AS TIMESTAMPTZ))" if kind == "time" else ""
        return f"{number}{time} END", present
    return f"TRY_CAST({column} AS BIGINT)", present


def _open_file(database: Database, path: Path, raw: str) -> None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((suffix for suffix in reversed(suffixes) if suffix not in (".gz", ".zst")), "")
    if not path.exists():
        raise StoreError("table_not_readable", f"{path}: there is no such file")
    try:
        if path.is_dir():
            files: Sequence[Path] = sorted(path.rglob("*.parquet"))
            if not files:
                raise StoreError("table_not_readable", f"{path}: no Parquet files there")
            listed = ", ".join(quoted(file) for file in files)
            database.run(f"CREATE VIEW {raw} AS SELECT * FROM read_parquet([{listed}], union_by_name = true)")
        elif kind == ".parquet":
            database.run(f"CREATE VIEW {raw} AS SELECT * FROM read_parquet({quoted(path)})")
        elif kind in _CSV:
            # Read once: parsing it again for each look at it would take longer than all the rest.
            # Fixed, so that nothing is guessed from the first rows that later ones do not bear out.
            options = "all_varchar = true, header = true, quote = '\"', escape = '\"'"
            database.run(f"CREATE TABLE {raw} AS SELECT * FROM read_csv({quoted(path)}, {options})")
        elif kind in _ARROW:
            database.register(raw, open_arrow(path))
        else:
            raise StoreError("table_not_readable", f"{path}: name a .parquet, .csv, .tsv, .arrow or .feather file")
    except (OSError, ValueError) as error:
        raise StoreError("table_not_readable", f"{path}: {error}") from error
    except StoreError as error:
        if error.code in ("query_failed", "files_missing"):
            raise StoreError("table_not_readable", f"{path}: {error.message}") from error
        raise
