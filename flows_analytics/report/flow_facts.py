"""What the page of a flow is made of: everything that was asked of the store, and nothing computed yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flows_analytics.stats.funnel_call import FunnelCall
from flows_analytics.stats.step import Step
from flows_analytics.store.counts import FlowCounts
from flows_analytics.store.problem import Problem


@dataclass(frozen=True)
class FlowGroup:
    """The calls of one value of the attribute that the page breaks the calls down by.

    Attributes:
        value: The value; None for calls without one.
        calls: Calls that have it.
        counts: What was counted of them; None if there are more values than a page shows.
    """

    value: str | None
    calls: int
    counts: FlowCounts | None


@dataclass(frozen=True)
class FlowFacts:
    """A set of calls, as their page needs them.

    Attributes:
        store: What the store is called: the name of its directory.
        counts: What was counted of all the calls.
        ways: The calls by the paths they took, if some have several flows: a call gets as far as the best of them,
            and counts do not tell which belong together. None if each call has one flow at most.
        calls_there: Calls in the store, chosen or not.
        first: When the first of the calls started; None without calls.
        last: When the last of the calls started; None without calls.
        flow: The one flow that is looked at; None for all.
        flows: Paths by flow, looked at or not, ``main`` first.
        agents: Calls by bot; None is for calls that name none.
        filters: The filters that were given, as an option and its value.
        goals_given: Whether goals were given, instead of those that the calls name.
        by: The attribute that the calls are broken down by; None for none.
        groups: The calls by its values, those of most calls first; empty without ``by``.
        compared: The two values that are compared, before and after; None if nothing is.
        renamed: Nodes of the first of them by their names in the second.
        steps: The steps of the funnel that were asked for; None to choose them.
        problems: What the store could not count.
    """

    store: str
    counts: FlowCounts
    ways: tuple[FunnelCall, ...] | None = None
    calls_there: int = 0
    first: datetime | None = None
    last: datetime | None = None
    flow: str | None = None
    flows: Mapping[str, int] = field(default_factory=dict[str, int])
    agents: Mapping[str | None, int] = field(default_factory=dict["str | None", int])
    filters: tuple[tuple[str, str], ...] = ()
    goals_given: bool = False
    by: str | None = None
    groups: tuple[FlowGroup, ...] = ()
    compared: tuple[str, str] | None = None
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    steps: tuple[Step, ...] | None = None
    problems: tuple[Problem, ...] = ()
