"""Nodes as cards: what stands on them, how big they are, where they are put."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flows_analytics.report.flow_graph import Line, Node
from flows_analytics.report.measure import text_width
from flows_analytics.report.shapes import Card, CardRow
from flows_analytics.report.times import duration
from flows_analytics.report.visible import one_line, shorten
from flows_analytics.report.words import counted

_TITLE, _SMALL = 13.0, 11.0
_NAME_LENGTH, _ROW_LENGTH, _TIP_LENGTH = 30, 34, 1_000
_MOST_ROWS = 6
_ROW_HEIGHT = 18.0
_HEAD, _BARE_HEAD = 46.0, 34.0
_LEAST_WIDTH = 104.0
_BOLD = 1.1

RowKind = Literal["offered", "called", "written", "more"]


@dataclass(frozen=True)
class Plan:
    """A card before it has a place.

    Attributes:
        node: The node.
        width: Width.
        height: Height.
        title: The name, shortened.
        sub: What happened there in a few words; empty if nothing did.
        rows: Kind, text and tip of each row.
    """

    node: Node
    width: float
    height: float
    title: str
    sub: str
    rows: tuple[tuple[RowKind, str, str], ...]


def plan_card(node: Node, written: Sequence[Line], least_height: float) -> Plan:
    """Decide what stands on a node's card, and how big it is.

    Args:
        node: The node.
        written: Lines that leave it and are named on it instead of drawn.
        least_height: Height it needs for what is attached to its side.

    Returns:
        The plan.
    """
    title = shorten(one_line(node.name) or "(no name)", _NAME_LENGTH)
    sub = _sub(node)
    rows = _rows(node, written)
    widths = [
        text_width(title, _TITLE) * _BOLD + 28,
        text_width(sub, _SMALL) + 28,
        *(text_width(text, _SMALL) + 50 for _, text, _ in rows),
    ]
    height = (_HEAD if sub else _BARE_HEAD) + (len(rows) * _ROW_HEIGHT + 8 if rows else 0)
    return Plan(node, max(_LEAST_WIDTH, *widths), max(height, least_height), title, sub, rows)


def place_card(plan: Plan, x: float, y: float, *, final: bool) -> Card:
    """Put a card in its place.

    Args:
        plan: The card.
        x: Its centre.
        y: Its centre.
        final: Whether the flow ended in it, or still is in it.

    Returns:
        The card with all its coordinates.
    """
    node = plan.node
    top = y - plan.height / 2
    head = _HEAD if plan.sub else _BARE_HEAD
    content = head + (len(plan.rows) * _ROW_HEIGHT + 8 if plan.rows else 0)
    inner = top + (plan.height - content) / 2
    first_row = inner + head + 9
    return Card(
        kind="visited" if node.visits else ("attempted" if node.attempted else "unvisited"),
        final=final,
        x=round(x - plan.width / 2, 1),
        y=round(top, 1),
        width=round(plan.width, 1),
        height=round(plan.height, 1),
        middle=round(x, 1),
        title=plan.title,
        title_y=round(inner + (20 if plan.sub else 21.5), 1),
        sub=plan.sub,
        sub_y=round(inner + 36, 1),
        rows=tuple(
            CardRow(kind, text, tip, round(first_row + index * _ROW_HEIGHT, 1))
            for index, (kind, text, tip) in enumerate(plan.rows)
        ),
        visits=node.visits[:1_000],
        tip=f"{one_line(node.name[:_TIP_LENGTH]) or '(no name)'}: {plan.sub or 'not visited'}",
    )


def visit_numbers(numbers: Sequence[int]) -> str:
    """List visits by number, the first few if they are many.

    Args:
        numbers: Numbers of visits.

    Returns:
        Such as ``2, 5`` or ``2, 5, 8 +12``; empty for none.
    """
    listed = ", ".join(map(str, numbers[:3]))
    return f"{listed} +{len(numbers) - 3}" if len(numbers) > 3 else listed


def _sub(node: Node) -> str:
    words: list[str] = ["goal"] if node.goal else []
    if node.visits:
        words.append(f"{'visit' if len(node.visits) == 1 else 'visits'} {visit_numbers(node.visits)}")
        dwell = duration(node.dwell_ms)
        if dwell:
            words.append(dwell.text)
    elif node.attempted:
        words.append("never entered")
    return " · ".join(words)


def _rows(node: Node, written: Sequence[Line]) -> tuple[tuple[RowKind, str, str], ...]:
    rows: list[tuple[RowKind, str, str]] = []
    for line in written:
        for step in line.steps:
            number = f"{visit_numbers(step.visits)} " if step.visits else ""
            rows.append(_row("written", f"{number}{step.label}", f" → {one_line(line.head[:_TIP_LENGTH])}"))
    rows += [_row("called", name, f" ×{calls}" if calls > 1 else "") for name, calls in node.called]
    rows += [_row("offered", name, "") for name in node.offered]
    if len(rows) > _MOST_ROWS:
        rest = rows[_MOST_ROWS - 1 :]
        tip = ", ".join(tip for _, _, tip in rest)
        rows = [*rows[: _MOST_ROWS - 1], ("more", f"{counted(len(rest), 'more', 'more')}", tip[:_TIP_LENGTH])]
    return tuple(rows)


def _row(kind: RowKind, label: str, after: str) -> tuple[RowKind, str, str]:
    room = _ROW_LENGTH - min(len(after), 18)
    text = shorten(one_line(label[:_TIP_LENGTH]), room) + shorten(after, 18)
    return kind, text, one_line(label[:_TIP_LENGTH]) + after
