"""``flows-analytics export``: calls for other programs."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows_analytics.cli.console import ERRORS, RESULTS
from flows_analytics.cli.filters import (
    Agent,
    Exit,
    Goals,
    Meta,
    Node,
    Reached,
    Since,
    Until,
    Version,
    read_filter,
)
from flows_analytics.cli.problems import Problems
from flows_analytics.cli.stores import open_store

if TYPE_CHECKING:
    from flows_analytics.store.call_store import CallStore
    from flows_analytics.store.filter import Filter


class ExportFormat(StrEnum):
    """What calls can be written as."""

    PARQUET = "parquet"
    CSV = "csv"
    XES = "xes"
    GRAPHML = "graphml"
    MERMAID = "mermaid"


def export(
    store: Annotated[Path, typer.Argument(help="The calls directory.", metavar="STORE")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The directory; for xes, graphml and mermaid the file.")
    ],
    format_: Annotated[ExportFormat, typer.Option("--format", "-f", help="What to write.")] = ExportFormat.PARQUET,
    since: Since = None,
    until: Until = None,
    agent: Agent = None,
    version: Version = None,
    node: Node = None,
    exit_kind: Exit = None,
    reached: Reached = None,
    meta: Meta = None,
    goal: Goals = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON document.")] = False,
) -> None:
    """Write calls as Parquet or CSV, a file per table, as XES for process mining, or as a graph of their flow.

    XES opens in pm4py and Disco, GraphML in Gephi and yEd, Mermaid in Markdown. What cannot be read is named on
    stderr, and the exit code is 1.
    """
    chosen = read_filter(
        since=since,
        until=until,
        agent=agent,
        version=version,
        node=node,
        exit_kind=exit_kind,
        reached=reached,
        meta=meta,
    )
    problems = Problems()
    with ERRORS.status("Writing"):
        calls = open_store(store, problems)
        if format_ is ExportFormat.GRAPHML or format_ is ExportFormat.MERMAID:
            files = [_write_graph(calls, format_, out, chosen, goal)]
        else:
            files = calls.export(format_.value, out, chosen, goals=goal)
    if as_json:
        typer.echo(json.dumps({"files": [str(file) for file in files], "problems": problems.to_list()}))
    else:
        for file in files:
            RESULTS.print(str(file), markup=False, soft_wrap=True)
    if problems.exit_code:
        raise typer.Exit(problems.exit_code)


def _write_graph(
    calls: CallStore, format_: ExportFormat, out: Path, chosen: Filter, goals: list[str] | None
) -> Path:
    """Write the flow as the calls took it. Statistics know the graph, and the store knows none of them."""
    from flows_analytics.files.atomic import replace
    from flows_analytics.stats.flow_stats import FlowStats
    from flows_analytics.stats.graph_text import graphml, mermaid

    stats = FlowStats(calls.count(chosen, goals=goals))
    text = graphml(stats) if format_ is ExportFormat.GRAPHML else mermaid(stats)
    return replace(out, text.encode("utf-8"))
