"""``flows-analytics recover``: calls of processes that died."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import track

from flows_analytics.cli.console import ERRORS, RESULTS

if TYPE_CHECKING:
    from flows_analytics.recording.recovery import Outcome, Recovery


def recover(
    directory: Annotated[
        Path,
        typer.Argument(help="The calls directory, or the folder of the journals.", exists=True, file_okay=False),
    ],
    into: Annotated[
        Path | None,
        typer.Option("--into", file_okay=False, help="Where the records go. Default: the calls directory."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Turn the journals that killed processes left behind into records.

    What was to be sent waits in the outbox then, for flows-analytics deliver. Calls under way are left alone. A
    journal that cannot be read is named and kept, and the exit code is 1.
    """
    from flows_analytics.delivery.leftovers import keep_leftover
    from flows_analytics.recording.recovery import find_journals
    from flows_analytics.recording.recovery import recover as recover_all

    count = len(find_journals(directory))
    each = track(
        recover_all(directory, into=into, dry_run=dry_run, on_recovered=keep_leftover),
        "Recovering calls",
        total=count,
        console=ERRORS,
        disable=count < 10,
        transient=True,
    )
    done = [_told(recovery) for recovery in each]
    ERRORS.print(_summary(done, dry_run), soft_wrap=True)
    if any(recovery.outcome in ("unreadable", "too_new", "failed") for recovery in done):
        raise typer.Exit(1)


def _told(recovery: Recovery) -> Recovery:
    if recovery.outcome == "recovered":
        RESULTS.print(str(recovery.record), soft_wrap=True)
    elif recovery.outcome in ("unreadable", "too_new", "failed"):
        ERRORS.print(f"not recovered: {recovery.journal}: {recovery.why}", soft_wrap=True)
    return recovery


def _summary(done: list[Recovery], dry_run: bool) -> str:
    if not done:
        return "No journals there: nothing to recover."
    counts = Counter(recovery.outcome for recovery in done)
    moments = torn = 0
    for recovery in done:
        if recovery.outcome == "recovered" and recovery.call is not None:
            moments += len(recovery.call.events)
            torn += recovery.call.health.count("journal_torn")
    would = "would be " if dry_run else ""
    parts = [f"{_calls(counts['recovered'])} {would}recovered, with {moments:,} moments"]
    if torn:
        parts.append(f"{torn} torn lines left out")
    said: dict[Outcome, str] = {
        "live": "under way, left alone",
        "known": "recorded already",
        "empty": "without a moment",
        "unreadable": "not readable, kept aside" if not dry_run else "not readable",
        "too_new": "of a later release, left as they are",
        "failed": "refused by the disk",
    }
    parts += [f"{counts[outcome]} {words}" for outcome, words in said.items() if counts[outcome]]
    return "; ".join(parts) + "."


def _calls(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"
