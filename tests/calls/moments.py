"""Writing the moments of a call by hand."""

from __future__ import annotations

from typing import Any

from flows_analytics.calls.answers import Answers
from flows_analytics.calls.bot_turns import read_bot_turns
from flows_analytics.calls.inferences import read_inferences
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
    times = VisitTimes(visits)
    inferences = read_inferences(events, times)
    answers = Answers(events, read_lives(events), inferences)
    return read_turns(events, times, read_bot_turns(events, times, inferences), answers, ended_ms=ended_ms)
