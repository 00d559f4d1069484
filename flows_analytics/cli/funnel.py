"""``flows-analytics funnel``: how many calls get from step to step."""

from __future__ import annotations

from enum import StrEnum
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
from flows_analytics.cli.steps_option import Exclude, Steps, Window, read_steps, read_window

if TYPE_CHECKING:
    from flows_analytics.stats.funnel_comparison import FunnelComparison
    from flows_analytics.stats.funnel_result import FunnelResult
    from flows_analytics.store.view import View


class FunnelMode(StrEnum):
    """In which order steps count."""

    ORDERED = "ordered"
    STRICT = "strict"
    ANY = "any"


def funnel(
    store: Store,
    steps: Steps,
    mode: Annotated[
        FunnelMode,
        typer.Option(
            "--mode", help="ordered: other nodes may lie between; strict: none may; any: in whatever order."
        ),
    ] = FunnelMode.ORDERED,
    window: Window = None,
    exclude: Exclude = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="NAME", help="Break down by this attribute of calls: agent_version, or metadata."
        ),
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
    """Count how many calls get from step to step: --steps greet,verify,book.

    With --by, two values are compared step by step. --goal adds how many of those who reached a step came to a
    goal in the end. The exit code is 1 if there are no calls, or if some could not be read: they are named on
    stderr.
    """
    from rich.console import Group
    from rich.text import Text

    from flows_analytics.stats.funnel import Funnel

    most_time = read_window(window)
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

    def use(view: View) -> FunnelResult:
        known = view.nodes if view.calls_there else None
        question = Funnel(read_steps(steps, known), mode.value, most_time, exclude or (), by, goal or None)
        return view.follow_paths(question.follower(), by)

    answer = ask(store, chosen, use, goals=goal, flow=flow, nodes={"--exclude": exclude or ()})
    result = answer.value
    compared = _compared(result)
    if as_json:
        print_json({**result.to_dict(), "comparison": compared.to_dict() if compared else None}, answer.problems)
    else:
        print_text(Group(result.table(), *([Text(), compared.table()] if compared else [])))
    if answer.exit_code:
        raise typer.Exit(answer.exit_code)


def _compared(result: FunnelResult) -> FunnelComparison | None:
    """Compare the parts of a result if there are two."""
    from flows_analytics.stats.funnel_comparison import compare_funnels

    named = {value: part for value, part in result.parts.items() if value is not None}
    if len(named) != 2:
        return None
    (first, before), (second, after) = named.items()
    return compare_funnels(before, after, (first, second))
