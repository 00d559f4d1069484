"""``flows-analytics compare``: is the new version better, and which nodes made the difference?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from flows_analytics.cli.answers import print_json, print_text
from flows_analytics.cli.choices import check_choice
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
from flows_analytics.cli.rename_option import read_renames, with_old_names
from flows_analytics.cli.steps_option import read_steps
from flows_analytics.errors import FlowsAnalyticsError

if TYPE_CHECKING:
    from flows_analytics.stats.funnel_comparison import FunnelComparison
    from flows_analytics.store.counts import FlowCounts
    from flows_analytics.store.view import View


def compare(
    store: Store,
    before: Annotated[str, typer.Argument(help="The value compared with, such as the old version.", metavar="A")],
    after: Annotated[str, typer.Argument(help="The value compared, such as the new version.", metavar="B")],
    by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Attribute of calls: agent_version, or metadata.")
    ] = "agent_version",
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", metavar="OLD=NEW", help="What a node of A is called in B. Repeatable."),
    ] = None,
    steps: Annotated[
        str | None, typer.Option("--steps", metavar="A,B,C", help="Compare step by step, too, as funnel does.")
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
    """Compare the success of two versions, and split the difference by node: --by agent_version 41 42.

    Success is a goal reached; finished paths count. The exit code is 1 if there is nothing to compare, or if calls
    could not be read: they are named on stderr.
    """
    from rich.console import Group
    from rich.text import Text

    from flows_analytics.stats.version_comparison import compare_versions

    if before == after:
        raise typer.BadParameter("name two different values", param_hint="A B")
    names = read_renames(rename or [])
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
    # A goal goes by its old name in A.
    goals = with_old_names(goal, names)
    answer = ask(
        store,
        chosen,
        lambda view: _Found.of(view, by, (before, after), steps, names),
        goals=goals,
        flow=flow,
        nodes={"--rename": [*names.keys(), *names.values()]},
    )
    found = answer.value
    if not (found.before.goals or found.after.goals):
        raise FlowsAnalyticsError(
            "goal_unknown",
            f"no goal is known of these calls: name a node that means success with --goal. "
            f"There are: {', '.join(sorted({*found.before.nodes, *found.after.nodes}))}.",
        )
    result = compare_versions(found.before, found.after, (before, after), names)
    if as_json:
        told = found.steps.to_dict() if found.steps else None
        print_json({"by": by, **result.to_dict(), "steps": told}, answer.problems)
    else:
        print_text(Group(result.table(), *([Text(), found.steps.table()] if found.steps else [])))
    if answer.exit_code or result.conversion.value is None:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Found:
    """What was found of two values."""

    before: FlowCounts
    after: FlowCounts
    steps: FunnelComparison | None

    @classmethod
    def of(
        cls, view: View, by: str, values: tuple[str, str], steps: str | None, names: Mapping[str, str]
    ) -> _Found:
        there = [value for value in view.sizes(by) if value is not None]
        if not there:
            raise FlowsAnalyticsError("nothing_to_compare", f"no call that the options ask for has an {by}")
        for value in values:
            check_choice(f"--by {by}", "value", value, sorted(there))
        compared = None if steps is None else _compared_steps(view, by, values, steps, names)
        counted = view.count_by(by, values)
        return cls(counted[values[0]], counted[values[1]], compared)


def _compared_steps(
    view: View, by: str, values: tuple[str, str], steps: str, names: Mapping[str, str]
) -> FunnelComparison:
    from flows_analytics.stats.funnel import Funnel
    from flows_analytics.stats.funnel_call import calls_of_visits
    from flows_analytics.stats.funnel_comparison import compare_funnels

    funnel = Funnel(read_steps(steps, view.nodes), by=by)
    # The old names become the new ones on the way in, so that steps are called the same in both.
    visits = (
        visit._replace(node=names.get(visit.node, visit.node)) if visit.group == values[0] else visit
        for visit in view.follow(by)
    )
    parts = funnel.of_calls(calls_of_visits(visits)).parts
    missing = next((value for value in values if value not in parts), None)
    if missing is not None:
        raise FlowsAnalyticsError("nothing_to_compare", f"no call of {by} {missing} visited any node")
    return compare_funnels(parts[values[0]], parts[values[1]], values)
