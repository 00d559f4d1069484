"""``flows-analytics report``: calls as HTML pages."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain, count
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from flows_analytics.cli.console import ERRORS, RESULTS
from flows_analytics.errors import CallNotFoundError, FlowsAnalyticsError


def report(
    calls: Annotated[
        list[str], typer.Argument(help="JSON files, ids in --dir, or directories of calls.", metavar="CALL...")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", file_okay=False, help="The directory for the pages. Default: each beside its record."
        ),
    ] = None,
    directory: Annotated[
        Path, typer.Option("--dir", "-d", help="The calls directory in which to look for ids.")
    ] = Path("calls"),
    template_dir: Annotated[
        Path | None, typer.Option("--template-dir", help="A directory of templates that replace ours by name.")
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write an HTML page for each call: self-contained, nothing loaded from the network.

    A record that cannot be read is named and skipped; the others are still written, and the exit code is 1.
    """
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
