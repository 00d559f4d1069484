"""Flow coverage as text, and as what the page shows."""

from __future__ import annotations

from flows_analytics.report.coverage_page import CoverageMove, CoverageRow, CoverageView
from flows_analytics.testing.flow_coverage import EVERYWHERE, KINDS, FlowCoverage, Kind, part_text, percent_text
from flows_analytics.testing.path_lines import one_line

_NAMES: dict[Kind, str] = {
    "nodes": "Nodes",
    "transitions": "Transitions",
    "functions": "Functions",
    "cases": "Branch cases",
}


def coverage_lines(coverage: FlowCoverage) -> list[str]:
    """Write a coverage as a table, with what was missed below it.

    Args:
        coverage: The coverage.

    Returns:
        The lines.
    """
    lines = [f"{'':14} {'done':>5} {'of':>5} {'share':>6}"]
    rows = [*_rows(coverage), _total(coverage)]
    lines += [f"{row.name:14} {row.done:5} {row.there:5} {row.percent:>6}" for row in rows if row.there]
    missed = [f"  {row.name.lower():14} {one_line(part)}" for row in rows[:-1] for part in row.missed]
    if missed:
        lines += ["Missed:", *missed]
    if not coverage.calls:
        lines.append("No call was held: a test holds one with the fixture flow_call.")
    return lines


def coverage_view(coverage: FlowCoverage, source: str) -> CoverageView:
    """Collect what the page of a coverage shows.

    Args:
        coverage: The coverage.
        source: What its parts were read from.
    """
    nodes = [(name, times) for (name,), times in coverage.parts["nodes"].items()]
    moves = [
        CoverageMove(place, function, head, taken=times > 0)
        for (tail, function, head), times in coverage.parts["transitions"].items()
        for place in ([name for name, _ in nodes] if tail == EVERYWHERE else [tail])
    ]
    return CoverageView(
        source=source,
        calls=coverage.calls,
        total=_total(coverage),
        rows=_rows(coverage),
        start=coverage.initial,
        nodes=tuple(nodes),
        moves=tuple(moves),
        missed_functions=tuple((node, function) for node, function in coverage.missed("functions")),
    )


def _rows(coverage: FlowCoverage) -> tuple[CoverageRow, ...]:
    return tuple(
        CoverageRow(
            _NAMES[kind],
            *coverage.covered(kind),
            percent_text(*coverage.covered(kind)),
            tuple(part_text(kind, part) for part in coverage.missed(kind)),
        )
        for kind in KINDS
    )


def _total(coverage: FlowCoverage) -> CoverageRow:
    return CoverageRow("Total", *coverage.covered(), percent_text(*coverage.covered()), ())
