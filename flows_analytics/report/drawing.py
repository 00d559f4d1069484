"""A flow drawn in layers, as shapes for the SVG template."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.cards import Plan, place_card, plan_card
from flows_analytics.report.flow_graph import MAX_NODES, FlowGraph, flow_graphs
from flows_analytics.report.layering import Place, layering
from flows_analytics.report.lines import Choice, choose_lines
from flows_analytics.report.measure import text_width
from flows_analytics.report.shapes import Card, Drawing, EndMark, Tag, Wire
from flows_analytics.report.tags import TagPlan, place_tag, plan_tag
from flows_analytics.report.visible import one_line, page_name, shorten
from flows_analytics.report.wires import End, loop, ports, wire
from flows_analytics.report.words import counted

_MARGIN = 12.0
_LOOP_REACH, _LOOP_PITCH = 26.0, 26.0
_START_SIZE = 14.0
_END_HEIGHT = 26.0
_SMALL = 11.0
_BUDGET = 1_500
_UNDERNEATH = ("declared", "lost", "failed", "taken")


def drawings(record: CallRecord) -> tuple[Drawing, ...]:
    """Draw the flows of a call.

    Args:
        record: The call.

    Returns:
        One drawing for each flow that was entered, attempted or declared.
    """
    return tuple(draw(graph, f"flow-{number}") for number, graph in enumerate(flow_graphs(record), start=1))


def draw(graph: FlowGraph, anchor: str) -> Drawing:
    """Draw a flow.

    The effort spent on lines is bounded: lines beyond it are named on the card of the node they leave.

    Args:
        graph: The flow.
        anchor: Id of the drawing on the page.

    Returns:
        The drawing.
    """
    choice = choose_lines(graph, _BUDGET)
    loops = [[plan_tag(line) for line in lines] for lines in choice.loops]
    plans = [
        plan_card(node, written, least_height=len(tags) * _LOOP_PITCH + 10 if tags else 0.0)
        for node, written, tags in zip(graph.nodes, choice.written, loops, strict=True)
    ]
    position = {node.name: index for index, node in enumerate(graph.nodes)}
    sheet = _sheet(graph, choice, plans, loops)
    placed = layering(sheet.sizes, sheet.links, sheet.strong)
    places = [place.moved(_MARGIN, _MARGIN) for place in placed.boxes]
    routes = [tuple(place.moved(_MARGIN, _MARGIN) for place in route) for route in placed.routes]

    cards = tuple(
        place_card(plan, place.x, place.y, final=plan.node.name == graph.ended_in)
        for plan, place in zip(plans, places, strict=False)
    )
    wires, tags = _strands(sheet, places, routes, cards)
    for card, looped in zip(cards, loops, strict=True):
        for index, tag in enumerate(looped):
            y = card.y + card.height / 2 + (index - (len(looped) - 1) / 2) * _LOOP_PITCH
            right = card.x + card.width
            wires.append(loop(tag.kind, tag.tip, right, y, _LOOP_REACH))
            tags.append(place_tag(tag, right + _LOOP_REACH + tag.width / 2, y))

    start = places[sheet.strands[0].upper] if graph.start in position else None
    wires.sort(key=lambda one: _UNDERNEATH.index(one.kind))
    return Drawing(
        anchor=anchor,
        flow=page_name(graph.flow),
        title=f"Flow {page_name(graph.flow).text}: {counted(len(graph.nodes), 'node')}",
        summary=_summary(graph),
        width=round(placed.width + 2 * _MARGIN, 1),
        height=round(placed.height + 2 * _MARGIN, 1),
        start=(round(start.x, 1), round(start.y, 1)) if start else None,
        end=_end_mark(places[-1], sheet.sizes[-1], graph) if graph.ended_in in position else None,
        wires=tuple(wires),
        tags=tuple(tags),
        cards=cards,
        kinds=frozenset(
            [
                *(one.kind for one in wires),
                *(card.kind for card in cards),
                *(row.kind for card in cards for row in card.rows),
            ]
        ),
        notes=_notes(graph, choice),
    )


@dataclass
class _Sheet:
    """Boxes and the lines between them, gathered for the layout.

    Attributes:
        sizes: Width and height of each box.
        links: Pairs of boxes, upper and lower.
        strands: Lines to draw: each the links it runs along, from top to bottom.
    """

    sizes: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    links: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    strands: list[_Strand] = field(default_factory=list["_Strand"])

    def box(self, width: float, height: float) -> int:
        self.sizes.append((width, height))
        return len(self.sizes) - 1

    @property
    def strong(self) -> list[bool]:
        """For each link, whether it should be upright before others are."""
        return [strand.tag is None or strand.tag.kind == "taken" for strand in self.strands for _ in strand.links]

    def strand(self, upper: int, lower: int, *, tag: TagPlan | None = None, up: bool = False) -> None:
        middle = None if tag is None else self.box(tag.width, tag.height)
        first = len(self.links)
        self.links += [(upper, lower)] if middle is None else [(upper, middle), (middle, lower)]
        self.strands.append(_Strand(upper, lower, middle, tag, up, range(first, len(self.links))))


@dataclass(frozen=True)
class _Strand:
    """One line to draw.

    Attributes:
        upper: The box at its upper end.
        lower: The box at its lower end.
        middle: The box of its tag; None without one.
        tag: The tag; None for the lines of the marks of start and end.
        up: Whether it points up.
        links: The links it runs along.
    """

    upper: int
    lower: int
    middle: int | None
    tag: TagPlan | None
    up: bool
    links: range


def _sheet(graph: FlowGraph, choice: Choice, plans: list[Plan], loops: list[list[TagPlan]]) -> _Sheet:
    """Gather the boxes: the cards, then the start mark, the tags, and last the end mark."""
    sheet = _Sheet()
    position = {node.name: index for index, node in enumerate(graph.nodes)}
    for plan, tags in zip(plans, loops, strict=True):
        # Loops stand at the right side; the same room is kept at the left, so that the card stays in line.
        side = max((tag.width for tag in tags), default=-_LOOP_REACH) + _LOOP_REACH
        sheet.box(plan.width + 2 * side, plan.height)
    if graph.start in position:
        sheet.strand(sheet.box(_START_SIZE, _START_SIZE), position[graph.start])
    for line, up in zip(choice.drawn, choice.up, strict=True):
        tail, head = position[line.tail], position[line.head]
        upper, lower = (head, tail) if up else (tail, head)
        sheet.strand(upper, lower, tag=plan_tag(line), up=up)
    if graph.ended_in in position:
        width = text_width(_end_text(graph), _SMALL) * 1.14 + 42
        sheet.strand(position[graph.ended_in], sheet.box(width, _END_HEIGHT))
    return sheet


def _strands(
    sheet: _Sheet, places: list[Place], routes: list[tuple[Place, ...]], cards: tuple[Card, ...]
) -> tuple[list[Wire], list[Tag]]:
    """Draw the lines between boxes, spread along the edges of the cards, with their tags."""
    ways: list[tuple[Place, ...]] = []
    leaving: defaultdict[int, list[int]] = defaultdict(list)
    arriving: defaultdict[int, list[int]] = defaultdict(list)
    for index, strand in enumerate(sheet.strands):
        way = list(routes[strand.links[0]])
        if strand.middle is not None:
            way += [places[strand.middle], *routes[strand.links[-1]]]
        ways.append(tuple(way))
        leaving[strand.upper].append(index)
        arriving[strand.lower].append(index)

    attached: dict[tuple[int, bool], float] = {}
    for box, strands in leaving.items():
        towards = [(ways[index] or (places[sheet.strands[index].lower],))[0].x for index in strands]
        for index, x in zip(strands, _ports(box, places, cards, towards), strict=True):
            attached[index, True] = x
    for box, strands in arriving.items():
        towards = [(ways[index] or (places[sheet.strands[index].upper],))[-1].x for index in strands]
        for index, x in zip(strands, _ports(box, places, cards, towards), strict=True):
            attached[index, False] = x

    wires: list[Wire] = []
    tags: list[Tag] = []
    for index, strand in enumerate(sheet.strands):
        upper, lower = places[strand.upper], places[strand.lower]
        top = End(attached[index, True], upper.y + sheet.sizes[strand.upper][1] / 2, upper.bottom)
        bottom = End(attached[index, False], lower.y - sheet.sizes[strand.lower][1] / 2, lower.top)
        kind, tip = (strand.tag.kind, strand.tag.tip) if strand.tag else ("taken", "")
        wires.append(wire(kind, tip, top, bottom, ways[index], up=strand.up))
        if strand.tag is not None and strand.middle is not None:
            middle = places[strand.middle]
            tags.append(place_tag(strand.tag, middle.x, middle.y))
    return wires, tags


def _ports(box: int, places: list[Place], cards: tuple[Card, ...], towards: list[float]) -> list[float]:
    width = cards[box].width if box < len(cards) else 0.0
    return ports(places[box].x, width, towards)


def _end_mark(place: Place, size: tuple[float, float], graph: FlowGraph) -> EndMark:
    width, height = size
    return EndMark(
        x=round(place.x - width / 2, 1),
        y=round(place.y - height / 2, 1),
        width=round(width, 1),
        height=height,
        baseline=round(place.y + 4, 1),
        text=_end_text(graph),
        drop=graph.dropped,
    )


def _end_text(graph: FlowGraph) -> str:
    return f"dropped off: {graph.ending}" if graph.dropped else graph.ending


def _summary(graph: FlowGraph) -> str:
    visited = [(number, node.name) for node in graph.nodes for number in node.visits]
    if not visited:
        return "No node of this flow was entered."
    names = [shorten(one_line(name[:1_000]), 60) for _, name in sorted(visited)]
    path = ", ".join(names[:40]) + (f" and {counted(len(names) - 40, 'more visit')}" if len(names) > 40 else "")
    others = sum(not node.visits for node in graph.nodes)
    rest = f" {counted(others, 'node')} not visited." if others else ""
    return f"Visited in this order: {path}. At the end: {graph.ending}.{rest}"


def _notes(graph: FlowGraph, choice: Choice) -> tuple[str, ...]:
    notes: list[str] = []
    if graph.left_out:
        notes.append(f"{counted(graph.left_out, 'node')} beyond the first {MAX_NODES} are not drawn.")
    if choice.dropped:
        notes.append(
            f"{counted(choice.dropped, 'line')} would make the drawing unreadable and "
            f"{'is' if choice.dropped == 1 else 'are'} named on the node left instead, after an arrow."
        )
    return tuple(notes)
