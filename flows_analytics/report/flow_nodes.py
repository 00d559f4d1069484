"""The table of a flow's nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows_analytics.report.flow_figures import (
    Figure,
    count_figure,
    counts_of,
    quantile_figure,
    rate_figure,
)
from flows_analytics.report.flow_map import loss_class
from flows_analytics.report.flow_words import ended_words
from flows_analytics.report.visible import Name, page_name
from flows_analytics.report.words import counted
from flows_analytics.stats.node_row import NodeRow

MOST_NODES = 200
_OVER = "visits that are over"


@dataclass(frozen=True)
class NodeItem:
    """One node.

    Attributes:
        key: Which node it is, as all parts of the page know it.
        name: Its name.
        sort: Its name, for sorting.
        goal: Whether it means success.
        unnamed: Whether its name was made up, because the flow gave none.
        calls: Calls that came here.
        share: Those of all calls with a flow.
        width: The same for a bar, 0 to 100.
        visits: Visits.
        lost: Paths that ended here without a goal.
        loss: Those of the visits that are over.
        loss_class: The same as a class from 0 (nothing) to 5.
        dwell_p50: Half of the visits took no longer.
        dwell_p95: 19 of 20 visits took no longer.
        latency_p95: 19 of 20 answers took no longer.
        revisits: Visits that were not the flow's first, of all visits.
        errors: Tool calls that failed, of all.
        open: Visits under way.
        ended: How paths ended here, in words; empty if none did.
    """

    key: str
    name: Name
    sort: str
    goal: bool
    unnamed: bool
    calls: Figure
    share: Figure
    width: float
    visits: Figure
    lost: Figure
    loss: Figure
    loss_class: int
    dwell_p50: Figure
    dwell_p95: Figure
    latency_p95: Figure
    revisits: Figure
    errors: Figure
    open: Figure
    ended: str


@dataclass(frozen=True)
class NodesView:
    """The table.

    Attributes:
        items: The nodes, those of most calls first.
        rest: What is said of the others; empty if there are none.
    """

    items: tuple[NodeItem, ...]
    rest: str


def node_keys(rows: Sequence[NodeRow]) -> dict[str, str]:
    """Give the nodes that the page shows keys by which its parts know them: names can hold anything.

    Args:
        rows: The nodes, those of most calls first.

    Returns:
        Keys by name.
    """
    return {row.node: str(number) for number, row in enumerate(rows[:MOST_NODES], start=1)}


def is_unnamed(node: str) -> bool:
    """Tell whether a node's name was made up.

    Args:
        node: The name.

    Returns:
        Whether it is ``unnamed``, or ``unnamed:`` and what its functions come to.
    """
    return node == "unnamed" or node.startswith("unnamed:")


def nodes_view(rows: Sequence[NodeRow], keys: Mapping[str, str]) -> NodesView:
    """Show the nodes as a table.

    Args:
        rows: The nodes, those of most calls first.
        keys: Their keys.

    Returns:
        The view.
    """
    left = rows[MOST_NODES:]
    rest = ""
    if left:
        rest = (
            f"The {MOST_NODES} nodes of most calls are shown. {counted(len(left), 'other')} had "
            f"{counted(left[0].calls, 'call')} or fewer each; `flows-analytics stats --json` has them all."
        )
    return NodesView(tuple(_item(row, keys[row.node]) for row in rows[:MOST_NODES]), rest)


def _item(row: NodeRow, key: str) -> NodeItem:
    answers = "answers whose latency is known"
    return NodeItem(
        key=key,
        name=page_name(row.node),
        sort=row.node[:60].casefold(),
        goal=row.goal,
        unnamed=is_unnamed(row.node),
        calls=count_figure(row.calls, f"{counts_of(row.share, 'calls')} with a flow came here"),
        share=rate_figure(row.share, "calls with a flow"),
        width=round(100 * (row.share.value or 0.0), 1),
        visits=count_figure(row.visits, f"visits, in {counted(row.calls, 'call')}"),
        lost=count_figure(row.loss_rate.numerator, counts_of(row.loss_rate, _OVER)),
        loss=rate_figure(row.loss_rate, _OVER),
        loss_class=loss_class(row.loss_rate),
        dwell_p50=quantile_figure(row.dwell, row.dwell.p50_ms, _OVER),
        dwell_p95=quantile_figure(row.dwell, row.dwell.p95_ms, _OVER),
        latency_p95=quantile_figure(row.latency, row.latency.p95_ms, answers),
        revisits=rate_figure(row.revisit_rate, "visits"),
        errors=rate_figure(row.tool_error_rate, "tool calls"),
        open=count_figure(row.open, f"of {counted(row.visits, 'visit')} under way"),
        ended=", ".join(
            f"{ended_words(kind)} {many:,}"
            for kind, many in sorted(row.exits.items(), key=lambda each: (-each[1], each[0]))
        ),
    )
