"""``flows-analytics graph``: the flow as calls took it, for drawing."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows_analytics.cli.console import RESULTS
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
from flows_analytics.cli.question import AsJson, Flow, Store, ask


class GraphFormat(StrEnum):
    """What a graph can be written as."""

    MERMAID = "mermaid"
    GRAPHML = "graphml"
    JSON = "json"


_BY_SUFFIX = {".graphml": GraphFormat.GRAPHML, ".json": GraphFormat.JSON}


def graph(
    store: Store,
    format_: Annotated[
        GraphFormat | None,
        typer.Option("--format", "-f", help="Default: what the name of --out ends with, else mermaid."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", dir_okay=False, help="A file to write instead of stdout.")
    ] = None,
    since: Since = None,
    until: Until = None,
    agent: Agent = None,
    version: Version = None,
    node: Node = None,
    exit_kind: Exit = None,
    reached: Reached = None,
    meta: Meta = None,
    goal: Goals = None,
    flow: Flow = None,
    as_json: AsJson = False,
) -> None:
    """Write the flow as calls took it: nodes and transitions with their figures.

    mermaid draws in Markdown, graphml opens in Gephi and yEd, json is what networkx calls node-link data. The exit
    code is 1 if there are no calls, or if some could not be read: they are named on stderr.
    """
    import json

    from flows_analytics.files.atomic import replace
    from flows_analytics.stats.flow_stats import FlowStats
    from flows_analytics.stats.graph_text import graphml, mermaid, node_link

    if as_json and format_ not in (None, GraphFormat.JSON):
        raise typer.BadParameter("a graph is written in one format", param_hint="--json")
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
    wanted = GraphFormat.JSON if as_json else format_
    if wanted is None:
        wanted = _BY_SUFFIX.get(out.suffix.casefold() if out else "", GraphFormat.MERMAID)
    answer = ask(store, chosen, lambda view: view.count(), goals=goal, flow=flow)
    result = FlowStats(answer.value)
    match wanted:
        case GraphFormat.MERMAID:
            text = mermaid(result)
        case GraphFormat.GRAPHML:
            text = graphml(result)
        case GraphFormat.JSON:
            document = {**node_link(result), "problems": answer.problems.to_list()}
            text = json.dumps(document, allow_nan=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        RESULTS.print(str(replace(out, text.encode("utf-8"))), markup=False, soft_wrap=True)
    if answer.exit_code:
        raise typer.Exit(answer.exit_code)
