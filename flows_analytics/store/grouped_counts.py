"""Counts of the calls of a snapshot, all together or by an attribute."""

from __future__ import annotations

from collections.abc import Collection

from flows_analytics.store.counting import Groups, count_groups
from flows_analytics.store.counts import FlowCounts
from flows_analytics.store.duck import Row, parquet
from flows_analytics.store.groups import group, with_value
from flows_analytics.store.node_names import NodeNames
from flows_analytics.store.snapshot import Snapshot
from flows_analytics.store.tally import TALLIED_BY, Tally


def count_all(snapshot: Snapshot, goals: Collection[str] | None = None) -> FlowCounts:
    """Count what happened in the calls that are selected.

    Args:
        snapshot: A snapshot with a selection.
        goals: The goals that calls were selected with; None if those that the calls name.

    Returns:
        The counts.
    """
    return _count(snapshot, None, goals).get(None) or FlowCounts(goals=frozenset(goals or ()))


def count_by(
    snapshot: Snapshot,
    by: str,
    goals: Collection[str] | None = None,
    values: Collection[str | None] | None = None,
) -> Groups:
    """Count what happened in the calls that are selected, by an attribute.

    Args:
        snapshot: A snapshot with a selection.
        by: A column of ``calls``, such as ``agent_version``, or a key of the metadata.
        goals: As for `count_all`.
        values: The only values that are asked for; None for all.

    Returns:
        The counts of each value that calls have, in order, None last.

    Raises:
        StoreError: ``column_missing``.
    """
    return _count(snapshot, by, goals, values)


def _count(
    snapshot: Snapshot,
    by: str | None,
    goals: Collection[str] | None,
    values: Collection[str | None] | None = None,
) -> Groups:
    group(snapshot, by, values)
    database = snapshot.database

    def count(tally: Tally) -> list[Row]:
        return database.run(tally.count(f"grouped_{tally.table}", "value"))

    def add(tally: Tally) -> list[Row]:
        rows: list[Row] = []
        if files := snapshot.manifest.paths(snapshot.directory, tally.name):
            kept = with_value(parquet(files), "", f"here.{TALLIED_BY}" if by else "NULL", values)
            rows += database.run(tally.add(f"({kept})", "value"))
        if snapshot.staged:
            calls, value = ("new_calls", f"calls.{TALLIED_BY}") if by else ("", "NULL")
            new = with_value(f"new_{tally.table}", calls, value, values)
            rows += database.run(tally.count(f"({new})", "value"))
        return rows

    # Whether there are tallies is asked of the disk.
    read = add if by in (None, TALLIED_BY) and snapshot.is_tallied else count
    return count_groups(database, NodeNames(snapshot.nodes.names), read, goals)
