"""Counts of the calls of a snapshot, all together or by an attribute."""

from __future__ import annotations

from collections.abc import Collection

from flows_analytics.store.counting import Groups, count_groups
from flows_analytics.store.counts import FlowCounts
from flows_analytics.store.groups import group
from flows_analytics.store.node_names import NodeNames
from flows_analytics.store.snapshot import Snapshot


def count_all(snapshot: Snapshot, goals: Collection[str] | None = None) -> FlowCounts:
    """Count what happened in the calls that are selected.

    Args:
        snapshot: A snapshot with a selection.
        goals: The goals that calls were selected with; None if those that the calls name.

    Returns:
        The counts.
    """
    group(snapshot, None)
    groups = count_groups(snapshot.database, NodeNames(snapshot.nodes.names), goals)
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
    return count_groups(snapshot.database, NodeNames(snapshot.nodes.names), goals)
