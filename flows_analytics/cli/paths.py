"""``flows-analytics paths``: which ways calls take."""

from __future__ import annotations

from typing import Annotated

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


def paths(
    store: Store,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, metavar="N", help="Most ways and most loops to give.")
    ] = 20,
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
    """Show the ways that calls take: the most frequent ones, the loops, the nodes that every way to a goal passes.

    The exit code is 1 if there are no calls, or if some could not be read: they are named on stderr.
    """
    from rich.console import Group
    from rich.text import Text

    from flows_analytics.stats.gates import Gates
    from flows_analytics.stats.loops import Loops
    from flows_analytics.stats.variants import Variants

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
    answer = ask(store, chosen, lambda view: view.count(), goals=goal, flow=flow)
    ways, loops, gates = Variants.of(answer.value), Loops.of(answer.value), Gates.of(answer.value)
    reading = " ".join(each.reading() for each in (ways, loops, gates))
    if as_json:
        print_json(
            {
                "reading": reading,
                "paths": ways.paths,
                "variant_count": len(ways.rows),
                "variants": [row.to_dict() for row in ways.rows[:limit]],
                "loop_count": len(loops.loops),
                "loops": [loop.to_dict() for loop in loops.loops[:limit]],
                "knots": [sorted(knot) for knot in loops.knots],
                "goal_paths": gates.paths,
                "gates": [gate.to_dict() for gate in gates.gates],
                "mandatory": [gate.node for gate in gates.gates if gate.mandatory],
            },
            answer.problems,
        )
    else:
        shown = [ways.table(limit)]
        if loops.loops:
            shown += [Text(), loops.table(limit)]
        shown += [Text(), gates.table() if gates.gates else Text(gates.reading())]
        print_text(Group(*shown))
    if answer.exit_code:
        raise typer.Exit(answer.exit_code)
