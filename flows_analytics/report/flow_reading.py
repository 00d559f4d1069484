"""Asking a store for what the page of a flow is made of, at one moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

from flows_analytics.errors import StoreError
from flows_analytics.report.flow_facts import FlowFacts, FlowGroup
from flows_analytics.stats.funnel_call import FunnelCall, FunnelPath, calls_of_visits
from flows_analytics.stats.step import Step
from flows_analytics.store.counts import FlowCounts
from flows_analytics.store.view import View

MOST_GROUPS = 12
"""Most values of an attribute whose calls are counted apart."""


def read_flow_facts(
    view: View,
    *,
    store: str,
    flow: str | None = None,
    filters: tuple[tuple[str, str], ...] = (),
    goals_given: bool = False,
    by: str | None = None,
    compare: tuple[str, str] | None = None,
    renamed: Mapping[str, str] | None = None,
    steps: Sequence[Step] | None = None,
) -> FlowFacts:
    """Ask a store for what the page of a flow is made of.

    Args:
        view: The calls that are meant.
        store: What the store is called.
        flow: The one flow that the view shows; None if it shows all.
        filters: The filters that were given, in words.
        goals_given: Whether goals were given, instead of those that the calls name.
        by: Attribute by which the calls are broken down; None for none.
        compare: Two of its values, before and after; None for both if there are exactly two.
        renamed: Nodes of the first of them by their names in the second, old to new; None for no change.
        steps: The steps of the funnel; None to choose them.

    Returns:
        The facts, without the problems that the store tells of once all is read.

    Raises:
        StoreError: ``column_missing`` if there is no such attribute, ``value_missing`` if no call has one of the
            two values, ``option_not_valid`` if values are to be compared of no attribute.
    """
    if compare is not None and by is None:
        raise StoreError("option_not_valid", "two values can be compared only of an attribute: say of which")
    if compare is not None and compare[0] == compare[1]:
        raise StoreError("option_not_valid", "two different values can be compared, not one with itself")
    flows, agents, period = view.flows, view.agents, view.period
    ways = _ways(view, by) if flow is None and len(flows) > 1 else None
    sizes = view.sizes(by) if by is not None else {}
    # Counts add up: where every value is counted apart, all calls need not be counted once more.
    whole = None if 0 < len(sizes) <= MOST_GROUPS else view.count()
    groups = _groups(view, by, sizes, compare) if by is not None else ()
    counts = whole or reduce(add, (group.counts for group in groups if group.counts is not None), FlowCounts())
    return FlowFacts(
        store=store,
        counts=counts,
        ways=ways,
        calls_there=view.calls_there,
        first=period[0] if period else None,
        last=period[1] if period else None,
        flow=flow,
        flows=flows,
        agents=agents,
        filters=filters,
        goals_given=goals_given,
        by=by,
        groups=groups,
        compared=_compared(groups, compare),
        renamed=renamed or {},
        steps=tuple(steps) if steps is not None else None,
    )


def _ways(view: View, by: str | None) -> tuple[FunnelCall, ...]:
    """Gather calls of several flows by the ways they took: counts do not tell which paths belong together."""
    found = Counter[tuple[tuple[FunnelPath, ...], str | None]]()
    for call in calls_of_visits(view.follow(by)):
        found[tuple(FunnelPath(path.nodes, path.end_kind) for path in call.paths), call.group] += 1
    return tuple(FunnelCall(paths, group, many) for (paths, group), many in found.items())


def _groups(
    view: View, by: str, sizes: Mapping[str | None, int], compare: tuple[str, str] | None
) -> tuple[FlowGroup, ...]:
    for value in compare or ():
        if value not in sizes:
            known = ", ".join(sorted(each for each in sizes if each is not None)) or "none"
            raise StoreError("value_missing", f"no call that is meant has {by} {value!r}; there are {known}")
    ranked = sorted(sizes, key=lambda value: (-sizes[value], value is None, value or ""))
    wanted = {*ranked[:MOST_GROUPS], *(compare or ())}
    counted = view.count_by(by, wanted)
    return tuple(FlowGroup(value, sizes[value], counted.get(value)) for value in ranked)


def _compared(groups: Sequence[FlowGroup], compare: tuple[str, str] | None) -> tuple[str, str] | None:
    values = sorted(group.value for group in groups if group.value is not None)
    if compare is not None:
        return compare
    return (values[0], values[1]) if len(values) == 2 else None
