"""Assertions on the path of a call, for those who want no snapshot."""

from __future__ import annotations

from collections.abc import Sequence

from flows_analytics.calls.record import CallRecord
from flows_analytics.testing.held_call import HeldCall, said_kind
from flows_analytics.testing.path_drawing import draw_path
from flows_analytics.testing.path_lines import one_line

Call = HeldCall | CallRecord
"""A call that a test held, or one that was recorded."""


def assert_path(call: Call, path: Sequence[str] | str) -> None:
    """Assert that the main flow visited these nodes, in this order, and no others.

    Args:
        call: The call.
        path: The nodes: a list, or a text such as ``"initial > menu > end"``.

    Raises:
        AssertionError: It did not. The message draws the path and points at the first difference.
    """
    __tracebackhide__ = True
    expected = read_written_path(path)
    actual = list(_record(call).path)
    if actual == expected:
        return
    here = next(
        (position for position, pair in enumerate(zip(actual, expected, strict=False)) if pair[0] != pair[1]),
        min(len(actual), len(expected)),
    )
    if here >= len(actual):
        what = f"the call ended before {expected[here]!r}" if actual else "no node was entered"
    elif here >= len(expected):
        what = f"the path goes on to {actual[here]!r}"
    else:
        what = f"visit {here + 1} is {actual[here]!r}, not {expected[here]!r}"
    _fail(call, f"the path is another one: {what}\nexpected: {_joined(expected)}", marked={here})


def assert_reaches(call: Call, node: str) -> None:
    """Assert that the call visited a node, in any of its flows.

    Args:
        call: The call.
        node: The node.

    Raises:
        AssertionError: It did not.
    """
    __tracebackhide__ = True
    if not any(visit.node == node for visit in _record(call).visits):
        _fail(call, f"the call never reached {node!r}")


def assert_never(call: Call, node: str) -> None:
    """Assert that the call visited a node in none of its flows.

    Args:
        call: The call.
        node: The node.

    Raises:
        AssertionError: It did.
    """
    __tracebackhide__ = True
    visits = {position for position, visit in enumerate(_main(call)) if visit == node}
    if any(visit.node == node for visit in _record(call).visits):
        _fail(call, f"the call reached {node!r}", marked=visits)


def assert_transition(call: Call, from_: str, to: str, via: str | None = None) -> None:
    """Assert that the call moved from one node to another, at least once.

    Args:
        call: The call.
        from_: The node it left.
        to: The node it entered.
        via: The function that led there. None takes any cause, code included.

    Raises:
        AssertionError: It did not.
    """
    __tracebackhide__ = True
    moves = [move for move in _record(call).transitions if (move.from_node, move.to_node) == (from_, to)]
    entered = [move for move in moves if move.succeeded]
    if any(via is None or move.function == via for move in entered):
        return
    wanted = f"{from_!r} to {to!r}" + (f" via {via!r}" if via else "")
    why = ""
    if entered:
        others = ", ".join(sorted({repr(move.function) if move.function else "code" for move in entered}))
        why = f"; it did via {others}"
    elif moves:
        why = f"; it was tried: {moves[0].error or 'not entered'}"
    marked = {position for position, node in enumerate(_main(call)) if node == from_}
    _fail(call, f"the call never moved from {wanted}{why}", marked=marked)


def read_written_path(path: Sequence[str] | str) -> list[str]:
    """Read a path that somebody wrote.

    Args:
        path: A list of nodes, or a text with ``>`` between them.

    Raises:
        ValueError: A node between two ``>`` is missing.
    """
    if not isinstance(path, str):
        return list(path)
    nodes = [node.strip() for node in path.split(">")] if path.strip() else []
    if not all(nodes):
        raise ValueError(f"a node is missing in {path!r}: write it like 'initial > menu > end'")
    return nodes


def _record(call: Call) -> CallRecord:
    record = call.record if isinstance(call, HeldCall) else call
    if not isinstance(record, CallRecord):  # pyright: ignore[reportUnnecessaryIsInstance]  # most tests are not type-checked
        raise TypeError(f"this takes a call that was held or recorded, not {said_kind(call)}")
    return record


def _main(call: Call) -> tuple[str, ...]:
    return _record(call).path


def _joined(path: Sequence[str]) -> str:
    return " > ".join(map(one_line, path)) or "nothing"


def _fail(call: Call, message: str, *, marked: set[int] | None = None) -> None:
    __tracebackhide__ = True
    raise AssertionError("\n".join([message, "", *draw_path(_record(call), marked or set())]))
