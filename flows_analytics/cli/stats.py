"""``flows-analytics stats``: where callers go, how long they stay, and where they are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows_analytics.cli.answers import print_json, print_text
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

if TYPE_CHECKING:
    from flows_analytics.store.counts import Buckets, FlowCounts
    from flows_analytics.store.view import View

TimeIn = Annotated[
    str | None,
    typer.Option(
        "--time-in", metavar="NODE", help="Show how long visits to this node last, those under way included."
    ),
]


def stats(
    store: Store,
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
    time_in: TimeIn = None,
    as_json: AsJson = False,
) -> None:
    """Count calls: where they go, how long they stay, where they are lost, and what a fix is worth.

    The exit code is 1 if there are no calls, or if some could not be read: they are named on stderr.
    """
    from rich.console import Group
    from rich.text import Text

    from flows_analytics.stats.flow_stats import FlowStats
    from flows_analytics.stats.outlook import Outlook
    from flows_analytics.stats.survival import TimeInNode

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

    def use(view: View) -> tuple[FlowCounts, Buckets | None]:
        return view.count(), None if time_in is None else view.running(time_in)

    answer = ask(
        store, chosen, use, goals=goal, flow=flow, nodes={"--time-in": [] if time_in is None else [time_in]}
    )
    counts, running = answer.value
    result = FlowStats(counts)
    outlook = Outlook.of(counts) if result.conversion is not None else None
    stay = None
    if time_in is not None and running is not None:
        there = counts.nodes.get(time_in)
        stay = TimeInNode.of(there.dwell if there else type(running)(), running)
    if as_json:
        document = result.to_dict()
        document["outlook"] = outlook.to_dict() if outlook else None
        document["time_in_node"] = {"node": time_in, **stay.to_dict()} if stay else None
        print_json(document, answer.problems)
    else:
        shown = [result, *([outlook] if outlook and outlook.nodes else []), *([stay] if stay else [])]
        print_text(Group(*(part for each in shown for part in (each.table(), Text()))))
    if answer.exit_code:
        raise typer.Exit(answer.exit_code)
