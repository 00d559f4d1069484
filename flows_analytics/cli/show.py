"""``flows-analytics show``: one call as text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows_analytics.cli.console import RESULTS


def show(
    call: Annotated[str, typer.Argument(help="A call's JSON file, or its id in --dir.")],
    directory: Annotated[
        Path, typer.Option("--dir", "-d", help="The calls directory in which to look for an id.")
    ] = Path("calls"),
) -> None:
    """Show one call in the terminal: its path, and what was said and done in each node."""
    from flows_analytics.calls.record import CallRecord
    from flows_analytics.files.layout import find_call
    from flows_analytics.report.text import call_as_text

    RESULTS.print(call_as_text(CallRecord.load(find_call(call, directory))))
