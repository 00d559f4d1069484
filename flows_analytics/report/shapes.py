"""The shapes of a drawing: what the SVG template prints, with every coordinate computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flows_analytics.report.flow_graph import LineKind
from flows_analytics.report.visible import Name


@dataclass(frozen=True)
class Wire:
    """A line with its arrowhead.

    Attributes:
        kind: What it stands for.
        path: The line, as an SVG path.
        arrow: The arrowhead, as the points of an SVG polygon; empty for none.
        tip: The line in words.
    """

    kind: LineKind
    path: str
    arrow: str
    tip: str


@dataclass(frozen=True)
class TagRow:
    """One line of a tag.

    Attributes:
        numbers: Numbers of the visits the wire led to; empty for a move not made.
        text: The function, or what else led there, shortened.
        y: Baseline.
    """

    numbers: str
    text: str
    y: float


@dataclass(frozen=True)
class Tag:
    """The label of a wire.

    Attributes:
        kind: That of the wire.
        x: Left edge.
        y: Upper edge.
        width: Width.
        height: Height.
        middle: Centre, where its text is anchored.
        rows: Its lines of text.
        tip: All of it in words, with whole names.
    """

    kind: LineKind
    x: float
    y: float
    width: float
    height: float
    middle: float
    rows: tuple[TagRow, ...]
    tip: str


@dataclass(frozen=True)
class CardRow:
    """One function listed inside a node.

    Attributes:
        kind: ``offered`` (never called), ``called`` (called, and the flow stayed), ``written`` (a line named
            instead of drawn) or ``more`` (a count of those left out).
        text: What it says, shortened.
        tip: The same with whole names.
        y: Baseline.
    """

    kind: Literal["offered", "called", "written", "more"]
    text: str
    tip: str
    y: float


@dataclass(frozen=True)
class Card:
    """A node.

    Attributes:
        kind: ``visited``, ``attempted`` (a move to it failed or was lost) or ``unvisited``.
        final: Whether the flow ended in it, or still is in it.
        x: Left edge.
        y: Upper edge.
        width: Width.
        height: Height.
        middle: Centre, where its text is anchored.
        title: Its name, shortened.
        title_y: Baseline of the name.
        sub: What happened there in a few words; empty if nothing did.
        sub_y: Baseline of these words.
        rows: Functions listed inside.
        tip: The node in words, with its whole name.
        visits: Numbers of its visits, at most the first 1,000; empty if it was never entered.
    """

    kind: Literal["visited", "attempted", "unvisited"]
    final: bool
    x: float
    y: float
    width: float
    height: float
    middle: float
    title: str
    title_y: float
    sub: str
    sub_y: float
    rows: tuple[CardRow, ...]
    tip: str
    visits: tuple[int, ...]


@dataclass(frozen=True)
class EndMark:
    """Where the flow was left.

    Attributes:
        x: Left edge.
        y: Upper edge.
        width: Width.
        height: Height.
        baseline: Baseline of its text.
        text: How it was left.
        drop: Whether the flow was dropped there: left in a way that no node foresaw.
    """

    x: float
    y: float
    width: float
    height: float
    baseline: float
    text: str
    drop: bool


@dataclass(frozen=True)
class Drawing:
    """One flow, drawn.

    Attributes:
        anchor: Id of the drawing on the page, and the stem of the ids inside it.
        flow: The flow.
        title: The drawing in a few words.
        summary: The drawing in sentences, for those who do not see it.
        width: Width, in CSS pixels.
        height: Height, in CSS pixels.
        start: Centre of the mark where the flow starts, as x and y; None if it is not drawn.
        end: Where the flow was left; None if it was never entered.
        wires: Lines, those underneath first.
        tags: Their labels.
        cards: The nodes.
        kinds: Kinds of line and row that occur, for the legend.
        notes: What the drawing leaves out, as sentences.
    """

    anchor: str
    flow: Name
    title: str
    summary: str
    width: float
    height: float
    start: tuple[float, float] | None
    end: EndMark | None
    wires: tuple[Wire, ...]
    tags: tuple[Tag, ...]
    cards: tuple[Card, ...]
    kinds: frozenset[str]
    notes: tuple[str, ...]
