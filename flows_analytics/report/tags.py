"""The labels of lines: which visits a line led to, and through which function."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.report.cards import visit_numbers
from flows_analytics.report.flow_graph import Line, LineKind
from flows_analytics.report.measure import text_width
from flows_analytics.report.shapes import Tag, TagRow
from flows_analytics.report.visible import one_line, shorten

_SMALL = 11.0
_ROW_HEIGHT = 16.0
_LABEL_LENGTH, _TIP_LENGTH = 30, 1_000
_MOST_ROWS = 4
_IN_WORDS = {"taken": "taken", "failed": "failed", "lost": "lost", "declared": "declared, not taken"}


@dataclass(frozen=True)
class TagPlan:
    """A label before it has a place.

    Attributes:
        kind: That of its line.
        width: Width.
        height: Height.
        rows: Visit numbers and text of each row.
        tip: The line in words, with whole names.
    """

    kind: LineKind
    width: float
    height: float
    rows: tuple[tuple[str, str], ...]
    tip: str


def plan_tag(line: Line) -> TagPlan:
    """Decide what the label of a line says, and how big it is.

    Args:
        line: The line.

    Returns:
        The plan.
    """
    mark = "✕ " if line.kind in ("failed", "lost") else ""
    rows = [
        (visit_numbers(step.visits), mark + shorten(one_line(step.label[:_TIP_LENGTH]), _LABEL_LENGTH))
        for step in line.steps
    ]
    if len(rows) > _MOST_ROWS:
        rows = [*rows[: _MOST_ROWS - 1], ("", f"{len(rows) - _MOST_ROWS + 1} more")]
    functions = ", ".join(one_line(step.label[:_TIP_LENGTH]) for step in line.steps)
    ends = f"{one_line(line.tail[:_TIP_LENGTH])} → {one_line(line.head[:_TIP_LENGTH])}"
    return TagPlan(
        kind=line.kind,
        width=max(text_width(f"{numbers} {text}", _SMALL) for numbers, text in rows) + 20,
        height=len(rows) * _ROW_HEIGHT + 4,
        rows=tuple(rows),
        tip=f"{ends} ({_IN_WORDS[line.kind]}): {functions}",
    )


def place_tag(plan: TagPlan, x: float, y: float) -> Tag:
    """Put a label in its place.

    Args:
        plan: The label.
        x: Its centre.
        y: Its centre.

    Returns:
        The label with all its coordinates.
    """
    top = y - plan.height / 2
    return Tag(
        kind=plan.kind,
        x=round(x - plan.width / 2, 1),
        y=round(top, 1),
        width=round(plan.width, 1),
        height=round(plan.height, 1),
        middle=round(x, 1),
        rows=tuple(
            TagRow(numbers, text, round(top + 13.5 + index * _ROW_HEIGHT, 1))
            for index, (numbers, text) in enumerate(plan.rows)
        ),
        tip=plan.tip,
    )
