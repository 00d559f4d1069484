"""The path of a call as a drawing in characters, for the messages of assertions."""

from __future__ import annotations

from collections.abc import Set

from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.visits import MAIN_FLOW
from flows_analytics.testing.path_lines import function_text, one_line, read_path


def draw_path(record: CallRecord, marked: Set[int] = frozenset()) -> list[str]:
    """Draw the path of a call from top to bottom.

    Args:
        record: The call.
        marked: Positions in the main flow's path to point at; one past the last points at the end.

    Returns:
        The lines.
    """
    path = read_path(record)
    lines: list[str] = []
    in_main = 0
    for number, node in enumerate(path.nodes):
        if number:
            cause = function_text(node.function, node.arguments) if node.function else "set by code"
            lines += ["    │", f"    ▼ {cause}"]
        here = node.flow == MAIN_FLOW and in_main in marked
        in_main += node.flow == MAIN_FLOW
        name = node.node if node.flow == MAIN_FLOW else f"[{node.flow}] {node.node}"
        lines.append(f"{'  →' if here else '   '} {one_line(name)}")
        lines += [f"    ├ {event}" for event in node.below]
    lines += ["    │"] if lines else ["    no node was entered"]
    lines.append(f"{'  →' if in_main in marked else '   '} ■ {path.end}")
    return lines
