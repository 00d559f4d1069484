"""The flow of a call as a Mermaid diagram, for documents that draw one."""

from __future__ import annotations

from collections.abc import Iterator

from flows_analytics.calls.mermaid_text import mermaid_text
from flows_analytics.calls.record import CallRecord
from flows_analytics.report.cards import visit_numbers
from flows_analytics.report.flow_graph import FlowGraph, Line, LineKind, flow_graphs
from flows_analytics.report.visible import page_name
from flows_analytics.report.words import counted

_ARROWS: dict[LineKind, str] = {"taken": "==>", "failed": "--x", "lost": "--x", "declared": "-.->"}


def call_as_mermaid(record: CallRecord) -> str:
    """Write the flows of a call as a Mermaid flowchart.

    Taken moves are thick and carry the numbers of the visits they led to; those only declared are dotted; those
    that failed or were lost end in a cross. Names stand in quotes, with every character that Mermaid could read as
    its own written as a code, so that no name can end its quotes or begin a link.

    Args:
        record: The call, finished or still running.

    Returns:
        The diagram, ending in a newline.
    """
    lines = ["flowchart TD"]
    graphs = flow_graphs(record)
    for number, graph in enumerate(graphs, start=1):
        inside = list(_graph(graph, f"f{number}"))
        if len(graphs) > 1:
            inside = [f'subgraph f{number} ["{_quoted(graph.flow)}"]', *(f"  {line}" for line in inside), "end"]
        lines += [f"  {line}" for line in inside]
    if not graphs:
        lines.append('  none["no node was entered"]')
    return "\n".join(lines) + "\n"


def _graph(graph: FlowGraph, stem: str) -> Iterator[str]:
    ids = {node.name: f"{stem}n{index}" for index, node in enumerate(graph.nodes, start=1)}
    for node in graph.nodes:
        visits = f"<br/>{'visit' if len(node.visits) == 1 else 'visits'} {visit_numbers(node.visits)}"
        yield f'{ids[node.name]}["{_quoted(node.name)}{visits if node.visits else ""}"]'
    if graph.start in ids:
        yield f"{stem}start(( )) ==> {ids[graph.start]}"
    for line in graph.lines:
        yield f'{ids[line.tail]} {_ARROWS[line.kind]}|"{_label(line)}"| {ids[line.head]}'
    if graph.ended_in in ids:
        ending = f"dropped off: {graph.ending}" if graph.dropped else graph.ending
        yield f'{ids[graph.ended_in]} ==> {stem}end(["{ending}"])'
    if graph.left_out:
        yield f"%% {counted(graph.left_out, 'node')} left out"


def _label(line: Line) -> str:
    steps = [f"{visit_numbers(step.visits)} {_quoted(step.label)}".strip() for step in line.steps[:6]]
    more = [f"{len(line.steps) - 6} more"] if len(line.steps) > 6 else []
    return "<br/>".join([*steps, *more])


def _quoted(name: str) -> str:
    return mermaid_text(page_name(name).text)
