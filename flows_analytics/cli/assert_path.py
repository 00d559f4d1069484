"""``flows-analytics assert-path``: the path of a recorded call against the one that is expected."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows_analytics.cli.console import ERRORS, RESULTS
from flows_analytics.errors import FlowsAnalyticsError


def assert_path(
    call: Annotated[str, typer.Argument(help="A call's JSON file, or its id in --dir.", metavar="FILE")],
    path: Annotated[str, typer.Argument(help='The nodes in order, such as "initial > menu > end".')],
    directory: Annotated[
        Path, typer.Option("--dir", "-d", help="The calls directory in which to look for an id.")
    ] = Path("calls"),
) -> None:
    """Check that a recorded call took a path. If it took another one, it is drawn, and the exit code is 1."""
    from flows_analytics.calls.record import CallRecord
    from flows_analytics.files.layout import find_call
    from flows_analytics.testing.assertions import assert_path as compare
    from flows_analytics.testing.assertions import read_written_path

    try:
        expected = read_written_path(path)
    except ValueError as error:
        raise FlowsAnalyticsError("path_not_valid", str(error)) from None
    record = CallRecord.load(find_call(call, directory))
    try:
        compare(record, expected)
    except AssertionError as failure:
        ERRORS.print(str(failure), soft_wrap=True)
        raise typer.Exit(1) from None
    RESULTS.print(" > ".join(record.path), soft_wrap=True)
