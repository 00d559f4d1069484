"""The steps of a funnel, and other lists of nodes, as people type them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from flows_analytics.cli.choices import check_choice

if TYPE_CHECKING:
    from flows_analytics.stats.step import Step

Steps = Annotated[
    str,
    typer.Option(
        "--steps",
        metavar="A,B,C",
        help="Nodes in order. a|b: either will do. a?: calls get further without it. "
        "A backslash makes a comma, a bar or a question mark part of a name.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="NODE", help="A visit to it voids the attempt under way. Repeatable."),
]
Window = Annotated[
    str | None,
    typer.Option("--window", metavar="TIME", help="Most time from the first step to any other: 90s, 5m, 1h30m."),
]


def read_steps(text: str, known: Sequence[str] | None) -> list[Step]:
    """Read the steps of a funnel.

    Args:
        text: ``--steps``.
        known: The nodes there are; a text between commas that is the name of one is that node. None where there
            are no calls, and no name can be wrong.

    Returns:
        The steps.

    Raises:
        FlowsAnalyticsError: ``choice_unknown``, naming the nodes there are.
    """
    from flows_analytics.stats.step import Step

    steps: list[Step] = []
    for written in split(text, ","):
        piece = written.strip()
        if _plain(piece) in (known or ()):
            steps.append(Step(_plain(piece)))
            continue
        optional = piece.endswith("?") and not piece.endswith("\\?")
        nodes = [_plain(each.strip()) for each in split(piece[:-1] if optional else piece, "|")]
        if known is not None:
            for node in nodes:
                check_choice("--steps", "node", node, known)
        steps.append(Step(nodes, optional=optional))
    return steps


def read_window(text: str | None) -> timedelta | None:
    """Read the window of a funnel.

    Args:
        text: ``--window``; None without.

    Returns:
        The window; None without.

    Raises:
        typer.BadParameter: It is no time, or not more than none.
    """
    import durationpy

    if text is None:
        return None
    try:
        window = durationpy.from_str(text.strip())
    except (ValueError, OverflowError):
        window = timedelta()
    if window <= timedelta():
        raise typer.BadParameter(
            f"{text!r} is no time: give a number with s, m or h, such as 90s, 5m or 1h30m", param_hint="--window"
        )
    return window


def split(text: str, mark: str) -> list[str]:
    """Split a text at a mark, but not where a backslash stands before it.

    Args:
        text: The text.
        mark: One character.

    Returns:
        The parts, their backslashes kept; those that are empty left out.
    """
    return [part for part in re.findall(rf"(?:\\.|[^{re.escape(mark)}\\]|\\$)+", text, re.DOTALL) if part.strip()]


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
