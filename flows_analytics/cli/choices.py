"""Choices: names that must be among those there are."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from flows_analytics.errors import FlowsAnalyticsError

_MOST_LISTED = 30


def check_choice(option: str, kind: str, name: str, known: Sequence[str]) -> None:
    """Refuse a name that is not there, saying which are.

    Args:
        option: Where the name was written, such as ``--steps``.
        kind: What it should name, such as ``node``.
        name: The name.
        known: The names there are.

    Raises:
        FlowsAnalyticsError: ``choice_unknown``.
    """
    if name in known:
        return
    by_case = {each.casefold(): each for each in known}
    close = get_close_matches(name.casefold(), by_case, n=3, cutoff=0.6)
    guess = f" Did you mean {' or '.join(by_case[each] for each in close)}?" if close else ""
    more = f" and {len(known) - _MOST_LISTED:,} more" if len(known) > _MOST_LISTED else ""
    listed = f"{', '.join(known[:_MOST_LISTED])}{more}" if known else "none"
    raise FlowsAnalyticsError(
        "choice_unknown", f"{option}: there is no {kind} {name!r}.{guess} There are: {listed}."
    )
