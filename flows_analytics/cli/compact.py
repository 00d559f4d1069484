"""``flows-analytics compact``: bring the calls of a directory into its tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flows_analytics.cli.console import ERRORS, RESULTS
from flows_analytics.cli.problems import Problems
from flows_analytics.cli.stores import open_store


def compact(
    store: Annotated[Path, typer.Argument(help="The calls directory.", metavar="STORE")],
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="How many at once. Default: one for each core.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON document.")] = False,
) -> None:
    """Bring new and changed calls into the tables, which makes statistics fast. The records stay.

    Safe beside running bots and a second compactor. What cannot be read is named on stderr, and the exit code
    is 1.
    """
    problems = Problems()
    columns = (TextColumn("Reading calls"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERRORS, transient=True) as progress:
        task = progress.add_task("", total=None)
        done = open_store(store, problems).compact(
            processes=processes, progress=lambda count: progress.advance(task, count)
        )
    if as_json:
        typer.echo(json.dumps({"calls": done.calls, "problems": problems.to_list()}))
    else:
        RESULTS.print(f"{done.calls:,} call{'s' if done.calls != 1 else ''} compacted.", markup=False)
    if problems.exit_code:
        raise typer.Exit(problems.exit_code)
