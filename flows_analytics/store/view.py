"""View: the calls that are meant, asked several questions at one moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TypeVar

from flows_analytics.store.buckets import bucket_of
from flows_analytics.store.counts import Buckets, FlowCounts
from flows_analytics.store.duck import quoted
from flows_analytics.store.grouped_counts import count_all, count_by
from flows_analytics.store.grouped_visit import GroupedVisit
from flows_analytics.store.groups import Follower, follow_paths, gather, sizes_of, visits_of
from flows_analytics.store.node_names import NodeNames
from flows_analytics.store.queries import overview, running
from flows_analytics.store.snapshot import Snapshot

_T = TypeVar("_T")

_OF_FLOW = ("turns", "tool_calls", "offers", "failed_transitions")


class View:
    """What `CallStore.read` gives, with the questions of commands: one look at the files answers them all.

    Args:
        snapshot: A snapshot with a selection.
        goals: The goals that calls were selected with; None if those that the calls name.

    Attributes:
        calls_there: Calls in the store, chosen or not.
        flows: Paths of the calls that are meant, by flow, ``main`` first.
        agents: Calls that are meant, by bot, those of most calls first; None is for calls that name none.
    """

    def __init__(self, snapshot: Snapshot, goals: Collection[str] | None = None) -> None:
        self._snapshot = snapshot
        self._goals = goals
        database = snapshot.database
        self.calls_there = int(database.run(overview.CALLS)[0][0])
        flows = {str(flow): int(many) for flow, many in database.run(overview.FLOWS)}
        self.flows = dict(sorted(flows.items(), key=lambda each: (each[0] != "main", each[0])))
        agents: dict[str | None, int] = {agent: int(many) for agent, many in database.run(overview.AGENTS)}
        self.agents = dict(sorted(agents.items(), key=lambda each: (-each[1], each[0] is None, each[0] or "")))

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """All nodes that any call of the store visited, failed to enter or names as a goal, in order of name."""
        database, names = self._snapshot.database, NodeNames(self._snapshot.nodes.names)
        found = {str(node) for node, _ in database.run(overview.NODES)}
        found.update(str(node) for node, _ in database.run(overview.MISSED_NODES))
        found.update(name for code, _ in database.run(overview.GOALS) for name in names.of(code))
        return tuple(sorted(found))

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """When the first and the last of the calls that are meant started, UTC; None without calls."""
        first, last = self._snapshot.database.run(overview.PERIOD)[0]
        if first is None:
            return None
        begin = datetime(1970, 1, 1, tzinfo=UTC)
        return begin + timedelta(microseconds=first), begin + timedelta(microseconds=last)

    def only(self, flow: str) -> None:
        """See the calls as if they had no other flow; calls without it are not seen at all. Only once.

        Args:
            flow: The flow.
        """
        database, is_flow = self._snapshot.database, f"flow_id = {quoted(flow)}"
        self._snapshot.whole = False
        for name in ("calls", "paths", "visits", *_OF_FLOW):
            database.run(f"ALTER VIEW {name} RENAME TO whole_{name}")
        for name in _OF_FLOW:
            database.run(f"CREATE VIEW {name} AS SELECT * FROM whole_{name} WHERE {is_flow}")
        # What is the first of its call may be another visit when other flows are not looked at.
        database.run(
            "CREATE VIEW paths AS SELECT * REPLACE (1 AS flows, TRUE AS first_in_call,"
            f" end_kind = 'running' AS open) FROM whole_paths WHERE {is_flow}"
        )
        database.run(
            "CREATE VIEW first_moves AS SELECT call_id, previous_node, node, MIN(seq) AS seq FROM whole_visits"
            f" WHERE {is_flow} AND previous_node IS NOT NULL GROUP BY call_id, previous_node, node"
        )
        database.run(
            "CREATE VIEW visits AS SELECT visits.* REPLACE (visits.visit_no = 1 AS first_in_call,"
            " first_moves.seq IS NOT NULL AS first_move_in_call)"
            " FROM whole_visits AS visits LEFT JOIN first_moves ON visits.call_id = first_moves.call_id"
            " AND visits.previous_node = first_moves.previous_node AND visits.node = first_moves.node"
            f" AND visits.seq = first_moves.seq WHERE {is_flow}"
        )
        database.run(
            "CREATE VIEW calls AS SELECT calls.* REPLACE (1 AS flows, paths.path_len AS visits,"
            " paths.end_kind = 'running' AS open)"
            " FROM whole_calls AS calls JOIN whole_paths AS paths ON calls.call_id = paths.call_id"
            f" WHERE paths.{is_flow}"
        )

    def count(self) -> FlowCounts:
        """Count what happened in the calls.

        Returns:
            The counts.
        """
        return count_all(self._snapshot, self._goals)

    def sizes(self, by: str) -> dict[str | None, int]:
        """Tell how many calls there are of each value of an attribute.

        Args:
            by: A column of ``calls``, such as ``agent_version``, or a key of the metadata.

        Returns:
            Calls by value; None is for calls without one.

        Raises:
            StoreError: ``column_missing``, naming the attributes there are.
        """
        gather(self._snapshot, by, None)
        return sizes_of(self._snapshot)

    def count_by(self, by: str, values: Collection[str | None] | None = None) -> dict[str | None, FlowCounts]:
        """Count what happened in the calls, by an attribute.

        Args:
            by: As for `sizes`.
            values: The only values that are asked for; None for all.

        Returns:
            The counts of each value that calls have, in order, None last.

        Raises:
            StoreError: ``column_missing``.
        """
        return count_by(self._snapshot, by, self._goals, values)

    def follow(self, by: str | None = None) -> Iterator[GroupedVisit]:
        """Follow calls one by one, visit after visit.

        Args:
            by: As for `sizes`; None without.

        Returns:
            The visits in order of call, flow (``main`` first) and ``seq``.

        Raises:
            StoreError: ``column_missing``.
        """
        gather(self._snapshot, by, None)
        return visits_of(self._snapshot)

    def follow_paths(self, follower: Follower[_T], by: str | None = None) -> _T:
        """Follow all calls, many at once, as a funnel does.

        Args:
            follower: What follows them.
            by: As for `sizes`; None without.

        Returns:
            What it made of them.

        Raises:
            StoreError: ``column_missing``.
        """
        return follow_paths(self._snapshot, follower, by)

    def running(self, node: str) -> Buckets:
        """Tell how long the visits to a node have lasted that are under way.

        Args:
            node: The node.

        Returns:
            Their durations up to the last that is known of each call, by log bucket.
        """
        found = Buckets()
        for entered_us, last_us in self._snapshot.database.run(running.RUNNING, [node]):
            found[bucket_of(last_us - entered_us)] += 1
        return found
