"""``--rename``: what nodes of one version are called in the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flows_analytics.errors import FlowsAnalyticsError


def read_renames(pairs: Collection[str]) -> dict[str, str]:
    """Read the option.

    Args:
        pairs: Each ``OLD=NEW``.

    Returns:
        New names by old.

    Raises:
        FlowsAnalyticsError: ``option_not_valid``.
    """
    names: dict[str, str] = {}
    for pair in pairs:
        old, equals, new = pair.partition("=")
        if not equals or not old or not new:
            raise FlowsAnalyticsError("option_not_valid", f"--rename {pair}: write OLD=NEW")
        names[old] = new
    return names


def with_old_names(goals: list[str] | None, names: Mapping[str, str]) -> list[str] | None:
    """Add what goals are called in the version that has the old names.

    Args:
        goals: Each ``--goal``; None if those that the calls name.
        names: New names by old.

    Returns:
        The goals by both names; None as before.
    """
    return goals and [*goals, *(old for old, new in names.items() if new in goals)]
