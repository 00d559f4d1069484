"""Answers: statistics as a text for people or as one JSON document for programs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import typer

from flows_analytics.cli.console import RESULTS, Terminal
from flows_analytics.cli.problems import Problems

if TYPE_CHECKING:
    from rich.console import RenderableType

_PIPED = 1000


def print_json(document: dict[str, Any], problems: Problems) -> None:
    """Print one JSON document on stdout.

    Args:
        document: What it says.
        problems: What could not be counted; it says that too.
    """
    typer.echo(json.dumps({**document, "problems": problems.to_list()}, allow_nan=False))


def print_text(shown: RenderableType) -> None:
    """Print on stdout what people read: as wide as the terminal; in a pipe as wide as it is.

    Args:
        shown: What rich prints.
    """
    # Who reads a pipe searches lines: they are neither broken nor cut at a width that nobody sees.
    fitting = RESULTS.is_terminal or "COLUMNS" in os.environ
    console = RESULTS if fitting else Terminal(highlight=False, markup=False, emoji=False, width=_PIPED)
    console.print(shown)
