"""The options by which commands are told which calls are meant."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows_analytics.errors import FlowsAnalyticsError

if TYPE_CHECKING:
    from flows_analytics.store.filter import Filter

Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Started then or later, UTC: 2026-01-31 or 2026-01-31T09:30."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Started before then; a day means its end.")
]
Agent = Annotated[str | None, typer.Option("--agent", help="Id or name of the bot.")]
Version = Annotated[str | None, typer.Option("--agent-version", "--version", help="Version of the bot.")]
Node = Annotated[str | None, typer.Option("--node", help="Visited this node.")]
Exit = Annotated[
    str | None, typer.Option("--exit", metavar="KIND", help="Ended so: end, hangup, … With --node: left it so.")
]
Reached = Annotated[
    bool | None,
    typer.Option("--reached-goal/--missed-goal", help="Reached a goal, or did not.", show_default=False),
]
Meta = Annotated[
    list[str] | None,
    typer.Option("--meta", metavar="KEY=VALUE", help="Has this value in its metadata. Repeatable."),
]
Goals = Annotated[
    list[str] | None,
    typer.Option(
        "--goal", metavar="NODE", help="A node that means success, instead of those recorded. Repeatable."
    ),
]


def read_filter(
    *,
    since: str | None = None,
    until: str | None = None,
    agent: str | None = None,
    version: str | None = None,
    node: str | None = None,
    exit_kind: str | None = None,
    reached: bool | None = None,
    meta: list[str] | None = None,
) -> Filter:
    """Read the options as a filter.

    Args:
        since: ``--since``.
        until: ``--until``.
        agent: ``--agent``.
        version: ``--agent-version``.
        node: ``--node``.
        exit_kind: ``--exit``.
        reached: ``--reached-goal`` or ``--missed-goal``.
        meta: Each ``--meta``.

    Returns:
        The filter.

    Raises:
        FlowsAnalyticsError: ``option_not_valid``.
    """
    from flows_analytics.store.filter import Filter

    metadata: dict[str, str] = {}
    for pair in meta or ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise FlowsAnalyticsError("option_not_valid", f"--meta {pair}: write KEY=VALUE")
        metadata[key] = value
    return Filter(
        since=_time("--since", since),
        until=_time("--until", until),
        agent=agent,
        version=version,
        node=node,
        exit=exit_kind,
        goal=reached,
        metadata=metadata,
    )


def _time(option: str, text: str | None) -> date | datetime | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text) if len(text) == len("2026-01-31") else datetime.fromisoformat(text)
    except ValueError:
        raise FlowsAnalyticsError(
            "option_not_valid", f"{option} {text}: write a day such as 2026-01-31, or 2026-01-31T09:30"
        ) from None
