"""Writing the moments of a call by hand."""

from __future__ import annotations

from typing import Any

from flows_analytics.calls.answers import Answers
from flows_analytics.calls.lives import read_lives
from flows_analytics.calls.turns import Turn, read_turns
from flows_analytics.calls.visits import VisitTimes, read_visits


def moments(*rows: tuple[Any, float, dict[str, Any]]) -> tuple[Any, ...]:
    """Moments from rows of kind, time and fields; their `seq` is the place in the list."""
    return tuple(kind(seq=seq, at_ms=at_ms, **fields) for seq, (kind, at_ms, fields) in enumerate(rows))


def turns_of(*rows: tuple[Any, float, dict[str, Any]], ended_ms: float | None = None) -> tuple[Turn, ...]:
    """The turns that are read from rows of moments."""
    events = moments(*rows)
    visits = read_visits(events, ended_ms=ended_ms, exit_kind="running" if ended_ms is None else "end")
    return read_turns(events, VisitTimes(visits), Answers(events, read_lives(events)), ended_ms=ended_ms)
