"""The Typer application, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any

import typer

from flows_analytics.cli.assert_path import assert_path
from flows_analytics.cli.calls import calls
from flows_analytics.cli.compact import compact
from flows_analytics.cli.compare import compare
from flows_analytics.cli.console import ERRORS
from flows_analytics.cli.deliver import deliver
from flows_analytics.cli.demo import demo
from flows_analytics.cli.export import export
from flows_analytics.cli.forget import forget
from flows_analytics.cli.funnel import funnel
from flows_analytics.cli.graph import graph
from flows_analytics.cli.import_ import import_
from flows_analytics.cli.paths import paths
from flows_analytics.cli.prune import prune
from flows_analytics.cli.recover import recover
from flows_analytics.cli.report import report
from flows_analytics.cli.show import show
from flows_analytics.cli.stats import stats
from flows_analytics.cli.to_test import to_test
from flows_analytics.errors import FlowsAnalyticsError

app = typer.Typer(
    name="flows-analytics",
    help="Analytics for Pipecat Flows: where in the flow it happened, how long it took, and what was said there.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    # A traceback with local variables would print what callers said.
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(show)
app.command()(report)
app.command(name="to-test")(to_test)
app.command(name="assert-path")(assert_path)
app.command()(recover)
app.command()(deliver)
app.command()(prune)
app.command()(forget)
app.command()(calls)
app.command()(compact)
app.command("import")(import_)
app.command()(export)
app.command()(stats)
app.command()(funnel)
app.command()(paths)
app.command()(graph)
app.command()(compare)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"flows-analytics {version('flows-analytics')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Options of the program itself."""


@cache
def _program() -> Any:
    """The commands with their options, read from their signatures once for a process that runs several."""
    return typer.main.get_command(app)


def run_app(argv: Sequence[str] | None) -> int:
    """Run a command and turn what it raises into a message on stderr.

    Args:
        argv: The words after the program's name; those of this process if None.

    Returns:
        The exit code.
    """
    try:
        _program()(args=None if argv is None else list(argv), prog_name="flows-analytics")
    except SystemExit as exit_:
        # Typer ends so, with the code of its own messages or of a command's.
        return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except FlowsAnalyticsError as error:
        _refuse(error.code, error.message, argv)
    except OSError as error:
        _refuse("file_error", str(error), argv)
    return 1


def _refuse(code: str, message: str, argv: Sequence[str] | None) -> None:
    """Say on stderr what went wrong, and in one document on stdout if that is what was asked for."""
    ERRORS.print(f"error: {message}", markup=False, soft_wrap=True)
    if "--json" in (sys.argv[1:] if argv is None else argv):
        typer.echo(json.dumps({"error": {"code": code, "message": message}}))
