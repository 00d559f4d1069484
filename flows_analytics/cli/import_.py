"""``flows-analytics import``: take calls from logs that never were ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from flows_analytics.cli.console import ERRORS, RESULTS
from flows_analytics.cli.problems import Problems
from flows_analytics.errors import FlowsAnalyticsError


def import_(
    store: Annotated[Path, typer.Argument(help="The calls directory; created if it is missing.", metavar="STORE")],
    visits: Annotated[
        Path, typer.Option("--visits", metavar="FILE", help="One row per visit: Parquet, CSV or Arrow.")
    ],
    calls: Annotated[
        Path | None, typer.Option("--calls", metavar="FILE", help="One row per call, with its attributes.")
    ] = None,
    exits: Annotated[
        list[str] | None,
        typer.Option("--exit-means", metavar="WORD=KIND", help="What an exit_kind means. Repeatable."),
    ] = None,
    outcomes: Annotated[
        list[str] | None,
        typer.Option("--outcome-means", metavar="WORD=KIND", help="What an outcome means. Repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON document.")] = False,
) -> None:
    """Take calls from a log of visits. Calls imported before are replaced; calls recorded here are not touched.

    Calls whose rows make no sense are named on stderr and left out, and the exit code is 1.
    """
    from flows_analytics.store.call_store import CallStore
    from flows_analytics.store.outcomes import Meanings

    problems = Problems()
    meanings = Meanings(_pairs("--exit-means", exits), _pairs("--outcome-means", outcomes))
    with ERRORS.status("Importing calls"):
        done = CallStore(store, on_problem=problems).import_visits(visits, calls, meanings=meanings)
    if as_json:
        document = {"calls": done.calls, "visits": done.visits, "replaced": done.replaced}
        typer.echo(json.dumps({**document, "problems": problems.to_list()}))
    else:
        again = f", {done.replaced:,} of them once more" if done.replaced else ""
        RESULTS.print(f"{done.calls:,} calls with {done.visits:,} visits imported{again}.", markup=False)
    if problems.exit_code:
        raise typer.Exit(problems.exit_code)


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in given or ():
        key, equals, value = pair.rpartition("=")
        if not equals:
            raise FlowsAnalyticsError("option_not_valid", f"{option} {pair}: write WORD=KIND")
        pairs[key] = value
    return pairs
