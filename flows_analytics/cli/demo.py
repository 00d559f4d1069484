"""``flows-analytics demo``: real calls of packaged bots, in a minute, without keys or network."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from flows_analytics.cli.console import ERRORS, RESULTS
from flows_analytics.errors import FlowsAnalyticsError

if TYPE_CHECKING:
    from flows_analytics.demo import CallSummary

_DEFAULT_OUT = Path("demo-calls")
_PATHS_SHOWN = 5


def demo(
    calls: Annotated[int, typer.Option("--calls", min=1, max=10_000, help="How many calls to hold.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same calls.")] = 7,
    out: Annotated[
        Path | None,
        typer.Option("--out", help=f"Where calls/ and reports/ go. Default: {_DEFAULT_OUT}, {_DEFAULT_OUT}-2, …"),
    ] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="How many at once. Default: one for each core.")
    ] = None,
) -> None:
    """Hold calls with three packaged bots and write a record and a page for each.

    The bots run through real FlowManagers in real voice pipelines, with scripted speech and LLM, on virtual time:
    no keys, no network, and a two-minute call takes a fraction of a second.
    """
    from flows_analytics.demo import hold_calls, plan_calls
    from flows_analytics.files.directories import make_directory

    directory = _empty_directory(out)
    # From midnight, so that the same seed gives the same files all day.
    until = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    plan = plan_calls(calls, seed, until)
    began = time.perf_counter()
    held: list[CallSummary] = []
    columns = (TextColumn("Holding calls"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    make_directory(directory)
    try:
        with Progress(*columns, console=ERRORS, transient=True) as progress:
            for summary in progress.track(hold_calls(plan, directory, processes=processes), total=len(plan)):
                held.append(summary)
    except KeyboardInterrupt:
        ERRORS.print(f"Stopped. The first {len(held)} calls are in {directory}.", markup=False, soft_wrap=True)
        raise typer.Exit(130) from None
    seconds = time.perf_counter() - began

    held.sort(key=lambda summary: summary.call_id)
    for bot in sorted({summary.bot for summary in held}):
        _print_paths(bot, [summary for summary in held if summary.bot == bot])
    _print_versions(held)
    _print_where(directory, held, seconds)
    failed = [summary for summary in held if summary.status == "failed"]
    for summary in failed:
        ERRORS.print(f"failed: {summary.call_id}: {summary.error}", markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def _empty_directory(out: Path | None) -> Path:
    if out is None:
        numbered = (Path(f"{_DEFAULT_OUT}-{number}") for number in count(2))
        return next(path for path in chain([_DEFAULT_OUT], numbered) if not path.exists())
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FlowsAnalyticsError("out_not_empty", f"{out} is not an empty directory: name another with --out")
    return out


def _print_paths(bot: str, held: list[CallSummary]) -> None:
    paths = Counter((summary.path, summary.exit_kind) for summary in held)
    table = Table(title=f"{bot}: {_calls(len(held))}", title_justify="left", title_style="bold", expand=False)
    table.add_column("calls", justify="right")
    table.add_column("share", justify="right")
    table.add_column("path", overflow="fold")
    table.add_column("ended by")
    for (path, exit_kind), number in paths.most_common(_PATHS_SHOWN):
        share = f"{100 * number / len(held):.0f} %"
        table.add_row(str(number), share, Text(" > ".join(path)), Text(exit_kind or "failed"))
    others = len(held) - sum(number for _, number in paths.most_common(_PATHS_SHOWN))
    if others:
        rest = len(paths) - _PATHS_SHOWN
        label = Text("another path" if rest == 1 else f"{rest} other paths", "dim")
        table.add_row(str(others), f"{100 * others / len(held):.0f} %", label, "")
    RESULTS.print(table)


def _print_versions(held: list[CallSummary]) -> None:
    table = Table(title="Reached the goal, by agent version", title_justify="left", title_style="bold")
    table.add_column("bot")
    table.add_column("version")
    table.add_column("reached", justify="right")
    table.add_column("share", justify="right")
    for bot, version in sorted({(summary.bot, summary.version) for summary in held}):
        group = [summary for summary in held if (summary.bot, summary.version) == (bot, version)]
        reached = sum(summary.reached_goal for summary in group)
        share = f"{100 * reached / len(group):.0f} %"
        table.add_row(bot, version, f"{reached} of {len(group)}", share)
    RESULTS.print(table)


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number} calls"


def _print_where(directory: Path, held: list[CallSummary], seconds: float) -> None:
    minutes = sum(summary.duration_ms or 0 for summary in held) / 60_000
    lines = [
        f"{_calls(len(held))}, {minutes:.0f} minutes of conversation, held in {seconds:.0f} s.",
        f"Records: {directory / 'calls'}    Pages: {directory / 'reports'}",
    ]
    longest = max(held, key=lambda summary: len(summary.path))
    if longest.path:
        lines += [
            f"Open a page:    {directory / 'reports' / longest.call_id}.html",
            f"Or read a call: flows-analytics show {directory / 'calls' / longest.call_id}",
        ]
    RESULTS.print("\n".join(lines), markup=False, soft_wrap=True)
