"""Counts of the calls of a snapshot, all together or by an attribute."""

from __future__ import annotations

from collections.abc import Collection

from flows_analytics.store.counting import Groups, Read, count_groups
from flows_analytics.store.counts import FlowCounts
from flows_analytics.store.duck import Row, parquet
from flows_analytics.store.groups import group
from flows_analytics.store.node_names import NodeNames
from flows_analytics.store.snapshot import Snapshot
from flows_analytics.store.tally import Tally


def count_all(snapshot: Snapshot, goals: Collection[str] | None = None) -> FlowCounts:
    """Count what happened in the calls that are selected.

    Args:
        snapshot: A snapshot with a selection.
        goals: The goals that calls were selected with; None if those that the calls name.

    Returns:
        The counts.
    """
    group(snapshot, None)
    database = snapshot.database

    def add(tally: Tally) -> list[Row]:
        files = snapshot.manifest.paths(snapshot.directory, tally.name)
        rows = database.run(tally.add(parquet(files))) if files else []
        if snapshot.staged:
            rows += database.run(tally.count(f"(SELECT *, NULL AS value FROM new_{tally.table})", "value"))
        return rows

    read = add if snapshot.is_tallied else _counted(snapshot)
    groups = count_groups(database, NodeNames(snapshot.nodes.names), read, goals)
    return groups.get(None) or FlowCounts(goals=frozenset(goals or ()))


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
    group(snapshot, by, values)
    return count_groups(snapshot.database, NodeNames(snapshot.nodes.names), _counted(snapshot), goals)


def _counted(snapshot: Snapshot) -> Read:
    return lambda tally: snapshot.database.run(tally.count(f"grouped_{tally.table}", "value"))
