"""Lines as SVG paths: where they leave a card, how they bend between layers, where their arrowheads point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows_analytics.report.flow_graph import LineKind
from flows_analytics.report.layering import Place
from flows_analytics.report.shapes import Wire

_ARROW, _HALF_ARROW = 8.0, 4.0
_PORT_GAP = 22.0


@dataclass(frozen=True)
class End:
    """Where a line meets a box.

    Attributes:
        x: Where along the edge.
        y: The edge.
        band: The edge, towards the line, of the layer in which the box stands.
    """

    x: float
    y: float
    band: float


def ports(middle: float, width: float, towards: Sequence[float]) -> list[float]:
    """Spread lines along the edge of a card, so that they neither touch nor cross there.

    Args:
        middle: Centre of the card.
        width: Width of the card.
        towards: For each line, where it is heading.

    Returns:
        For each line, where along the edge it is attached.
    """
    if len(towards) < 2:
        return [middle] * len(towards)
    gap = min(_PORT_GAP, (width - 24) / (len(towards) - 1))
    order = sorted(range(len(towards)), key=lambda line: towards[line])
    left = middle - gap * (len(towards) - 1) / 2
    spread = [middle] * len(towards)
    for place, line in enumerate(order):
        spread[line] = left + place * gap
    return spread


def wire(kind: LineKind, tip: str, upper: End, lower: End, route: Sequence[Place], *, up: bool) -> Wire:
    """Draw a line between two boxes in different layers.

    It bends only between layers and passes through them upright, so it touches no box on its way.

    Args:
        kind: What it stands for.
        tip: The line in words.
        upper: Its upper end.
        lower: Its lower end.
        route: Where it passes through layers in between, from top to bottom.
        up: Whether it points up.

    Returns:
        The line with its arrowhead.
    """
    first = upper.y + (_ARROW - 1 if up else 0)
    last = lower.y - (0 if up else _ARROW - 1)
    x, y = upper.x, max(first, upper.band)
    path = [f"M{_n(x)} {_n(first)}", *_down(first, y)]
    for place in route:
        path += [_bend(x, y, place.x, place.top), *_down(place.top, place.bottom)]
        x, y = place.x, place.bottom
    band = min(last, lower.band)
    path += [_bend(x, y, lower.x, band), *_down(band, last)]
    tip_x, tip_y, back = (upper.x, upper.y, _ARROW) if up else (lower.x, lower.y, -_ARROW)
    arrow = (
        f"{_n(tip_x)},{_n(tip_y)} {_n(tip_x - _HALF_ARROW)},{_n(tip_y + back)} "
        f"{_n(tip_x + _HALF_ARROW)},{_n(tip_y + back)}"
    )
    return Wire(kind=kind, path=_joined(path), arrow=arrow, tip=tip)


def loop(kind: LineKind, tip: str, x: float, y: float, reach: float) -> Wire:
    """Draw a line from a card to itself, at its right side.

    Args:
        kind: What it stands for.
        tip: The line in words.
        x: Right edge of the card.
        y: Height at which the loop stands.
        reach: How far it goes.

    Returns:
        The line with its arrowhead.
    """
    top, bottom, far = y - 7, y + 7, x + reach * 1.2
    path = f"M{_n(x)} {_n(top)}C{_n(far)} {_n(top - 4)} {_n(far)} {_n(bottom + 4)} {_n(x + _ARROW)} {_n(bottom)}"
    arrow = (
        f"{_n(x)},{_n(bottom)} {_n(x + _ARROW)},{_n(bottom - _HALF_ARROW)} "
        f"{_n(x + _ARROW)},{_n(bottom + _HALF_ARROW)}"
    )
    return Wire(kind=kind, path=path, arrow=arrow, tip=tip)


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    if _n(x) == _n(to_x):
        return f"V{_n(to_y)}"
    if abs(x - to_x) < 0.05 or to_y <= y:
        return f"L{_n(to_x)} {_n(to_y)}"
    middle = (y + to_y) / 2
    return f"C{_n(x)} {_n(middle)} {_n(to_x)} {_n(middle)} {_n(to_x)} {_n(to_y)}"


def _down(y: float, to_y: float) -> list[str]:
    return [] if _n(y) == _n(to_y) else [f"V{_n(to_y)}"]


def _joined(steps: Sequence[str]) -> str:
    """Write steps as a path; upright ones in a row are one, for a line never turns back."""
    return "".join(
        step for step, after in zip(steps, [*steps[1:], ""], strict=True) if not (step[0] == after[:1] == "V")
    )


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
