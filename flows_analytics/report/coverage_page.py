"""Flow coverage as one HTML page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flows_analytics.report.assets import assets
from flows_analytics.report.drawing import draw
from flows_analytics.report.environment import environment
from flows_analytics.report.flow_graph import FlowGraph, Line, Node, Step
from flows_analytics.report.shapes import Drawing
from flows_analytics.report.words import counted


@dataclass(frozen=True)
class CoverageRow:
    """One kind of part.

    Attributes:
        name: Its name.
        done: How many were exercised.
        there: How many there are.
        percent: The share, in words.
        missed: Those that were not, in words.
    """

    name: str
    done: int
    there: int
    percent: str
    missed: tuple[str, ...]


@dataclass(frozen=True)
class CoverageMove:
    """A move between two nodes that is possible, or was made.

    Attributes:
        tail: The node it leaves.
        function: The function.
        head: The node it leads to.
        taken: Whether a call made it.
    """

    tail: str
    function: str
    head: str
    taken: bool


@dataclass(frozen=True)
class CoverageView:
    """What the page shows.

    Attributes:
        source: What the parts were read from.
        calls: Number of calls.
        total: All parts.
        rows: The parts by kind.
        start: The node the flow starts in; None if unknown.
        nodes: The nodes, with the number of visits to each.
        moves: The moves.
        missed_functions: Node and name of functions that were never called.
    """

    source: str
    calls: int
    total: CoverageRow
    rows: tuple[CoverageRow, ...]
    start: str | None
    nodes: tuple[tuple[str, int], ...]
    moves: tuple[CoverageMove, ...]
    missed_functions: tuple[tuple[str, str], ...]


def render_flow_coverage(view: CoverageView) -> str:
    """Render the page: self-contained, without script, asking nothing of any network.

    Args:
        view: What to show.

    Returns:
        The HTML document.

    Raises:
        FlowsAnalyticsError: ``templates_missing`` if the installation is incomplete.
    """
    templates = environment()
    template = templates.get_template("flow_coverage.html")
    return template.render(
        view=view,
        drawing=_drawing(view),
        calls=counted(view.calls, "call"),
        mark=None,
        assets=assets(templates, ("report.css", "call.css"), ()),
    )


def _drawing(view: CoverageView) -> Drawing | None:
    if not view.nodes:
        return None
    drawn = {(move.tail, move.function) for move in view.moves}
    nodes = tuple(
        Node(
            name=name,
            visits=(visits,) if visits else (),
            dwell_ms=None,
            goal=False,
            attempted=False,
            offered=tuple(
                function
                for node, function in view.missed_functions
                if node == name and (node, function) not in drawn
            ),
            called=(),
        )
        for name, visits in view.nodes
    )
    graph = FlowGraph(
        flow="main",
        nodes=nodes,
        lines=_lines(view),
        start=view.start,
        ended_in=None,
        ending="",
        dropped=False,
        left_out=0,
    )
    drawing = draw(graph, "coverage")
    visits = [counted(count, "visit") if count else "never visited" for _, count in view.nodes]
    cards = tuple(replace(card, sub=words) for card, words in zip(drawing.cards, visits, strict=False))
    never = [name for name, count in view.nodes if not count]
    summary = f"Never visited: {', '.join(never)}." if never else "Every node was visited."
    return replace(drawing, cards=cards, title="The flow, with what was exercised", summary=summary)


def _lines(view: CoverageView) -> tuple[Line, ...]:
    """The moves that were made, then those that were not; several from one node to another share a line."""
    names = {name for name, _ in view.nodes}
    steps: dict[tuple[str, str, bool], list[Step]] = {}
    for move in sorted(view.moves, key=lambda move: not move.taken):
        if move.tail in names and move.head in names:
            steps.setdefault((move.tail, move.head, move.taken), []).append(Step(move.function))
    return tuple(
        Line(tail, head, "taken" if taken else "declared", tuple(those))
        for (tail, head, taken), those in steps.items()
    )
