"""The shapes of a flow weighted by traffic: what its SVG template prints, with every coordinate computed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MapCard:
    """A node.

    Attributes:
        key: Which node it is, as all parts of the page know it.
        loss: How much is lost there, as a class from 0 (nothing) to 5.
        goal: Whether it means success.
        x: Left edge.
        y: Upper edge.
        width: Width.
        height: Height.
        middle: Centre, where its text is anchored.
        title: Its name, shortened.
        title_y: Baseline of the name.
        sub: How many calls came here, in words.
        sub_y: Baseline of these words.
        lost: How many were lost here, in words; empty if none were.
        lost_y: Baseline of these words.
        bar: Length of the bar along its lower edge that shows the loss.
        tip: The node in words, with its whole name.
    """

    key: str
    loss: int
    goal: bool
    x: float
    y: float
    width: float
    height: float
    middle: float
    title: str
    title_y: float
    sub: str
    sub_y: float
    lost: str
    lost_y: float
    bar: float
    tip: str


@dataclass(frozen=True)
class MapLine:
    """Transitions from one node to another.

    Attributes:
        source: Key of the node they leave.
        target: Key of the node they enter.
        failed: Whether every one failed.
        path: The line, as an SVG path.
        width: Its width, which grows with the number of transitions.
        arrow: The arrowhead, as the points of an SVG polygon.
        tip: The line in words.
    """

    source: str
    target: str
    failed: bool
    path: str
    width: float
    arrow: str
    tip: str


@dataclass(frozen=True)
class MapTag:
    """The label of a line.

    Attributes:
        source: Key of the node it leaves.
        target: Key of the node it enters.
        x: Left edge.
        y: Upper edge.
        width: Width.
        height: Height.
        middle: Centre, where its text is anchored.
        baseline: Baseline of its text.
        text: How many transitions.
        failed: How many failed, in words; empty if none did.
        tip: The line in words.
    """

    source: str
    target: str
    x: float
    y: float
    width: float
    height: float
    middle: float
    baseline: float
    text: str
    failed: str
    tip: str


@dataclass(frozen=True)
class MapStart:
    """A mark where paths begin.

    Attributes:
        x: Its centre.
        y: Its centre.
        path: The line from there to the node, as an SVG path.
        tip: How many paths begin there, in words.
    """

    x: float
    y: float
    path: str
    tip: str


@dataclass(frozen=True)
class FlowMap:
    """A flow, drawn.

    Attributes:
        summary: The drawing in sentences, for those who do not see it.
        width: Width, in CSS pixels.
        height: Height, in CSS pixels.
        starts: Marks where paths begin.
        lines: Lines, those underneath first.
        tags: Their labels.
        cards: The nodes.
        widest: Width of the widest line and how many transitions it stands for, in words, for the legend.
        notes: What the drawing leaves out, as sentences.
    """

    summary: str
    width: float
    height: float
    starts: tuple[MapStart, ...]
    lines: tuple[MapLine, ...]
    tags: tuple[MapTag, ...]
    cards: tuple[MapCard, ...]
    widest: tuple[float, str]
    notes: tuple[str, ...]
