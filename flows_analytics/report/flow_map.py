"""A flow drawn in layers: lines as wide as their traffic, nodes coloured by what is lost in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows_analytics.calls.visible import one_line, shorten
from flows_analytics.report.flow_figures import counts_of
from flows_analytics.report.flow_lines import line_path, loop_path, spread_ports
from flows_analytics.report.flow_shapes import FlowMap, MapCard, MapLine, MapStart, MapTag
from flows_analytics.report.flow_traffic import Traffic, choose_traffic
from flows_analytics.report.layering import Layering, Place, layering
from flows_analytics.report.measure import text_width
from flows_analytics.report.words import counted
from flows_analytics.stats.edge_row import EdgeRow
from flows_analytics.stats.node_row import NodeRow
from flows_analytics.stats.rates import Rate

LOSS_CLASSES = (0.02, 0.05, 0.10, 0.20)
"""Where the classes of loss above 0 end, as shares of the visits that are over; the last one has no end."""

_MARGIN, _LOOP_REACH = 14.0, 34.0
_TITLE, _SMALL = 13.0, 11.0
_NAME, _TIP = 28, 400
_THINNEST, _WIDEST = 1.5, 14.0
_TAG_HEIGHT, _START = 17.0, 12.0
_HEIGHT, _HEIGHT_LOST = 48.0, 66.0
_LEAST_STARTS, _MOST_STARTS = 0.02, 6
_CODE = "the bot's code"


@dataclass(frozen=True)
class _Strand:
    """A line to be drawn: the boxes at its ends, that of its label, its width, and whether it points up."""

    edge: EdgeRow
    upper: int
    lower: int
    tag: int
    width: float
    up: bool


def loss_class(rate: Rate) -> int:
    """Put a loss rate into a class.

    Args:
        rate: The rate.

    Returns:
        0 for no loss, else 1 to 5.
    """
    if not rate.numerator:
        return 0
    return 1 + sum((rate.value or 0.0) >= end for end in LOSS_CLASSES)


def flow_map(nodes: Sequence[NodeRow], edges: Sequence[EdgeRow], keys: Mapping[str, str]) -> FlowMap | None:
    """Draw a flow.

    Args:
        nodes: The nodes, those of most calls first.
        edges: The transitions, the most taken first.
        keys: The keys of nodes, by name.

    Returns:
        The drawing; None without nodes.
    """
    if not nodes:
        return None
    traffic = choose_traffic(nodes, edges)
    most = max((edge.count for edge in [*traffic.lines, *traffic.loops.values()]), default=0)
    sizes = [_size(row, traffic.loops.get(number)) for number, row in enumerate(traffic.nodes)]
    boxes = [(width + 2 * side, height) for width, height, side in sizes]
    links: list[tuple[int, int]] = []
    strands: list[_Strand] = []
    place = {row.node: number for number, row in enumerate(traffic.nodes)}
    for edge, up in zip(traffic.lines, traffic.up, strict=True):
        upper, lower = place[edge.source], place[edge.target]
        if up:
            upper, lower = lower, upper
        boxes.append((text_width(_tag_text(edge), _SMALL) + 14, _TAG_HEIGHT))
        tag = len(boxes) - 1
        links += [(upper, tag), (tag, lower)]
        strands.append(_Strand(edge, upper, lower, tag, _width(edge.count, most), up))
    begun = _beginnings(traffic)
    for number in begun:
        boxes.append((_START, _START))
        links.append((len(boxes) - 1, number))
    heavy = [strand.edge.count >= most / 4 for strand in strands for _ in range(2)]
    placed = layering(boxes, links, [*heavy, *(True for _ in begun)])
    places = [each.moved(_MARGIN, _MARGIN) for each in placed.boxes]
    cards = tuple(
        _card(row, places[number], sizes[number][:2], keys.get(row.node, ""))
        for number, row in enumerate(traffic.nodes)
    )
    lines, tags = _drawn(strands, boxes, placed, cards, keys)
    for number, edge in traffic.loops.items():
        line, tag_ = _loop(edge, cards[number], _width(edge.count, most))
        lines.append(line)
        tags.append(tag_)
    starts = tuple(
        MapStart(
            x=round(place.x, 1),
            y=round(place.y, 1),
            path=f"M{place.x:.1f} {place.y + 6:.1f}L{cards[number].middle:.1f} {cards[number].y:.1f}",
            tip=f"{counted(traffic.nodes[number].starts, 'path')} began in {_title(traffic.nodes[number])}",
        )
        for number, place in zip(begun, places[len(places) - len(begun) :], strict=True)
    )
    return FlowMap(
        summary=_summary(traffic, nodes),
        width=round(placed.width + 2 * _MARGIN, 1),
        height=round(placed.height + 2 * _MARGIN, 1),
        starts=starts,
        lines=tuple(sorted(lines, key=lambda line: (not line.failed, -line.width))),
        tags=tuple(tags),
        cards=cards,
        widest=(_WIDEST, counted(most, "transition")),
        notes=traffic.notes,
    )


def _beginnings(traffic: Traffic) -> list[int]:
    """Find the nodes in which a good part of all paths begin."""
    total = sum(row.starts for row in traffic.nodes)
    found = [
        number for number, row in enumerate(traffic.nodes) if row.starts and row.starts >= _LEAST_STARTS * total
    ]
    return found[:_MOST_STARTS]


def _size(row: NodeRow, loop: EdgeRow | None) -> tuple[float, float, float]:
    """Give width and height of a card, and the room for a loop at its side."""
    widths = (
        text_width(_title(row), _TITLE) * 1.1 + 30,
        text_width(_sub(row), _SMALL) + 30,
        text_width(_lost(row), _SMALL) + 36,
    )
    side = text_width(_tag_text(loop), _SMALL) + 20 + _LOOP_REACH if loop else 0.0
    return max(120.0, *widths), _HEIGHT_LOST if _lost(row) else _HEIGHT, side


def _card(row: NodeRow, place: Place, size: tuple[float, float], key: str) -> MapCard:
    width, height = size
    top = place.y - height / 2
    return MapCard(
        key=key,
        loss=loss_class(row.loss_rate),
        goal=row.goal,
        x=round(place.x - width / 2, 1),
        y=round(top, 1),
        width=round(width, 1),
        height=height,
        middle=round(place.x, 1),
        title=_title(row),
        title_y=round(top + 20, 1),
        sub=_sub(row),
        sub_y=round(top + 36, 1),
        lost=_lost(row),
        lost_y=round(top + 53, 1),
        bar=round((width - 16) * (row.loss_rate.value or 0.0), 1),
        tip=_tip(row),
    )


def _drawn(
    strands: Sequence[_Strand],
    boxes: Sequence[tuple[float, float]],
    placed: Layering,
    cards: Sequence[MapCard],
    keys: Mapping[str, str],
) -> tuple[list[MapLine], list[MapTag]]:
    places = [each.moved(_MARGIN, _MARGIN) for each in placed.boxes]
    ways: list[list[Place]] = []
    for number, strand in enumerate(strands):
        routes = [[each.moved(_MARGIN, _MARGIN) for each in placed.routes[2 * number + half]] for half in range(2)]
        ways.append([*routes[0], places[strand.tag], *routes[1]])
    at_edge: dict[tuple[int, bool], float] = {}
    for below in (True, False):
        meeting: defaultdict[int, list[int]] = defaultdict(list)
        for number, strand in enumerate(strands):
            meeting[strand.upper if below else strand.lower].append(number)
        for box, numbers in meeting.items():
            towards = [(ways[number][0 if below else -1].x, strands[number].width) for number in numbers]
            for number, x in zip(numbers, spread_ports(places[box].x, cards[box].width, towards), strict=True):
                at_edge[number, below] = x
    lines: list[MapLine] = []
    tags: list[MapTag] = []
    for number, strand in enumerate(strands):
        upper, lower, edge = places[strand.upper], places[strand.lower], strand.edge
        path, arrow = line_path(
            (at_edge[number, True], upper.y + boxes[strand.upper][1] / 2),
            (at_edge[number, False], lower.y - boxes[strand.lower][1] / 2),
            (upper.bottom, lower.top),
            ways[number],
            strand.width,
            up=strand.up,
        )
        tip, ends = _edge_tip(edge), (keys.get(edge.source, ""), keys.get(edge.target, ""))
        lines.append(MapLine(*ends, not edge.count, path, strand.width, arrow, tip))
        middle, width = places[strand.tag], boxes[strand.tag][0]
        tags.append(_tag(edge, ends, middle.x - width / 2, middle.y, width))
    return lines, tags


def _loop(edge: EdgeRow, card: MapCard, width: float) -> tuple[MapLine, MapTag]:
    right, middle = card.x + card.width, card.y + card.height / 2
    path, arrow = loop_path(right, middle, _LOOP_REACH, width)
    ends = (card.key, card.key)
    line = MapLine(*ends, not edge.count, path, width, arrow, _edge_tip(edge))
    return line, _tag(edge, ends, right + _LOOP_REACH - 2, middle, text_width(_tag_text(edge), _SMALL) + 14)


def _tag(edge: EdgeRow, ends: tuple[str, str], left: float, y: float, width: float) -> MapTag:
    return MapTag(
        source=ends[0],
        target=ends[1],
        x=round(left, 1),
        y=round(y - _TAG_HEIGHT / 2, 1),
        width=round(width, 1),
        height=_TAG_HEIGHT,
        middle=round(left + width / 2, 1),
        baseline=round(y + 4, 1),
        text=f"{edge.count:,}" if edge.count else "",
        failed=f"✕ {edge.failed:,} failed" if edge.failed else "",
        tip=_edge_tip(edge),
    )


def _width(count: int, most: int) -> float:
    return round(max(_THINNEST, _WIDEST * count / most), 1) if most else _THINNEST


def _title(row: NodeRow) -> str:
    return shorten(one_line(row.node[:_TIP]) or "(no name)", _NAME)


def _sub(row: NodeRow) -> str:
    return f"{counted(row.calls, 'call')}{' · goal' if row.goal else ''}"


def _lost(row: NodeRow) -> str:
    rate = row.loss_rate
    return f"✕ {rate.numerator:,} lost · {rate.text}" if rate.numerator else ""


def _tag_text(edge: EdgeRow | None) -> str:
    if edge is None:
        return ""
    failed = f" ✕ {edge.failed:,} failed" if edge.failed else ""
    return f"{edge.count:,}{failed}"


def _tip(row: NodeRow) -> str:
    said = [
        f"{one_line(row.node[:_TIP]) or '(no name)'}: {counts_of(row.share, 'calls')} ({row.share.text}), "
        f"{counted(row.visits, 'visit')}.",
        f"Lost here: {counts_of(row.loss_rate, 'visits that are over')} ({row.loss_rate.text}).",
    ]
    if row.open:
        said.append(f"Still here: {row.open:,}.")
    return " ".join(said)


def _edge_tip(edge: EdgeRow) -> str:
    ends = " → ".join(one_line(name[:_TIP]) or "(no name)" for name in (edge.source, edge.target))
    via = ", ".join(f"{one_line(name[:80]) or _CODE} {many:,}" for name, many in list(edge.via.items())[:4])
    failed = f" {edge.failed:,} more failed." if edge.failed else ""
    return (
        f"{ends}: {counted(edge.count, 'transition')} in {counted(edge.calls, 'call')}, {edge.p_out.text} of "
        f"{counted(edge.p_out.denominator, 'visit')} that are over.{failed}{f' By {via}.' if via else ''}"
    )


def _summary(traffic: Traffic, nodes: Sequence[NodeRow]) -> str:
    first = traffic.nodes[0]
    said = [f"{counted(len(nodes), 'node')}. Most paths begin in {_title(first)}."]
    said += [
        f"{_title_of(edge.source)} leads to {_title_of(edge.target)} {counted(edge.count, 'time')}."
        for edge in traffic.lines[:12]
    ]
    return " ".join(said)


def _title_of(name: str) -> str:
    return shorten(one_line(name[:_TIP]) or "(no name)", _NAME)
