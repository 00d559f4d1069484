"""Listing calls."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flows_analytics.store.node_names import NodeNames
from flows_analytics.store.queries import calls
from flows_analytics.store.snapshot import Snapshot

_ALL = 2**62


@dataclass(frozen=True)
class CallSummary:
    """One call of the tables.

    Attributes:
        call_id: The call.
        started_at: When it started.
        duration_ms: How long it took; None while it runs.
        exit_kind: How it ended; ``running`` while it runs.
        agent: The bot: its name, else its id; None if unknown.
        version: Its version; None if unknown.
        goal: Whether it reached a goal.
        paths: The nodes that each of its flows visited, by flow.
        file: Its record in the calls directory; None if it was imported.
    """

    call_id: str
    started_at: datetime
    duration_ms: float | None
    exit_kind: str
    agent: str | None
    version: str | None
    goal: bool
    paths: dict[str, tuple[str, ...]]
    file: str | None

    def to_dict(self) -> dict[str, Any]:
        """Give the call as plain values.

        Returns:
            The attributes by name; the time as text.
        """
        return {**asdict(self), "started_at": self.started_at.isoformat()}


def list_found(snapshot: Snapshot, limit: int | None = None, *, newest: bool = False) -> list[CallSummary]:
    """List the calls that are selected.

    Args:
        snapshot: A snapshot with a selection.
        limit: How many at most; None for all.
        newest: Whether the last call comes first, and the first ones are left out.

    Returns:
        The calls in the order in which they started.
    """
    names = NodeNames(snapshot.nodes.names)
    found: dict[str, CallSummary] = {}
    for (
        call_id,
        started_us,
        duration_us,
        exit_kind,
        name,
        id_,
        version,
        source,
        flow,
        path,
        goal,
    ) in snapshot.database.stream(calls.NEWEST if newest else calls.LISTED, [_ALL if limit is None else limit]):
        paths = dict(found[call_id].paths) if call_id in found else {}
        if flow is not None:
            paths[flow] = names.of(path)
        found[call_id] = CallSummary(
            call_id=call_id,
            started_at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=started_us),
            duration_ms=None if duration_us is None else duration_us / 1000,
            exit_kind=exit_kind,
            agent=name or id_,
            version=version,
            goal=bool(goal) or (call_id in found and found[call_id].goal),
            paths=paths,
            file=source,
        )
    return list(found.values())
