"""Groups: calls by an attribute."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Protocol, TypeVar

import numpy as np

from flows_analytics.errors import StoreError
from flows_analytics.store.ahead import read_ahead
from flows_analytics.store.arrow import ListedColumns, columns_of
from flows_analytics.store.duck import identifier, quoted
from flows_analytics.store.grouped_visit import GroupedVisit
from flows_analytics.store.node_names import NodeNames
from flows_analytics.store.path_batch import PathBatch
from flows_analytics.store.queries import funnel
from flows_analytics.store.rows import variant_key
from flows_analytics.store.snapshot import Snapshot
from flows_analytics.store.tables import METADATA_PREFIX, TABLES, CallRow

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


def column_of(snapshot: Snapshot, by: str) -> str:
    """Find the column of an attribute.

    Args:
        snapshot: A snapshot.
        by: A column of ``calls``, or a key of the metadata.

    Returns:
        The column's name.

    Raises:
        StoreError: ``column_missing``, naming the attributes there are.
    """
    names = snapshot.database.columns("all_calls")
    for name in (by, f"{METADATA_PREFIX}{by.casefold()}"):
        if name in names:
            return name
    keys = [name.removeprefix(METADATA_PREFIX) for name in names if name.startswith(METADATA_PREFIX)]
    known = ", ".join(
        [*(name for name in CallRow._fields if name.startswith(("agent", "call_type"))), *sorted(keys)]
    )
    raise StoreError("column_missing", f"calls have no attribute {by!r}; they have {known}")


def gather(snapshot: Snapshot, by: str | None, through: Collection[str] | None) -> None:
    """Make the view ``candidates``: the calls that are followed, and their groups.

    Args:
        snapshot: A snapshot with a selection.
        by: The attribute; None for one group.
        through: Nodes of which each call visited at least one; None for all calls, those without a node too.
    """
    value = f"CAST({identifier(column_of(snapshot, by))} AS VARCHAR)" if by else "CAST(NULL AS VARCHAR)"
    where = ""
    if through is not None:
        codes = [snapshot.nodes.code(variant_key([node])) for node in sorted(through)]
        visited = " OR ".join(f"path LIKE {quoted(f'%{code}%')}" for code in codes) or "FALSE"
        where = f" WHERE call_id IN (SELECT call_id FROM paths WHERE {visited})"
    snapshot.database.run(
        f"CREATE OR REPLACE VIEW candidates AS SELECT call_id, {value} AS value FROM calls{where}"
    )


def visits_of(snapshot: Snapshot) -> Iterator[GroupedVisit]:
    """Read the visits of the calls that were gathered.

    Args:
        snapshot: A snapshot after `gather`.

    Yields:
        The visits in order of call, flow (``main`` first) and ``seq``.
    """
    return map(GroupedVisit._make, snapshot.database.stream(funnel.VISITS))


def group(snapshot: Snapshot, by: str | None, values: Collection[str | None] | None = None) -> None:
    """Make the views ``grouped_<table>``: the rows of all calls that are selected, with the groups of their calls.

    Args:
        snapshot: A snapshot with a selection.
        by: The attribute; None for one group, whose value is NULL.
        values: The only groups whose calls are meant; None for all.

    Raises:
        StoreError: ``column_missing``.
    """
    column = column_of(snapshot, by) if by else None
    here = {"calls"} if column else set(TABLES)
    # What paths say of their call saves a join, where seeing one flow alone does not change it.
    if column and column.startswith(("agent_", METADATA_PREFIX)) and column in snapshot.database.columns("paths"):
        here.add("paths")
    for name in TABLES:
        value = f"{'here' if name in here else 'calls'}.{identifier(column)}" if column else "NULL"
        calls = "" if name in here else "calls"
        snapshot.database.run(f"CREATE OR REPLACE VIEW grouped_{name} AS {with_value(name, calls, value, values)}")


def with_value(rows: str, calls: str, value: str, values: Collection[str | None] | None = None) -> str:
    """Write the query for rows with the groups of their calls.

    Args:
        rows: The rows, known as ``here``.
        calls: Their calls, known as ``calls``; empty if they are not needed.
        value: The group: a column of either, or NULL.
        values: The only groups that are meant; None for all.

    Returns:
        The query; the group is ``value``.
    """
    joined = f" JOIN {calls} AS calls ON here.call_id = calls.call_id" if calls else ""
    return (
        f"SELECT here.*, CAST({value} AS VARCHAR) AS value FROM {rows} AS here{joined}{_is_any_of(value, values)}"
    )


def _is_any_of(column: str, values: Collection[str | None] | None) -> str:
    if values is None:
        return ""
    texts = ", ".join(quoted(value) for value in values if value is not None)
    conditions = [f"CAST({column} AS VARCHAR) IN ({texts})"] if texts else []
    conditions += [f"{column} IS NULL"] if None in values else []
    return f" WHERE ({' OR '.join(conditions) or 'FALSE'})"


class Follower(Protocol[_T_co]):
    """What follows calls, many at once."""

    def take(self, batch: PathBatch) -> object:
        """Follow the calls of a batch; all paths of a call are in one."""
        ...

    def result(self) -> _T_co:
        """Say what came of all calls."""
        ...


def follow_paths(snapshot: Snapshot, follower: Follower[_T], by: str | None) -> _T:
    """Let something follow the calls that are selected.

    Args:
        snapshot: A snapshot with a selection.
        follower: What follows them.
        by: The attribute that groups them; None for one group.

    Returns:
        What it made of them.
    """
    group(snapshot, by)
    path_batches(snapshot, follower.take)
    return follower.result()


def path_batches(snapshot: Snapshot, use: Callable[[PathBatch], object]) -> None:
    """Read the paths that were grouped.

    Args:
        snapshot: A snapshot after `group`.
        use: Given one batch after the other.
    """
    names = NodeNames(snapshot.nodes.names)

    def each(reader: Any) -> None:
        for columns in read_ahead(columns_of(reader, ("path", "end_kind", "value"), "entered_us")):
            use(_batch(columns, names))

    snapshot.database.read(funnel.PATHS, each)
    several = snapshot.database.read(
        funnel.SEVERAL,
        lambda reader: columns_of([reader.read_all()], ("path", "end_kind", "value", "call_id"), "entered_us"),
    )
    for columns in several:
        if len(columns.offsets) > 1:
            use(_batch(columns, names))


def _batch(columns: ListedColumns, names: NodeNames) -> PathBatch:
    (path, paths), (end, ends), (group, groups) = columns.texts[:3]
    return PathBatch(
        path=path,
        paths=[names.of(code) for code in paths],
        end=end,
        ends=ends,
        # What has no value stands last.
        group=np.where(group < 0, len(groups), group),
        groups=[*groups, None],
        entered_us=columns.numbers,
        offsets=columns.offsets,
        # Codes are given in order of appearance, and the calls stand in order.
        call=columns.texts[3][0] if len(columns.texts) > 3 else None,
    )


def sizes_of(snapshot: Snapshot) -> dict[str | None, int]:
    """Count the calls that were gathered.

    Args:
        snapshot: A snapshot after `gather`.

    Returns:
        Calls by group.
    """
    return {value: int(number) for value, number in snapshot.database.run(funnel.GROUPS)}
