"""Lines as wide as their traffic, as SVG paths: where they leave a card, how they bend, where they point."""

from __future__ import annotations

from collections.abc import Sequence

from flows_analytics.report.layering import Place

_GAP = 7.0
_EDGE = 12.0


def spread_ports(middle: float, width: float, lines: Sequence[tuple[float, float]]) -> list[float]:
    """Spread lines along the edge of a card, side by side in the order in which they come.

    Args:
        middle: Centre of the card.
        width: Width of the card.
        lines: For each line, where it is heading, and how wide it is.

    Returns:
        For each line, where along the edge its middle is attached.
    """
    order = sorted(range(len(lines)), key=lambda line: lines[line][0])
    total = sum(wide for _, wide in lines) + _GAP * (len(lines) - 1)
    # Where there is no room they overlap a little, rather than hang in the air.
    squeeze = min(1.0, (width - 2 * _EDGE) / total) if total > 0 else 1.0
    ports = [middle] * len(lines)
    at = middle - total * squeeze / 2
    for line in order:
        wide = lines[line][1] * squeeze
        ports[line] = at + wide / 2
        at += wide + _GAP * squeeze
    return ports


def head_length(width: float) -> float:
    """Give the length of a line's arrowhead.

    Args:
        width: Width of the line.

    Returns:
        The length.
    """
    return 6.0 + 0.5 * width


def line_path(
    start: tuple[float, float],
    end: tuple[float, float],
    bands: tuple[float, float],
    route: Sequence[Place],
    width: float,
    *,
    up: bool,
) -> tuple[str, str]:
    """Draw a line between two boxes in different layers.

    It bends only between layers and passes through them upright, so it touches no box on its way.

    Args:
        start: Its upper end.
        end: Its lower end.
        bands: Where the layer of the upper box ends, and where that of the lower one begins.
        route: Where it passes through layers in between, from top to bottom.
        width: Its width.
        up: Whether it points up.

    Returns:
        The line and its arrowhead, as an SVG path and the points of a polygon.
    """
    head = head_length(width)
    first = start[1] + (head - 1 if up else 0)
    last = end[1] - (0 if up else head - 1)
    x, y = start[0], max(first, bands[0])
    path = [f"M{_n(x)} {_n(first)}V{_n(y)}"]
    for place in route:
        path.append(_bend(x, y, place.x, place.top))
        path.append(f"V{_n(place.bottom)}")
        x, y = place.x, place.bottom
    path.append(_bend(x, y, end[0], min(last, bands[1])))
    path.append(f"V{_n(last)}")
    tip, back = (start, head) if up else (end, -head)
    half = width / 2 + 3
    arrow = (
        f"{_n(tip[0])},{_n(tip[1])} {_n(tip[0] - half)},{_n(tip[1] + back)} "
        f"{_n(tip[0] + half)},{_n(tip[1] + back)}"
    )
    return "".join(path), arrow


def loop_path(x: float, y: float, reach: float, width: float) -> tuple[str, str]:
    """Draw a line from a card to itself, at its right side.

    Args:
        x: Right edge of the card.
        y: Height at which the loop stands.
        reach: How far it goes.
        width: Its width.

    Returns:
        The line and its arrowhead.
    """
    head = head_length(width)
    far = x + reach * 1.25
    path = f"M{_n(x)} {_n(y - 9)}C{_n(far)} {_n(y - 13)} {_n(far)} {_n(y + 13)} {_n(x + head)} {_n(y + 9)}"
    half = width / 2 + 3
    arrow = f"{_n(x)},{_n(y + 9)} {_n(x + head)},{_n(y + 9 - half)} {_n(x + head)},{_n(y + 9 + half)}"
    return path, arrow


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    if abs(x - to_x) < 0.05 or to_y <= y:
        return f"L{_n(to_x)} {_n(to_y)}"
    middle = (y + to_y) / 2
    return f"C{_n(x)} {_n(middle)} {_n(to_x)} {_n(middle)} {_n(to_x)} {_n(to_y)}"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
