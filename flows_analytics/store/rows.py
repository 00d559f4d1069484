"""Rows: one call as rows of the tables."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from flows_analytics.calls.events import NodeChangeFailed, NodeEntered
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.transitions import CUT_OFF, Transition
from flows_analytics.calls.visits import Visit
from flows_analytics.store.buckets import bucket_or_none
from flows_analytics.store.tables import (
    METADATA_PREFIX,
    CallRow,
    FailedTransitionRow,
    OfferRow,
    PathRow,
    ToolCallRow,
    TurnRow,
    VisitRow,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAILED = frozenset({"failed", "timed_out"})


@dataclass(frozen=True)
class Source:
    """The file a call was read from.

    Attributes:
        name: Its name in the calls directory.
        size: Its size in bytes.
        mtime_ns: When it was written.
        digest: Tells its content from others.
    """

    name: str
    size: int
    mtime_ns: int
    digest: str


@dataclass
class CallRows:
    """One call as rows. Nodes of paths and goals stand as names until they are numbered.

    Attributes:
        call: The call; its ``goals`` are a JSON list of names.
        metadata: The values of its metadata columns.
        paths: Its paths; each ``path`` is a JSON list of names.
        visits: Its visits.
        turns: Its turns.
        tool_calls: Its tool calls.
        offers: The functions offered in it.
        failed_transitions: The moves that did not happen in it.
        clock_ran_backwards: Whether a visit was left before it was entered, or the call ended before it started.
    """

    call: CallRow
    metadata: dict[str, str]
    paths: list[PathRow] = field(default_factory=list[PathRow])
    visits: list[VisitRow] = field(default_factory=list[VisitRow])
    turns: list[TurnRow] = field(default_factory=list[TurnRow])
    tool_calls: list[ToolCallRow] = field(default_factory=list[ToolCallRow])
    offers: list[OfferRow] = field(default_factory=list[OfferRow])
    failed_transitions: list[FailedTransitionRow] = field(default_factory=list[FailedTransitionRow])
    clock_ran_backwards: bool = False

    def rows(self, table: str) -> Sequence[tuple[object, ...]]:
        """Give the rows of one table.

        Args:
            table: Its name.

        Returns:
            The rows.
        """
        rows: Sequence[tuple[object, ...]] = [self.call] if table == "calls" else getattr(self, table)
        return rows


class _Clock:
    """Places the milliseconds of a call in time."""

    def __init__(self, started_at: datetime) -> None:
        # A record edited by hand may name no zone; everything here is UTC.
        aware = started_at if started_at.tzinfo else started_at.replace(tzinfo=UTC)
        self.started_us = (aware - _EPOCH) // timedelta(microseconds=1)
        self.day = aware.astimezone(UTC).date()

    def at(self, at_ms: float) -> int:
        return self.started_us + round(at_ms * 1000)

    def at_or_none(self, at_ms: float | None) -> int | None:
        return None if at_ms is None else self.at(at_ms)


def rows_of(record: CallRecord, source: Source | None = None) -> CallRows:
    """Write a call as rows.

    Args:
        record: The call.
        source: The file it was read from; None if there is none.

    Returns:
        Its rows.
    """
    clock = _Clock(record.started_at)
    duration_us = _length(record.duration_ms)
    flows = record.flow_ids
    ended_us = clock.at_or_none(record.duration_ms)
    call = CallRow(
        call_id=record.call_id,
        started_date=clock.day,
        started_us=clock.started_us,
        ended_us=ended_us,
        duration_us=duration_us,
        duration_bucket=bucket_or_none(duration_us),
        status=record.status,
        exit_kind=record.exit_kind,
        open=record.exit_kind == "running",
        end_reason=record.end_reason,
        call_type=record.call_type,
        agent_id=record.agent.id,
        agent_name=record.agent.name,
        agent_version=record.agent.version,
        flows=len(flows),
        visits=len(record.visits),
        goals=json.dumps(sorted(set(record.goals))),
        source=source.name if source else None,
        source_size=source.size if source else None,
        source_mtime_ns=source.mtime_ns if source else None,
        digest=source.digest if source else None,
    )
    visits = _visits(record, clock)
    return CallRows(
        call=call,
        metadata=metadata_columns(record.metadata),
        paths=_paths(record, call, clock),
        visits=visits,
        turns=_turns(record, clock),
        tool_calls=_tool_calls(record, clock),
        offers=_offers(record, clock.day),
        failed_transitions=_failed_transitions(record, clock),
        clock_ran_backwards=(ended_us is not None and duration_us is None)
        or any(visit.left_us is not None and visit.dwell_us is None for visit in visits),
    )


def metadata_columns(metadata: Any) -> dict[str, str]:
    """Give the columns that a call's metadata fill.

    Args:
        metadata: What the bot attached.

    Returns:
        Text by column name. Numbers and truth values stand as in JSON; what is no single value has no column. Of
        keys that differ only in case the first has it, because SQL does not tell them apart.
    """
    columns: dict[str, str] = {}
    if isinstance(metadata, dict):
        for key, value in cast("dict[Any, Any]", metadata).items():
            if isinstance(value, str | int | float):
                text = value if isinstance(value, str) else json.dumps(value)
                columns.setdefault(f"{METADATA_PREFIX}{str(key).casefold()}", text)
    return columns


def variant_key(nodes: Iterable[str]) -> str:
    """Write names of nodes as one text, until they are numbered.

    Args:
        nodes: The nodes.

    Returns:
        A JSON list.
    """
    return json.dumps(list(nodes))


def _length(ms: float | None) -> int | None:
    """A duration in microseconds; None if it is unknown, or a clock that ran backwards made it negative."""
    return None if ms is None or ms < 0 else round(ms * 1000)


def _paths(record: CallRecord, call: CallRow, clock: _Clock) -> list[PathRow]:
    by_flow: defaultdict[str, list[Visit]] = defaultdict(list)
    for visit in record.visits:
        by_flow[visit.flow].append(visit)
    goals = set(record.goals)
    seen: set[tuple[str, str]] = set()
    rows: list[PathRow] = []
    for flow, visits in by_flow.items():
        path, end_kind = variant_key(visit.node for visit in visits), visits[-1].exit_kind
        rows.append(
            PathRow(
                call_id=call.call_id,
                started_date=call.started_date,
                flow_id=flow,
                path=path,
                path_len=len(visits),
                entered_us=[clock.at(visit.entered_ms) for visit in visits],
                end_kind=end_kind,
                goal=any(visit.node in goals for visit in visits),
                open=call.open,
                flows=call.flows,
                first_in_call=(path, end_kind) not in seen,
                agent_id=call.agent_id,
                agent_version=call.agent_version,
                started_us=call.started_us,
                duration_us=call.duration_us,
                duration_bucket=call.duration_bucket,
            )
        )
        seen.add((path, end_kind))
    return rows


def _visits(record: CallRecord, clock: _Clock) -> list[VisitRow]:
    turns = Counter((turn.visit, turn.speaker) for turn in record.turns)
    # Speech of two visits that one interruption cut off is two turns.
    cut = {turn.interrupted_ms for turn in record.turns if turn.interrupted_ms is not None}
    interruptions = Counter(record.visit_at(at_ms) for at_ms in cut)
    tools = Counter(call.visit for call in record.tool_calls)
    failed = Counter(call.visit for call in record.tool_calls if call.outcome in _FAILED)
    latencies = {move.change: move.latency_ms for move in record.transitions if move.change is not None}
    # Visits are read from these moments, one from each.
    changes = [event.change for event in record.events if isinstance(event, NodeEntered)]
    before: dict[str, str] = {}
    nodes: set[str] = set()
    moves: set[tuple[str, str]] = set()
    rows: list[VisitRow] = []
    for position, (visit, change) in enumerate(zip(record.visits, changes, strict=True)):
        previous = before.get(visit.flow)
        dwell_us = _length(visit.dwell_ms)
        latency_us = _length(latencies.get(change)) if change is not None and previous is not None else None
        rows.append(
            VisitRow(
                call_id=record.call_id,
                started_date=clock.day,
                flow_id=visit.flow,
                seq=visit.seq,
                node=visit.node,
                visit_no=visit.visit_no,
                via=visit.via,
                cause=visit.cause,
                entered_us=clock.at(visit.entered_ms),
                left_us=clock.at_or_none(visit.left_ms),
                dwell_us=dwell_us,
                dwell_bucket=bucket_or_none(dwell_us),
                exit_kind=visit.exit_kind,
                next_node=visit.next_node,
                previous_node=previous,
                setup_us=_length(visit.setup_ms),
                latency_us=latency_us,
                latency_bucket=bucket_or_none(latency_us),
                first_in_call=visit.node not in nodes,
                first_move_in_call=previous is not None and (previous, visit.node) not in moves,
                caller_turns=turns[position, "caller"],
                bot_turns=turns[position, "bot"],
                interruptions=interruptions[position],
                tool_calls=tools[position],
                tool_errors=failed[position],
            )
        )
        nodes.add(visit.node)
        if previous is not None:
            moves.add((previous, visit.node))
        before[visit.flow] = visit.node
    return rows


def _turns(record: CallRecord, clock: _Clock) -> list[TurnRow]:
    rows: list[TurnRow] = []
    for turn in record.turns:
        visit = record.visits[turn.visit] if turn.visit is not None else None
        latency_us = _length(turn.latency_ms)
        rows.append(
            TurnRow(
                call_id=record.call_id,
                started_date=clock.day,
                seq=turn.seq,
                flow_id=visit.flow if visit else None,
                visit_seq=visit.seq if visit else None,
                node=visit.node if visit else None,
                speaker=turn.speaker,
                text=turn.text,
                started_us=clock.at(turn.start_ms),
                ended_us=clock.at_or_none(turn.end_ms),
                latency_us=latency_us,
                latency_bucket=bucket_or_none(latency_us),
                interrupted=turn.interrupted,
                typed=turn.typed,
                backchannel=turn.backchannel,
            )
        )
    return rows


def _tool_calls(record: CallRecord, clock: _Clock) -> list[ToolCallRow]:
    rows: list[ToolCallRow] = []
    for seq, call in enumerate(record.tool_calls):
        visit = record.visits[call.visit] if call.visit is not None else None
        rows.append(
            ToolCallRow(
                call_id=record.call_id,
                started_date=clock.day,
                seq=seq,
                flow_id=visit.flow if visit else None,
                visit_seq=visit.seq if visit else None,
                node=visit.node if visit else None,
                tool_call_id=call.tool_call_id,
                function=call.function,
                outcome=call.outcome,
                failed=call.outcome in _FAILED,
                moved=call.moved,
                started_us=clock.at_or_none(call.started_ms),
                ended_us=clock.at_or_none(call.ended_ms),
                duration_us=_length(call.duration_ms),
            )
        )
    return rows


def _offers(record: CallRecord, day: date) -> list[OfferRow]:
    rows: list[OfferRow] = []
    for offer in record.offers:
        visit = record.visits[offer.visit]
        rows.append(OfferRow(record.call_id, day, visit.flow, visit.seq, visit.node, offer.function, offer.taken))
    return rows


def _failed_transitions(record: CallRecord, clock: _Clock) -> list[FailedTransitionRow]:
    # Where results are not recorded, a failed transition has no message.
    raised = {event.change for event in record.events if isinstance(event, NodeChangeFailed) and not event.entered}
    rows: list[FailedTransitionRow] = []
    for seq, move in enumerate(record.transitions):
        outcome = _why_not(move, raised)
        if outcome is not None:
            rows.append(
                FailedTransitionRow(
                    call_id=record.call_id,
                    started_date=clock.day,
                    seq=seq,
                    flow_id=move.flow,
                    from_node=move.from_node,
                    to_node=move.to_node,
                    cause=move.cause,
                    function=move.function,
                    outcome=outcome,
                    began_us=clock.at_or_none(move.began_ms),
                )
            )
    return rows


def _why_not(move: Transition, raised: Container[int | None]) -> str | None:
    """Why a transition did not happen; None if it did, or is under way."""
    if move.succeeded:
        return None
    if move.lost:
        return "lost"
    if move.error == CUT_OFF:
        return "cut_off"
    return "failed" if move.change in raised else None
