"""The shapes of a Sankey diagram of steps: what its SVG template prints, with every coordinate computed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SankeyBar:
    """A node at a step, or paths that ended before it.

    Attributes:
        key: Which node it is, as all parts of the page know it; empty if it is none.
        kind: ``node``, ``goal``, ``other`` (several nodes), ``over`` (ended in order), ``ended`` (broken off) or
            ``open`` (under way).
        x: Left edge.
        y: Upper edge.
        width: Width.
        height: Height, which grows with the number of paths.
        label: Its name, shortened; empty if there is no room.
        count: How many paths; empty if there is no room.
        label_y: Baseline of the label.
        tip: The bar in words.
    """

    key: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    label: str
    count: str
    label_y: float
    tip: str


@dataclass(frozen=True)
class SankeyBand:
    """Paths that go from one bar to one of the next column.

    Attributes:
        source: Key of the node they leave; empty if it is none.
        target: Key of the node they enter; empty if it is none.
        kind: Kind of the bar they lead to.
        path: The band, as an SVG path.
        tip: The band in words.
    """

    source: str
    target: str
    kind: str
    path: str
    tip: str


@dataclass(frozen=True)
class SankeyColumn:
    """A step.

    Attributes:
        x: Left edge.
        title: Its number, in words.
        going: How many paths got so far, in words.
    """

    x: float
    title: str
    going: str


@dataclass(frozen=True)
class SankeyView:
    """The diagram.

    Attributes:
        reading: How long paths are, in words.
        summary: The diagram in sentences, for those who do not see it.
        width: Width, in CSS pixels.
        height: Height, in CSS pixels.
        columns: The steps.
        bars: Nodes at steps.
        bands: What leads from one to the next.
        notes: What is left out, as sentences.
    """

    reading: str
    summary: str
    width: float
    height: float
    columns: tuple[SankeyColumn, ...]
    bars: tuple[SankeyBar, ...]
    bands: tuple[SankeyBand, ...]
    notes: tuple[str, ...]
