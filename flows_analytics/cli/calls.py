"""``flows-analytics calls``: find calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from flows_analytics.calls.visible import one_line
from flows_analytics.cli.answers import print_text
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
    from flows_analytics.store.listing import CallSummary


def calls(
    store: Annotated[Path, typer.Argument(help="The calls directory.", metavar="STORE")],
    since: Since = None,
    until: Until = None,
    agent: Agent = None,
    version: Version = None,
    node: Node = None,
    exit_kind: Exit = None,
    reached: Reached = None,
    meta: Meta = None,
    goal: Goals = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, metavar="N", help="List so many at most. Default: all.")
    ] = None,
    newest: Annotated[bool, typer.Option("--newest", help="The last call first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON document.")] = False,
) -> None:
    """Find calls: --node verify --exit hangup lists those that hung up in verify.

    What cannot be read is named on stderr, and the exit code is 1.
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
    # One more than is shown tells whether there are more.
    asked = None if limit is None else limit + 1
    found = open_store(store, problems).find(chosen, goals=goal, limit=asked, newest=newest)
    more = limit is not None and len(found) > limit
    found = found[:limit]
    if as_json:
        calls_ = [call.to_dict() for call in found]
        typer.echo(json.dumps({"calls": calls_, "more": more, "problems": problems.to_list()}))
    else:
        _print(found, more=more)
    if problems.exit_code:
        raise typer.Exit(problems.exit_code)


def _print(found: list[CallSummary], *, more: bool) -> None:
    title = f"{len(found):,} call{'s' if len(found) != 1 else ''}{', and there are more' if more else ''}"
    if not found:
        print_text("No call is what the options ask for.")
        return
    table = Table(title=Text(title, style="bold"), title_justify="left", box=None, pad_edge=False)
    table.add_column("call", overflow="fold")
    table.add_column("started")
    table.add_column("took", justify="right")
    table.add_column("path", overflow="fold")
    table.add_column("ended by")
    for call in found:
        paths = [one_line(" > ".join(nodes)) for nodes in call.paths.values()]
        table.add_row(
            Text(one_line(call.call_id)),
            f"{call.started_at:%Y-%m-%d %H:%M}",
            "" if call.duration_ms is None else f"{call.duration_ms / 1000:,.1f} s",
            Text("\n".join(paths) or "no node"),
            Text(call.exit_kind + (", goal" if call.goal else "")),
        )
    print_text(table)
