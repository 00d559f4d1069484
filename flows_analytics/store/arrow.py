"""pyarrow, behind types. Nothing else in this room imports it."""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingImports=false

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as _compute
import pyarrow.parquet as pq

ArrowTable = Any
"""A ``pyarrow.Table``, which has no types of its own."""

ArrowColumn = Any
"""A ``pyarrow.Array`` or ``ChunkedArray``."""

_Ints = npt.NDArray[Any]

pc: Any = _compute
"""Its functions are made when it is imported, where no type checker sees them."""

_TYPES: dict[Any, Any] = {
    int: pa.int64(),
    str: pa.string(),
    bool: pa.bool_(),
    date: pa.date32(),
    list[int]: pa.list_(pa.int64()),
}


def table_of(
    row_type: type[tuple[object, ...]],
    rows: Sequence[tuple[object, ...]],
    further: Sequence[Mapping[str, str]] = (),
    *,
    at_least: Collection[str] = (),
) -> ArrowTable:
    """Turn rows into a table.

    Args:
        row_type: Their type; its fields are the columns.
        rows: The rows.
        further: Further text columns of each row, by name; empty if there are none.
        at_least: Further columns that are there even if no row has them.

    Returns:
        The table, also if there are no rows.
    """
    schema = [(name, _arrow_type(hint)) for name, hint in get_type_hints(row_type).items()]
    columns: list[Sequence[object]] = list(zip(*rows, strict=True)) if rows else [() for _ in schema]
    arrays = [pa.array(column, type_) for (_, type_), column in zip(schema, columns, strict=True)]
    names = [name for name, _ in schema]
    for key in sorted({*at_least, *(key for values in further for key in values)}):
        names.append(key)
        arrays.append(pa.array([values.get(key) for values in further], pa.string()))
    return pa.table(arrays, names=names)


def write_parquet(table: ArrowTable, path: Path) -> None:
    """Write a table to a Parquet file.

    Args:
        table: The table.
        path: The file.

    Raises:
        OSError: It cannot be written.
    """
    # Most times occur once: a dictionary of them is built in vain.
    repeated = [name for name in table.column_names if not name.endswith("_us")]
    write: Any = pq.write_table
    write(table, path, compression="zstd", use_dictionary=repeated)


def numbered(names: Iterable[str]) -> ArrowTable:
    """Make the table ``nodes``: names with their numbers.

    Args:
        names: The names, in order of number.

    Returns:
        Columns ``number`` and ``name``.
    """
    listed = list(names)
    return pa.table(
        [pa.array(range(len(listed)), pa.int64()), pa.array(listed, pa.string())], names=["number", "name"]
    )


def mapping(pairs: Mapping[str, str]) -> ArrowTable:
    """Make a table of pairs of texts.

    Args:
        pairs: The pairs.

    Returns:
        Columns ``key`` and ``value``.
    """
    return pa.table(
        [pa.array(list(pairs), pa.string()), pa.array(list(pairs.values()), pa.string())], names=["key", "value"]
    )


def texts_table(texts: ArrowColumn) -> ArrowTable:
    """Make a table of texts.

    Args:
        texts: The texts.

    Returns:
        Columns ``key``, from 0, and ``value``.
    """
    return pa.table([pa.array(range(len(texts)), pa.int64()), texts], names=["key", "value"])


def _arrow_type(hint: Any) -> Any:
    if isinstance(hint, UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    return _TYPES[hint]


def open_arrow(path: Path) -> ArrowTable:
    """Read an Arrow file or stream.

    Args:
        path: The file.

    Returns:
        The table.

    Raises:
        OSError: It cannot be read.
        ValueError: It is none.
    """
    with pa.memory_map(str(path)) as source:
        try:
            return pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            return pa.ipc.open_stream(source).read_all()


def whole(table: Any) -> Any:
    """Make what can be read only once a table.

    Args:
        table: Any table, or a reader of one.

    Returns:
        The table; anything else as it is.
    """
    return table.read_all() if isinstance(table, pa.RecordBatchReader) else table


def encoded(reader: Any, columns: Sequence[str]) -> ArrowTable:
    """Gather rows with some columns written as codes, so that texts are not held in each row.

    Args:
        reader: A ``pyarrow.RecordBatchReader``.
        columns: The columns of text with few different values.

    Returns:
        The table.
    """
    batches: list[Any] = []
    for batch in reader:
        arrays = [
            pc.dictionary_encode(column) if name in columns else column
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        ]
        batches.append(pa.record_batch(arrays, names=batch.schema.names))
    return pa.Table.from_batches(batches) if batches else reader.schema.empty_table()


def codes_of(column: ArrowColumn) -> tuple[_Ints, ArrowColumn]:
    """Read a column of text as codes.

    Args:
        column: The column, a ``ChunkedArray``; written as codes already, or not.

    Returns:
        The codes, -1 for NULL, and the texts in order of code, each once.
    """
    # All chunks of what dictionary_encode makes have one dictionary: unifying it would read it once a chunk.
    written = pa.types.is_dictionary(column.type)
    column = column.unify_dictionaries() if written else pc.dictionary_encode(column)
    texts = column.chunk(0).dictionary if column.num_chunks else pa.array([], pa.string())
    parts = [np.asarray(pc.fill_null(chunk.indices, -1)) for chunk in column.chunks]
    codes = np.concatenate(parts) if parts else np.zeros(0, np.int32)
    return codes.astype(np.int32, copy=False), texts


@dataclass(frozen=True)
class ListedColumns:
    """Columns of text as codes, and one of lists of numbers.

    Attributes:
        texts: Of each column of text, the codes, -1 for NULL, and the texts in order of code.
        numbers: The numbers of all lists.
        offsets: Where among them each list begins, and where the last one ends.
    """

    texts: list[tuple[_Ints, list[str]]]
    numbers: _Ints
    offsets: _Ints


def columns_of(batches: Iterable[Any], texts: Sequence[str], listed: str) -> Iterator[ListedColumns]:
    """Read record batches, or tables, as arrays.

    Args:
        batches: The batches.
        texts: The columns of text.
        listed: The column of lists of whole numbers, none of which is NULL.

    Yields:
        The columns of each.
    """
    for batch in batches:
        read: list[tuple[_Ints, list[str]]] = []
        for name in texts:
            codes, found = codes_of(
                pa.chunked_array([batch[name]]) if isinstance(batch, pa.RecordBatch) else batch[name]
            )
            read.append((codes, found.to_pylist()))
        column = batch[listed]
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        # A slice of a list column has the numbers of the whole, and flatten() those of the slice.
        lengths = np.asarray(pc.list_value_length(column), np.int64)
        numbers = np.asarray(column.flatten(), np.int64)
        yield ListedColumns(read, numbers, np.append([0], np.cumsum(lengths)))


def distinct(numbers: _Ints) -> tuple[_Ints, _Ints]:
    """Give equal numbers equal codes.

    Args:
        numbers: Whole numbers.

    Returns:
        The codes, and the numbers in order of code, each once.
    """
    coded_numbers = pc.dictionary_encode(pa.array(numbers))
    return np.asarray(coded_numbers.indices), np.asarray(coded_numbers.dictionary)


def numbers_of(column: ArrowColumn) -> tuple[_Ints, npt.NDArray[np.bool_]]:
    """Read a column of whole numbers.

    Args:
        column: The column.

    Returns:
        The numbers, 0 for NULL, and whether each is there.
    """
    return np.array(pc.fill_null(column, 0), np.int64), np.array(pc.is_valid(column), np.bool_)


def places_in(values: ArrowColumn, texts: ArrowColumn) -> _Ints:
    """Look texts up.

    Args:
        values: The texts to look up.
        texts: Where to look.

    Returns:
        The position of each; -1 if it is not there.
    """
    return np.array(pc.fill_null(pc.index_in(values, texts), -1), np.int64)


def joined(columns: Sequence[ArrowColumn]) -> ArrowColumn:
    """Put columns of text behind each other."""
    parts = [part for column in columns for part in getattr(column, "chunks", [column])]
    return pa.concat_arrays([part.cast(pa.string()) for part in parts] or [pa.array([], pa.string())])


def taken(column: ArrowColumn, places: _Ints) -> ArrowColumn:
    """Choose values of a column.

    Args:
        column: The column.
        places: Their positions; -1 for NULL.

    Returns:
        The values.
    """
    return pc.take(column, pa.array(places, mask=places < 0))


def coded(codes: _Ints, texts: ArrowColumn | Sequence[str]) -> ArrowColumn:
    """Make a column of text that holds each text once.

    Args:
        codes: The codes; -1 for NULL.
        texts: The texts in order of code.

    Returns:
        The column.
    """
    dictionary = texts if isinstance(texts, pa.Array) else pa.array(list(texts), pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=codes < 0), dictionary)


def plain(values: _Ints, known: npt.NDArray[np.bool_] | None = None, *, day: bool = False) -> ArrowColumn:
    """Make a column of numbers or truth values.

    Args:
        values: The values; days since 1970 if they are days.
        known: Whether each is there; None if all are.
        day: Whether they are days.

    Returns:
        The column.
    """
    if values.dtype != np.bool_:
        values = values.astype(np.int32 if day else np.int64, copy=False)
    column = pa.array(values, mask=None if known is None else ~known)
    return column.cast(pa.date32()) if day else column


def lists(values: _Ints, offsets: _Ints) -> ArrowColumn:
    """Make a column of lists of numbers.

    Args:
        values: All numbers.
        offsets: Where each list begins, and where the last one ends.

    Returns:
        The column.
    """
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values, pa.int64()))


def table_with(row_type: type[tuple[object, ...]], columns: Mapping[str, ArrowColumn], rows: int) -> ArrowTable:
    """Make a table of columns.

    Args:
        row_type: The type of its rows; the fields that are not given are NULL.
        columns: The columns that are given; further ones come last.
        rows: How many rows there are.

    Returns:
        The table.
    """
    hints = get_type_hints(row_type)
    made = {
        name: columns[name] if name in columns else pa.nulls(rows, _arrow_type(hint))
        for name, hint in hints.items()
    }
    return pa.table(made | {name: column for name, column in columns.items() if name not in hints})
