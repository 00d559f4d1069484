"""The flow as calls took it, as a text that other programs draw."""

from __future__ import annotations

import json
import re
from typing import Any

from flows_analytics.calls.mermaid_text import mermaid_text
from flows_analytics.calls.visible import visible
from flows_analytics.stats.flow_stats import FlowStats
from flows_analytics.stats.rates import SMALL, Rate

# No code of XML 1.0 stands for these.
_NO_XML = re.compile("[\ufffe\uffff]")


def mermaid(stats: FlowStats) -> str:
    """Write the flow as a Mermaid flowchart.

    Args:
        stats: The statistics of calls.

    Returns:
        The chart: nodes with calls and the share lost there, goals rounded, transitions with their count and
        share, and dotted lines to how paths ended. A share of fewer than 30 has a star.
    """
    lines = ["flowchart TD"]
    place = {row.node: f"n{number}" for number, row in enumerate(stats.nodes)}
    for row in stats.nodes:
        lost = f"<br/>{_share(row.loss_rate)} lost" if row.loss_rate.numerator else ""
        label = f'"{mermaid_text(row.node)}<br/>{row.calls:,} call{"" if row.calls == 1 else "s"}{lost}"'
        lines.append(f"    {place[row.node]}" + (f"([{label}])" if row.goal else f"[{label}]"))
    kinds = sorted({kind for row in stats.nodes for kind in row.exits})
    lines += [f'    x{number}(("{mermaid_text(kind)}"))' for number, kind in enumerate(kinds)]
    lines += [
        f'    {place[row.source]} -->|"{row.count:,} ({_share(row.p_out)})"| {place[row.target]}'
        for row in stats.edges
        if row.count
    ]
    lines += [
        f'    {place[row.node]} -.->|"{many:,}"| x{kinds.index(kind)}'
        for row in stats.nodes
        for kind, many in row.exits.items()
    ]
    shown = [row.loss_rate for row in stats.nodes if row.loss_rate.numerator]
    shown += [row.p_out for row in stats.edges if row.count]
    if any(rate.small for rate in shown):
        lines.append(f"    %% * of fewer than {SMALL}")
    return "\n".join(lines) + "\n"


def graphml(stats: FlowStats) -> str:
    """Write the flow as GraphML, which Gephi, yEd and networkx read.

    Args:
        stats: The statistics of calls.

    Returns:
        The document. Exits are a number for each kind, ``exits_hangup``; other parts by name are JSON texts; what
        is not known is left out.

    Raises:
        ExtraMissingError: networkx is not installed.
    """
    from flows_analytics.stats.digraph import graphml_of  # noqa: PLC0415  # networkx loads only if asked for

    graph: Any = stats.graph
    names: dict[str, str] = {}
    for name in graph.nodes:
        shown = plain = _NO_XML.sub("\ufffd", visible(name))
        number = 1
        while shown in names.values():
            number += 1
            shown = f"{plain}~{number}"
        names[name] = shown
    return graphml_of(
        {names[name]: _flat(data) for name, data in graph.nodes.items()},
        {(names[a], names[b]): _flat(data) for (a, b), data in graph.edges.items()},
    )


def node_link(stats: FlowStats) -> dict[str, Any]:
    """Give the flow as what networkx calls node-link data.

    Args:
        stats: The statistics of calls.

    Returns:
        ``directed``, ``multigraph``, ``graph`` (calls, goals and the like), ``nodes`` with their ``id`` and
        ``edges`` with ``source`` and ``target``: plain values.

    Raises:
        ExtraMissingError: networkx is not installed.
    """
    graph: Any = stats.graph
    whole = stats.to_dict()
    return {
        "directed": True,
        "multigraph": False,
        "graph": {name: value for name, value in whole.items() if name not in ("nodes", "edges")},
        "nodes": [{"id": name, **data} for name, data in graph.nodes.items()],
        "edges": [{"source": a, "target": b, **data} for (a, b), data in graph.edges.items()],
    }


def _share(rate: Rate) -> str:
    return f"{rate.text}*" if rate.small and rate.denominator else rate.text


def _flat(data: dict[str, Any]) -> dict[str, str | int | float | bool]:
    flat: dict[str, str | int | float | bool] = {}
    for name, value in data.items():
        if name == "exits":
            flat.update({f"exits_{kind}": many for kind, many in value.items()})
        elif isinstance(value, dict):
            if value:
                flat[name] = json.dumps(value)
        elif value is not None:
            flat[name] = value
    return flat
