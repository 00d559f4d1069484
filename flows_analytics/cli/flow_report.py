"""``flows-analytics report --flow``: many calls as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows_analytics.cli.choices import check_choice
from flows_analytics.cli.console import ERRORS, RESULTS
from flows_analytics.cli.question import ask
from flows_analytics.cli.rename_option import read_renames, with_old_names
from flows_analytics.cli.steps_option import read_steps

if TYPE_CHECKING:
    from flows_analytics.report.flow_facts import FlowFacts
    from flows_analytics.store.filter import Filter
    from flows_analytics.store.view import View

PAGE = "flow-report.html"
"""What the page is called unless somebody names it."""

FlowStore = Annotated[
    Path | None,
    typer.Option("--flow", metavar="STORE", help="Write one page of the flow over all calls of this directory."),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by", metavar="NAME", help="With --flow: break down by agent_version, or by a key of metadata."
    ),
]
Compare = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--compare", metavar="A B", help="With --by: compare these two values. Default: if there are two."
    ),
]
Rename = Annotated[
    list[str] | None,
    typer.Option(
        "--rename", metavar="OLD=NEW", help="With --compare: what a node of A is called in B. Repeatable."
    ),
]
FunnelSteps = Annotated[
    str | None,
    typer.Option(
        "--steps", metavar="A,B,C", help="With --flow: steps of the funnel, as funnel takes them. Default: chosen."
    ),
]
FlowId = Annotated[
    str | None,
    typer.Option("--flow-id", metavar="ID", help="With --flow: only this flow of each call. Default: all."),
]


@dataclass(frozen=True)
class FlowQuestion:
    """What the page of a flow is asked for.

    Attributes:
        directory: The calls directory.
        chosen: Which calls.
        goals: Each ``--goal``; None if those that the calls name.
        by: ``--by``.
        compare: ``--compare``.
        rename: Each ``--rename``.
        steps: ``--steps``.
        flow: ``--flow-id``.
    """

    directory: Path
    chosen: Filter
    goals: list[str] | None
    by: str | None
    compare: tuple[str, str] | None
    rename: list[str] | None
    steps: str | None
    flow: str | None


def write_flow_report(
    question: FlowQuestion, *, out: Path | None, template_dir: Path | None, open_page: bool
) -> None:
    """Write the page of a flow, and say where.

    Args:
        question: What it is asked for.
        out: The file, or a directory to write it to; None for the calls directory.
        template_dir: A directory of templates that replace ours by name; None for none.
        open_page: Whether to open it in the browser.

    Raises:
        FlowsAnalyticsError: As `ask` and `render_flow_facts`.
        typer.Exit: With 1 if there are no calls, or if some could not be read.
    """
    from flows_analytics.files.atomic import replace as replace_file
    from flows_analytics.report.flow_html import render_flow_facts
    from flows_analytics.report.flow_links import pages_seen_from

    if question.compare is not None and question.by is None:
        raise typer.BadParameter("say of which attribute, such as --by agent_version", param_hint="--compare")
    names = read_renames(question.rename or [])
    # A goal goes by its old name in A.
    goals = with_old_names(question.goals, names)
    answer = ask(
        question.directory,
        question.chosen,
        lambda view: _facts(view, question, names),
        goals=goals,
        flow=question.flow,
        flow_option="--flow-id",
        nodes={"--rename": [*names.keys(), *names.values()]},
    )
    facts = replace(answer.value, problems=tuple(answer.problems.seen))
    if not facts.calls_there:
        raise typer.Exit(answer.exit_code)
    target = out or question.directory / PAGE
    if target.is_dir():
        target /= PAGE
    with ERRORS.status("Drawing"):
        page = render_flow_facts(
            facts,
            find_page=pages_seen_from(target.parent, _calls_dir(question.directory)),
            template_dir=template_dir,
        )
    RESULTS.print(str(replace_file(target, page.encode("utf-8"))), soft_wrap=True)
    if open_page:
        typer.launch(str(target.resolve()))
    if answer.exit_code:
        raise typer.Exit(answer.exit_code)


def refuse_flow_options(given: Sequence[tuple[str, object]]) -> None:
    """Refuse options that only the page of a flow has.

    Args:
        given: Options with what was given for each.

    Raises:
        typer.BadParameter: One of them was given.
    """
    for option, value in given:
        if value is not None and value != []:
            raise typer.BadParameter("only the page of a flow has this: add --flow STORE", param_hint=option)


def _facts(view: View, question: FlowQuestion, names: dict[str, str]) -> FlowFacts:
    from flows_analytics.report.flow_filters import filter_words
    from flows_analytics.report.flow_reading import read_flow_facts

    if question.compare is not None and question.by is not None and view.calls_there:
        there = sorted(value for value in view.sizes(question.by) if value is not None)
        for value in question.compare:
            check_choice(f"--compare, by {question.by}", "value", value, there)
    return read_flow_facts(
        view,
        store=question.directory.resolve().name,
        flow=question.flow,
        filters=filter_words(question.chosen),
        goals_given=question.goals is not None,
        by=question.by if view.calls_there else None,
        compare=question.compare if view.calls_there else None,
        renamed=names,
        steps=(
            None
            if question.steps is None
            else read_steps(question.steps, view.nodes if view.calls_there else None)
        ),
    )


def _calls_dir(directory: Path) -> Path:
    """The directory that holds the records: what the demo writes has it one level down."""
    inside = directory / "calls"
    return inside if inside.is_dir() else directory
