"""The path of a call as a drawing in Mermaid, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from flows_analytics.calls.mermaid_text import mermaid_text
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.visits import MAIN_FLOW
from flows_analytics.testing.path_lines import Path, PathNode, PathOptions, function_text, read_path


def path_mermaid(record: CallRecord, options: PathOptions | None = None) -> str:
    """Draw the path of a call in Mermaid: a box for each node, a numbered arrow for each move.

    Args:
        record: The call.
        options: What of it to write; None for the defaults.

    Returns:
        The text of a flowchart.
    """
    path = read_path(record, options)
    boxes: dict[tuple[str, str], str] = {}
    for node in path.nodes:
        boxes.setdefault((node.flow, node.node), f"n{len(boxes) + 1}")
    lines = ["flowchart TD"]
    for (flow, node), box in boxes.items():
        name = node if flow == MAIN_FLOW else f"[{flow}] {node}"
        lines.append(f'    {box}["{mermaid_text(name)}"]')
    lines += _arrows(path, boxes)
    return "\n".join([*lines, f'    done(["{mermaid_text(path.end)}"])']) + "\n"


def _arrows(path: Path, boxes: dict[tuple[str, str], str]) -> list[str]:
    lines: list[str] = []
    previous: str | None = None
    for number, node in enumerate(path.nodes):
        box = boxes[node.flow, node.node]
        if previous is not None:
            lines.append(f'    {previous} -->|"{number}: {mermaid_text(_cause(node))}"| {box}')
        for event in node.below:
            lines.append(f'    {box} -.-|"{mermaid_text(event)}"| {box}')
        previous = box
    return [*lines, f"    {previous} --> done"] if previous else lines


def _cause(node: PathNode) -> str:
    if node.function is None:
        return "set by code"
    called = function_text(node.function, node.arguments)
    return called if node.cause == "function" else f"set in {called}"


def path_json(record: CallRecord, options: PathOptions | None = None, **more: Any) -> str:
    """Write the path of a call as JSON.

    Args:
        record: The call.
        options: What of it to write; None for the defaults.
        **more: Further members of the document.

    Returns:
        A document that is the same for the same path.
    """
    path = asdict(read_path(record, options))
    return json.dumps({**path, **more}, indent=2, ensure_ascii=False, sort_keys=True, default=str) + "\n"
