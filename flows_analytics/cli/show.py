"""``flows-analytics show``: one call as text, as JSON or as a diagram."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows_analytics.cli.console import RESULTS


class Format(StrEnum):
    """What a call is shown as."""

    TEXT = "text"
    JSON = "json"
    MERMAID = "mermaid"


def show(
    call: Annotated[str, typer.Argument(help="A call's JSON file, or its id in --dir.")],
    directory: Annotated[
        Path, typer.Option("--dir", "-d", help="The calls directory in which to look for an id.")
    ] = Path("calls"),
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            help="text: for reading; json: the whole record, with its summary; mermaid: the flow as a diagram.",
        ),
    ] = Format.TEXT,
) -> None:
    """Show one call in the terminal: its path, and what was said and done in each node."""
    from flows_analytics.calls.record import CallRecord
    from flows_analytics.files.layout import find_call
    from flows_analytics.report.mermaid import call_as_mermaid
    from flows_analytics.report.text import call_as_text

    record = CallRecord.load(find_call(call, directory))
    match form:
        case Format.JSON:
            # Not through rich, which would wrap and colour what machines read.
            typer.echo(record.to_json())
        case Format.MERMAID:
            typer.echo(call_as_mermaid(record), nl=False)
        case Format.TEXT:
            RESULTS.print(call_as_text(record))
