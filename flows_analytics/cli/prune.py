"""``flows-analytics prune``: calls that are older than an age go."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.filesize import decimal
from rich.progress import Progress, track

from flows_analytics.cli.console import ERRORS, RESULTS

if TYPE_CHECKING:
    from rich.console import Console

    from flows_analytics.retention.look import Look
    from flows_analytics.retention.places import Places
    from flows_analytics.retention.prune import Plan
    from flows_analytics.retention.trace import Erasure, Trace


def prune(
    directories: Annotated[
        list[Path], typer.Argument(help="Calls directories.", metavar="DIR...", exists=True, file_okay=False)
    ],
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Such as 30d, 2w, 12h or 1y; at least 1h.")
    ],
    reports: Annotated[
        list[Path] | None,
        typer.Option("--reports", exists=True, file_okay=False, help="A directory of pages. May be repeated."),
    ] = None,
    unsent: Annotated[bool, typer.Option("--unsent", help="Also calls that still wait to be sent.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be removed.")] = False,
) -> None:
    """Remove finished calls that ended longer ago than AGE, with all that is kept of them.

    Records, recordings, pages, entries of the outbox and of failed/, journals of dead processes and what they left
    half-written, and the rows of the tables, of imported calls too. Calls under way are left alone, and so are
    calls that still wait to be sent, unless --unsent is given. Safe beside running bots. The exit code is 1 if
    anything could not be removed.
    """
    from flows_analytics.retention.age import AgeError, parse_age
    from flows_analytics.retention.grouping import group
    from flows_analytics.retention.places import Places
    from flows_analytics.retention.prune import plan_prune

    try:
        before = datetime.fromtimestamp(time.time(), UTC) - parse_age(older_than)
    except AgeError as error:
        raise typer.BadParameter(error.message, param_hint="--older-than") from None
    except OverflowError:
        raise typer.BadParameter("no call is that old", param_hint="--older-than") from None
    places = Places(tuple(directories), tuple(reports or ()))
    there = look_shown(places)
    plan = plan_prune(there.traces, before, unsent=unsent)
    if dry_run:
        for trace in plan.erase:
            for path in (*trace.own, trace.path):
                RESULTS.print(str(path), markup=False, soft_wrap=True)
        print_sum(plan.erase, "would be removed", ERRORS)
        _print_left(plan)
        return
    done = erase_shown(there.erase(plan.erase, group(there.traces, before)), len(plan.erase))
    print_sum([erasure.trace for erasure in done if erasure.outcome == "erased"], "removed", RESULTS)
    _print_left(plan)
    if any(erasure.outcome == "failed" for erasure in done):
        raise typer.Exit(1)


def look_shown(places: Places) -> Look:
    """Look at all that is kept, with a progress bar.

    Args:
        places: Where.

    Returns:
        What is there.
    """
    from flows_analytics.retention.holder import holders_of
    from flows_analytics.retention.look import look

    number = sum(1 for place in places.all for _ in place.iterdir())
    with Progress(console=ERRORS, transient=True, disable=number < 200) as progress:
        task = progress.add_task("Reading", total=number)
        return look(holders_of(places), lambda: progress.advance(task))


def erase_shown(erasing: Iterable[Erasure], number: int) -> list[Erasure]:
    """Erase, with a progress bar, and name what stays.

    Args:
        erasing: Erases one trace after the other.
        number: How many.

    Returns:
        What came of each.
    """
    shown = track(erasing, "Removing", total=number, console=ERRORS, disable=number < 50, transient=True)
    done = list(shown)
    for erasure in done:
        if erasure.outcome != "erased":
            ERRORS.print(f"not removed: {erasure.trace.path}: {erasure.why}", markup=False, soft_wrap=True)
    return done


def print_sum(traces: Sequence[Trace], what: str, console: Console) -> None:
    """Say how much of each kind it is.

    Args:
        traces: What.
        what: What came of it.
        console: Where to say so.
    """
    from flows_analytics.retention.table_rows import KIND

    if not traces:
        console.print(f"Nothing {what}.", markup=False)
        return
    files, sizes = Counter[str](), Counter[str]()
    rows = sum(trace.kind == KIND for trace in traces)
    for trace in traces:
        if trace.kind == KIND:
            continue
        files[trace.kind] += 1 + len(trace.own)
        sizes[trace.kind] += trace.size
    for kind, number in files.items():
        console.print(f"{number:8,} {kind:<10} {decimal(sizes[kind]):>10}", markup=False)
    if rows:
        console.print(f"{rows:8,} {KIND}, of a call each", markup=False)
    console.print(f"{files.total():,} files {what}, {decimal(sizes.total())}.", markup=False)


def _print_left(plan: Plan) -> None:
    left = (
        (plan.waiting, "calls are left because they have not been sent (--unsent removes them)"),
        (plan.under_way, "calls are left because their records say that they are not over"),
        (len(plan.not_ours), "files are left because nothing says that they belong to a call"),
    )
    for number, words in left:
        if number:
            ERRORS.print(f"{number:,} {words}.", markup=False, soft_wrap=True)
    for trace in plan.not_ours[:10]:
        ERRORS.print(f"  {trace.path}", markup=False, soft_wrap=True)
