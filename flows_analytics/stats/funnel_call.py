"""Calls as a funnel sees them: the nodes visited, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from flows_analytics.errors import CountsError
from flows_analytics.store.counts import FlowCounts
from flows_analytics.store.grouped_visit import GroupedVisit


@dataclass(frozen=True)
class FunnelPath:
    """The visits of one flow of a call.

    Attributes:
        nodes: The nodes visited, in order.
        end_kind: How the last visit was left; ``running`` while it is open.
        entered_us: When each was entered, in microseconds; None if nobody asks for times.
    """

    nodes: tuple[str, ...]
    end_kind: str
    entered_us: tuple[int, ...] | None = None


@dataclass(frozen=True)
class FunnelCall:
    """A call, or several that took the same way.

    Attributes:
        paths: Its paths, ``main`` first.
        group: The value of what the funnel is broken down by; None if it has none.
        many: How many calls these are.
    """

    paths: tuple[FunnelPath, ...]
    group: str | None = None
    many: int = 1

    @property
    def running(self) -> bool:
        """Whether the call is under way."""
        return any(path.end_kind == "running" for path in self.paths)


def calls_of_visits(visits: Iterable[GroupedVisit]) -> Iterator[FunnelCall]:
    """Gather visits into calls, one call at a time.

    Args:
        visits: Visits in order of call, flow and ``seq``. Within a call ``main`` comes first.

    Returns:
        The calls.
    """
    for _, of_call in groupby(visits, attrgetter("call_id")):
        rows = list(of_call)
        paths: list[FunnelPath] = []
        for _, of_flow in groupby(rows, attrgetter("flow_id")):
            path = list(of_flow)
            paths.append(
                FunnelPath(
                    tuple(visit.node for visit in path),
                    path[-1].exit_kind,
                    tuple(visit.entered_us for visit in path),
                )
            )
        yield FunnelCall(tuple(paths), rows[0].group)


def calls_of_counts(counts: FlowCounts, group: str | None = None) -> Iterator[FunnelCall]:
    """Make calls of counted variants: as many questions as there are variants, however many calls took them.

    Args:
        counts: Counts of calls of one flow each.
        group: What they have in common.

    Returns:
        The calls, without times.

    Raises:
        CountsError: Some calls have two flows. A call gets as far as either of them, and variants do not tell
            which belong together.
    """
    if counts.paths != counts.calls - counts.no_flow:
        raise CountsError(
            "funnel_needs_visits", "some calls have several flows: a funnel of them needs their visits, not counts"
        )
    return (
        FunnelCall((FunnelPath(way.nodes, way.end_kind),), group, taken.paths)
        for way, taken in counts.variants.items()
    )
