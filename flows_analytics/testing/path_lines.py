"""The path of a call as lines of text: what a snapshot keeps of it."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flows_analytics.calls.events import ErrorSeen
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.tools import Outcome, ToolCall
from flows_analytics.calls.transitions import Transition
from flows_analytics.calls.visits import MAIN_FLOW, Visit

Timing = Literal["buckets"]

# How each outcome of a function that did not move the flow is written.
_OUTCOMES: dict[Outcome, str] = {
    "stayed": "stayed",
    "lost": "lost the move",
    "failed": "failed",
    "cancelled": "cancelled",
    "timed_out": "timed out",
    "unfinished": "unfinished",
    "never_ran": "never ran",
    "open": "unfinished",
}
_ENDINGS = {
    "end": "the bot ended the call",
    "hangup": "the caller hung up",
    "transfer": "the caller was passed on",
    "error": "an error ended the call",
    "timeout": "nothing happened for too long",
    "cancelled": "the call was cancelled",
    "lost": "the recording was lost",
    "running": "the call still runs",
}
_END_OF_SCRIPT = "end of script"
# Wide enough that a word more or less does not matter, and named by their upper ends, in seconds.
_BUCKETS = (1, 3, 10, 30, 60, 180, 600)


@dataclass(frozen=True)
class PathOptions:
    """What of a call is written.

    Attributes:
        turns: Whether what both sides said is.
        arguments: Whether the arguments of functions are.
        timing: ``buckets`` writes how long each visit lasted, roughly; None writes no times.
    """

    turns: bool = False
    arguments: bool = True
    timing: Timing | None = None

    def __post_init__(self) -> None:
        if self.timing not in (None, "buckets"):
            raise ValueError(f"timing is None or 'buckets', not {self.timing!r}")


@dataclass(frozen=True)
class PathNode:
    """A visit, as far as a snapshot keeps it.

    Attributes:
        flow: The flow.
        node: The node.
        cause: How it was entered: ``initial``, ``function``, ``code`` or ``inferred``.
        function: The function that led there, or in whose handler code set the node; None without one.
        arguments: What that function was called with; None without one, or if not asked for.
        lasted: How long the visit was, roughly; None if not asked for.
        below: What happened in it beside the move out of it, a line each.
    """

    flow: str
    node: str
    cause: str
    function: str | None
    arguments: Any
    lasted: str | None
    below: tuple[str, ...]

    def __str__(self) -> str:
        line = one_line(self.node)
        if self.flow != MAIN_FLOW:
            line = f"[{self.flow}] {line}"
        if self.cause == "function" and self.function:
            line += f"  <- {function_text(self.function, self.arguments)}"
        elif self.cause == "code":
            line += f"  <- set in {one_line(self.function)}" if self.function else "  <- set by code"
        return f"{line}  [{self.lasted}]" if self.lasted else line


@dataclass(frozen=True)
class Path:
    """The path of a call, as far as a snapshot keeps it.

    Attributes:
        before: What happened before the first node, a line each.
        nodes: The visits, in order.
        end: How the call ended.
    """

    before: tuple[str, ...]
    nodes: tuple[PathNode, ...]
    end: str


def read_path(record: CallRecord, options: PathOptions | None = None) -> Path:
    """Read from a call what a snapshot keeps of it.

    Args:
        record: The call.
        options: What to keep; None for the defaults.

    Returns:
        The path. It holds no times, no ids and nothing that anybody said, unless asked for.
    """
    options = options or PathOptions()
    moves = {(one.flow, one.entered_ms): one for one in record.transitions if one.succeeded}
    below = _below(record, options)
    return Path(
        before=tuple(below.get(None, ())),
        nodes=tuple(
            _node(visit, moves.get((visit.flow, visit.entered_ms)), tuple(below.get(position, ())), options)
            for position, visit in enumerate(record.visits)
        ),
        end=ending_text(record),
    )


def path_lines(record: CallRecord, options: PathOptions | None = None) -> list[str]:
    """Write the path of a call: a line for each node, with what led there, and below it what did not lead on.

    Args:
        record: The call.
        options: What of it to write; None for the defaults.

    Returns:
        The lines.
    """
    path = read_path(record, options)
    lines = [f"  {line}" for line in path.before]
    for node in path.nodes:
        lines += [str(node), *(f"  {line}" for line in node.below)]
    return [*lines, *(() if path.nodes else ("no node was entered",)), f"end: {path.end}"]


def ending_text(record: CallRecord) -> str:
    """Say how a call ended, in words."""
    if record.end_reason == _END_OF_SCRIPT:
        return "the script was over"
    return _ENDINGS[record.exit_kind]


def function_text(name: str, arguments: Any, *, shown: bool = True) -> str:
    """Write a function call on one line.

    Args:
        name: The function.
        arguments: Its arguments; None if they are not known.
        shown: Whether to write them.
    """
    if not shown or arguments is None:
        return one_line(name)
    if not isinstance(arguments, Mapping):
        return f"{one_line(name)}({value_text(arguments)})"
    given = ", ".join(f"{one_line(key)}={value_text(value)}" for key, value in arguments.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # any mapping
    return f"{one_line(name)}({given})"


def value_text(value: Any) -> str:
    """Write a value of JSON on one line, the same whatever order its keys were written in."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def one_line(text: str) -> str:
    """Write a text on one line; what would move a terminal is escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text))


def _node(visit: Visit, move: Transition | None, below: tuple[str, ...], options: PathOptions) -> PathNode:
    timed = options.timing and visit.dwell_ms is not None
    return PathNode(
        flow=visit.flow,
        node=visit.node,
        cause=visit.cause,
        function=(move.function or move.during) if move else None,
        arguments=move.arguments if move and options.arguments else None,
        lasted=_bucket((visit.dwell_ms or 0.0) / 1000) if timed else None,
        below=below,
    )


def _bucket(secs: float) -> str:
    number = bisect_right(_BUCKETS, secs)
    if number == 0:
        return f"under {_BUCKETS[0]} s"
    if number == len(_BUCKETS):
        return f"over {_BUCKETS[-1]} s"
    return f"{_BUCKETS[number - 1]} to {_BUCKETS[number]} s"


def _below(record: CallRecord, options: PathOptions) -> dict[int | None, list[str]]:
    """What happened in each visit beside the move out of it, in order."""
    found: list[tuple[float, int | None, str]] = [
        *_functions(record, options),
        *_failed_moves(record, options),
        *_errors(record),
    ]
    if options.turns:
        for turn in record.turns:
            cut = " …" if turn.interrupted else ""
            found.append((turn.start_ms, turn.visit, f"{turn.speaker}: {one_line(turn.text)}{cut}"))
    below: dict[int | None, list[str]] = {}
    # The sort is stable, and what is told at one moment keeps its order.
    for _, visit, line in sorted(found, key=lambda item: item[0]):
        below.setdefault(visit, []).append(line)
    return below


def _functions(record: CallRecord, options: PathOptions) -> Iterator[tuple[float, int | None, str]]:
    for call in record.tool_calls:
        if call.outcome == "moved":
            continue
        line = (
            f"{_OUTCOMES[call.outcome]}: {function_text(call.function, call.arguments, shown=options.arguments)}"
        )
        if call.error:
            line += f": {_first_line(call.error)}"
        yield _began(call), call.visit, line


def _began(call: ToolCall) -> float:
    times = (call.started_ms, call.requested_ms, call.ended_ms)
    return next((time for time in times if time is not None), 0.0)


def _failed_moves(record: CallRecord, options: PathOptions) -> Iterator[tuple[float, int | None, str]]:
    for move in record.transitions:
        # A lost move is told with the function that asked for it.
        if move.error is None or move.lost:
            continue
        via = (
            f" <- {function_text(move.function, move.arguments, shown=options.arguments)}" if move.function else ""
        )
        what = "after entering" if move.succeeded else "not entered:"
        at_ms = move.entered_ms if move.entered_ms is not None else move.began_ms or 0.0
        yield at_ms, record.visit_at(at_ms), f"{what} {one_line(move.to_node)}{via}: {_first_line(move.error)}"


def _errors(record: CallRecord) -> Iterator[tuple[float, int | None, str]]:
    for event in record.events:
        if isinstance(event, ErrorSeen):
            yield event.at_ms, record.visit_at(event.at_ms), f"error: {_first_line(event.message or 'not told')}"


def _first_line(text: str) -> str:
    lines = str(text).strip().splitlines()
    return one_line(lines[0]) if lines else ""
