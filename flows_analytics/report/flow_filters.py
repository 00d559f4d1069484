"""Filters in words, as the page of a flow names them."""

from __future__ import annotations

from flows_analytics.store.filter import Filter


def filter_words(chosen: Filter) -> tuple[tuple[str, str], ...]:
    """Name what calls had to be, to be counted.

    Args:
        chosen: The filter.

    Returns:
        What is filtered by, and its value.
    """
    words: list[tuple[str, str]] = []
    if chosen.since is not None:
        words.append(("Started since", chosen.since.isoformat()))
    if chosen.until is not None:
        words.append(("Started until", chosen.until.isoformat()))
    if chosen.agent is not None:
        words.append(("Bot", chosen.agent))
    if chosen.version is not None:
        words.append(("Version", chosen.version))
    if chosen.node is not None:
        words.append(("Visited", chosen.node))
    if chosen.exit is not None:
        words.append(("Left it by" if chosen.node is not None else "Ended by", chosen.exit))
    if isinstance(chosen.goal, str):
        words.append(("Reached", chosen.goal))
    elif chosen.goal is not None:
        words.append(("Goal", "reached" if chosen.goal else "missed"))
    words += [(key, value) for key, value in sorted(chosen.metadata.items())]
    return tuple(words)
