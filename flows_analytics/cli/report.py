"""``flows-analytics report``: calls as HTML pages, one each or all in one."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain, count
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

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
from flows_analytics.cli.flow_report import (
    By,
    Compare,
    FlowId,
    FlowQuestion,
    FlowStore,
    FunnelSteps,
    Rename,
    refuse_flow_options,
    write_flow_report,
)
from flows_analytics.errors import CallNotFoundError, FlowsAnalyticsError


def report(
    calls: Annotated[
        list[str] | None,
        typer.Argument(
            help="JSON files, ids in --dir, or directories of calls: a page for each.", metavar="CALL..."
        ),
    ] = None,
    flow: FlowStore = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="The directory for the pages; with --flow the file. Default: beside the records.",
        ),
    ] = None,
    directory: Annotated[
        Path, typer.Option("--dir", "-d", help="The calls directory in which to look for ids.")
    ] = Path("calls"),
    template_dir: Annotated[
        Path | None, typer.Option("--template-dir", help="A directory of templates that replace ours by name.")
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    by: By = None,
    compare: Compare = None,
    rename: Rename = None,
    goal: Goals = None,
    steps: FunnelSteps = None,
    flow_id: FlowId = None,
    since: Since = None,
    until: Until = None,
    agent: Agent = None,
    version: Version = None,
    node: Node = None,
    exit_kind: Exit = None,
    reached: Reached = None,
    meta: Meta = None,
) -> None:
    """Write an HTML page for each call, or with --flow one page of the flow over many calls.

    Pages are self-contained: nothing is loaded from the network. What cannot be read is named and left out; the
    rest is still written, and the exit code is 1. Options from --by on belong to --flow.
    """
    if flow is not None:
        if calls:
            raise typer.BadParameter("name calls or --flow STORE, not both", param_hint="CALL...")
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
        question = FlowQuestion(flow, chosen, goal, by, compare, rename, steps, flow_id)
        write_flow_report(question, out=out, template_dir=template_dir, open_page=open_page)
        return
    if not calls:
        raise typer.BadParameter("name at least one call, or --flow STORE", param_hint="CALL...")
    refuse_flow_options(
        [
            *(("--by", by), ("--compare", compare), ("--rename", rename), ("--goal", goal), ("--steps", steps)),
            *(("--flow-id", flow_id), ("--since", since), ("--until", until), ("--agent", agent)),
            *(("--agent-version", version), ("--node", node), ("--exit", exit_kind), ("--meta", meta)),
            ("--reached-goal/--missed-goal", reached),
        ]
    )
    if out is not None and out.is_file():
        raise typer.BadParameter(f"{out} is a file: name a directory for the pages", param_hint="--out")
    _write_calls(calls, out, directory, template_dir, open_page=open_page)


def _write_calls(
    calls: list[str], out: Path | None, directory: Path, template_dir: Path | None, *, open_page: bool
) -> None:
    from flows_analytics.calls.record import CallRecord
    from flows_analytics.files.atomic import replace
    from flows_analytics.files.layout import REPORT_SUFFIX
    from flows_analytics.report.html import render_call_report
    from flows_analytics.report.reach import record_dir_seen_from

    # In the order written, and quick to ask: a directory may hold very many calls.
    pages: dict[Path, None] = {}
    failed = 0
    records, missing = _files(calls, directory)
    for told in missing:
        ERRORS.print(f"skipped: {told}", soft_wrap=True)
    for file in track(records, "Writing pages", console=ERRORS, disable=len(records) < 10, transient=True):
        try:
            record = CallRecord.load(file)
            record_dir = record_dir_seen_from(out or file.parent, file.parent, record)
            page = render_call_report(record, template_dir=template_dir, record_dir=record_dir)
        except FlowsAnalyticsError as error:
            ERRORS.print(f"skipped: {error.message}", soft_wrap=True)
            failed += 1
            continue
        target = _free((out or file.parent) / f"{file.stem}{REPORT_SUFFIX}", pages)
        pages[replace(target, page.encode("utf-8"))] = None
    for page_file in pages:
        RESULTS.print(str(page_file), soft_wrap=True)
    if open_page and pages:
        typer.launch(str(next(iter(pages)).resolve()))
    if failed or missing:
        raise typer.Exit(1)


def _free(page: Path, written: Container[Path]) -> Path:
    """A page of an earlier run is replaced; one of this run, of a call of the same name elsewhere, is not."""
    numbered = (page.with_stem(f"{page.stem}~{number}") for number in count(2))
    return next(path for path in chain([page], numbered) if path not in written)


def _files(calls: list[str], directory: Path) -> tuple[list[Path], list[str]]:
    """The files that are meant, and what to say of those that are not there."""
    from flows_analytics.files.layout import find_call, list_calls

    files: list[Path] = []
    missing: list[str] = []
    for call in calls:
        if Path(call).is_dir():
            # What the demo writes has its calls one level down.
            found = list_calls(Path(call)) or list_calls(Path(call, "calls"))
            if not found:
                missing.append(f"{call}: no calls there (a calls directory holds *.json)")
            files.extend(found)
        else:
            try:
                files.append(find_call(call, directory))
            except CallNotFoundError as error:
                missing.append(error.message)
    return list(dict.fromkeys(files)), missing
