"""Filter: which calls are meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta

from flows_analytics.calls.record import CallRecord
from flows_analytics.store.rows import metadata_columns
from flows_analytics.store.tables import METADATA_PREFIX

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Filter:
    """Which calls are meant: those for which all that is given holds. None holds for all.

    Attributes:
        since: Started then or later; a day means its beginning, UTC.
        until: Started before then; a day means its end, UTC.
        agent: Id or name of the bot.
        version: Version of the bot.
        node: Visited this node.
        exit: Ended so; with ``node``, a visit to that node was left so.
        goal: Whether it reached a goal; or the name of a node that it visited.
        metadata: Values of metadata by key. Numbers and truth values stand as in JSON.
    """

    since: date | datetime | None = None
    until: date | datetime | None = None
    agent: str | None = None
    version: str | None = None
    node: str | None = None
    exit: str | None = None
    goal: bool | str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_empty(self) -> bool:
        """Whether it holds for all calls."""
        return all(getattr(self, part.name) in (None, {}) for part in fields(self))

    @property
    def since_us(self) -> int | None:
        """`since` in microseconds UTC since 1970."""
        return None if self.since is None else _us(self.since, end=False)

    @property
    def until_us(self) -> int | None:
        """The first microsecond that is too late."""
        return None if self.until is None else _us(self.until, end=True)

    @property
    def metadata_columns(self) -> dict[str, str]:
        """`metadata` by the names of the columns."""
        return {f"{METADATA_PREFIX}{key.casefold()}": value for key, value in self.metadata.items()}

    def matches(self, record: CallRecord) -> bool:
        """Tell whether a call is meant.

        Args:
            record: The call.

        Returns:
            Whether all that is given holds.
        """
        started = record.started_at if record.started_at.tzinfo else record.started_at.replace(tzinfo=UTC)
        started_us = (started - _EPOCH) // timedelta(microseconds=1)
        columns = metadata_columns(record.metadata)
        return (
            (self.since_us is None or started_us >= self.since_us)
            and (self.until_us is None or started_us < self.until_us)
            and (self.agent is None or self.agent in (record.agent.id, record.agent.name))
            and (self.version is None or self.version == record.agent.version)
            and all(columns.get(name) == value for name, value in self.metadata_columns.items())
            and self._matches_path(record)
        )

    def _matches_path(self, record: CallRecord) -> bool:
        if self.node is not None:
            if not any(v.node == self.node and self.exit in (None, v.exit_kind) for v in record.visits):
                return False
        elif self.exit not in (None, record.exit_kind):
            return False
        if self.goal is None:
            return True
        if isinstance(self.goal, str):
            return any(visit.node == self.goal for visit in record.visits)
        return self.goal == any(visit.node in record.goals for visit in record.visits)


def _us(when: date | datetime, *, end: bool) -> int:
    if not isinstance(when, datetime):
        when = datetime.combine(when + timedelta(days=1) if end else when, time(), UTC)
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)
