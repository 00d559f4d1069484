"""How far paths get along a funnel if any time will do, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from flows_analytics.stats.attempt import Attempt, best_attempt
from flows_analytics.stats.funnel_call import FunnelPath
from flows_analytics.stats.timed_search import MOST_STEPS, latest_chains, search_ordered

if TYPE_CHECKING:
    from flows_analytics.stats.funnel import Funnel


def can_search(funnel: Funnel) -> bool:
    """Tell whether paths can be searched all at once.

    Args:
        funnel: The funnel.

    Returns:
        Whether it is ordered, without optional steps, and not too long.
    """
    return funnel.mode == "ordered" and len(funnel.required) == len(funnel.steps) <= MOST_STEPS


def attempts_without_times(funnel: Funnel, paths: Sequence[tuple[str, ...]]) -> Sequence[Attempt]:
    """Find how far each of some paths gets.

    Args:
        funnel: The funnel; its window does not matter.
        paths: The nodes of each path, in order.

    Returns:
        The best attempt of each.
    """
    if not can_search(funnel):
        timeless = (FunnelPath(nodes, "end") for nodes in paths)
        return [best_attempt(path, funnel.steps, funnel.mode, None, funnel.exclude) for path in timeless]
    # All at one time: no window is too short.
    times = np.zeros(max(map(len, paths), default=0), np.int64)
    each = np.arange(len(paths))
    level, end = search_ordered(
        each, paths, times, np.zeros_like(each), steps=funnel.steps, window_us=0, exclude=funnel.exclude
    )
    chains = latest_chains(each, paths, level, end, steps=funnel.steps)
    return list(map(Attempt, level.tolist(), chains))
