"""``flows-analytics forget``: all that is kept of one call goes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows_analytics.cli.console import ERRORS, RESULTS
from flows_analytics.cli.prune import erase_shown, look_shown, print_sum

if TYPE_CHECKING:
    from flows_analytics.retention.forget import Traces
    from flows_analytics.retention.places import Places

_SHOWN = 20


def forget(
    call_id: Annotated[str, typer.Argument(help="The call's id.", metavar="CALL_ID")],
    directories: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Calls directories. Default: calls.", metavar="[DIR]...", exists=True, file_okay=False
        ),
    ] = None,
    reports: Annotated[
        list[Path] | None,
        typer.Option("--reports", exists=True, file_okay=False, help="A directory of pages. May be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove all that is kept of a call, and say what cannot be reached from here.

    All calls of that id go: records, pages, recordings, entries of the outbox and of failed/, journals of dead
    processes, and the rows of the tables. A call under way is refused. The exit code is 1 if there is none, or if
    anything is left.
    """
    from flows_analytics.retention.forget import find_traces
    from flows_analytics.retention.grouping import group
    from flows_analytics.retention.places import Places

    places = Places(tuple(directories or _default()), tuple(reports or ()))
    there = look_shown(places)
    found = find_traces(call_id, places, there.traces)
    doomed = [path for trace in found.mine for path in (*trace.own, trace.path)]
    for path in doomed:
        RESULTS.print(str(path), markup=False, soft_wrap=True)
    if dry_run:
        print_sum(found.mine, "would be removed", ERRORS)
        _print_unreached(call_id, places, found, doomed)
        return
    if not yes:
        typer.confirm(f"Remove these {len(doomed)} files for good?", abort=True, err=True)
    grouping = group(there.traces, datetime.max.replace(tzinfo=UTC))
    done = erase_shown(there.erase(found.mine, grouping), len(found.mine))
    print_sum([erasure.trace for erasure in done if erasure.outcome == "erased"], "removed", ERRORS)
    _print_unreached(call_id, places, found, [])
    seen = {id(erasure.trace) for erasure in done}
    left = sum(erasure.outcome != "erased" for erasure in done)
    # What came after something that could not be erased was left alone.
    left += sum(id(trace) not in seen for trace in found.mine)
    if left:
        ERRORS.print(f"Not forgotten: {left} are left. Try again.", markup=False)
        raise typer.Exit(1)


def _default() -> list[Path]:
    if not Path("calls").is_dir():
        raise typer.BadParameter("there is no directory calls here: name one", param_hint="DIR")
    return [Path("calls")]


def _print_unreached(call_id: str, places: Places, found: Traces, doomed: list[Path]) -> None:
    """Say what this command cannot do."""
    from flows_analytics.retention.mentions import find_mentions

    with ERRORS.status("Looking for what is left"):
        mentions = [path for path in find_mentions(call_id, places) if path not in doomed]
    pages = [path for path in mentions if path.suffix == ".html"]
    _list("Pages that mention the call, to be made again:", [str(path) for path in pages])
    _list("Files that mention the call:", [str(path) for path in mentions if path not in pages])
    _list("Files of the call that lie elsewhere:", [str(path) for path in found.elsewhere])
    _list("It may have reached in part:", found.receivers)
    _list("Other calls of these directories go to:", found.directory_receivers)
    _list("A recording made elsewhere is at:", found.urls)
    ERRORS.print(
        "Out of reach from here: receivers that have the call already, backups, and logs, which name calls by id.",
        markup=False,
        soft_wrap=True,
    )


def _list(title: str, lines: list[str]) -> None:
    if not lines:
        return
    ERRORS.print(title, markup=False, soft_wrap=True)
    for line in lines[:_SHOWN]:
        ERRORS.print(f"  {line}", markup=False, soft_wrap=True)
    if len(lines) > _SHOWN:
        ERRORS.print(f"  and {len(lines) - _SHOWN} more", markup=False)
