"""Counts: what is counted in many calls. Counts of disjoint sets of calls add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeVar

Buckets = Counter[int]
"""How many durations fell into each log bucket, ``floor(ln(max(us, 1)) / ln(1.02))``."""


def first_and_last(call_ids: Collection[str]) -> tuple[str, ...]:
    """Choose examples among calls: the same ones whoever counts, in whatever parts.

    Args:
        call_ids: Their ids.

    Returns:
        The first and the last in order of id; one if there is one, none without any.
    """
    return tuple(sorted({min(call_ids), max(call_ids)})) if call_ids else ()


@dataclass
class NodeCounts:
    """What happened in one node.

    Attributes:
        visits: Visits, those under way included.
        calls: Calls with at least one.
        starts: Visits that began a path.
        revisits: Visits with ``visit_no`` above 1.
        open: Visits under way.
        exits: Paths that ended here, by exit kind (neither ``transition`` nor ``running``).
        setup_us: Time of node changes that led into the node, in microseconds, summed.
        dwell: Of visits that are over.
        dwell_us: The same, summed.
        latency: Of the bot's answers.
        caller_turns: Turns of callers.
        bot_turns: Turns of the bot.
        interruptions: Interruptions that cut speech.
        tool_calls: Tool calls.
        tool_errors: Those that failed.
        stays: Functions that stayed in the node, by name.
        offered: Visits in which a function was offered, by name.
        taken: Visits in which it was called, by name.
    """

    visits: int = 0
    calls: int = 0
    starts: int = 0
    revisits: int = 0
    open: int = 0
    exits: Counter[str] = field(default_factory=Counter[str])
    setup_us: int = 0
    dwell: Buckets = field(default_factory=Counter[int])
    dwell_us: int = 0
    latency: Buckets = field(default_factory=Counter[int])
    caller_turns: int = 0
    bot_turns: int = 0
    interruptions: int = 0
    tool_calls: int = 0
    tool_errors: int = 0
    stays: Counter[str] = field(default_factory=Counter[str])
    offered: Counter[str] = field(default_factory=Counter[str])
    taken: Counter[str] = field(default_factory=Counter[str])

    def __add__(self, other: Self) -> Self:
        """Add what happened in the same node in other calls."""
        return _sum_of_fields(self, other)


@dataclass
class EdgeCounts:
    """What happened between two nodes.

    Attributes:
        count: Transitions.
        calls: Calls with at least one.
        via: Transitions by the function that led over; ``""`` for code.
        latency: Of transitions: function start to first audio of the new node.
        failed: Node changes that raised: no transitions.
    """

    count: int = 0
    calls: int = 0
    via: Counter[str] = field(default_factory=Counter[str])
    latency: Buckets = field(default_factory=Counter[int])
    failed: int = 0

    def __add__(self, other: Self) -> Self:
        """Add what happened between the same nodes in other calls."""
        return _sum_of_fields(self, other)


@dataclass(frozen=True)
class Variant:
    """A distinct path, and how it ended.

    Attributes:
        nodes: The nodes visited, in order.
        end_kind: Exit kind of the last visit; ``running`` while it is open.
        goal: Whether a goal was reached.
    """

    nodes: tuple[str, ...]
    end_kind: str
    goal: bool


@dataclass
class VariantCounts:
    """How often a variant was taken.

    Attributes:
        paths: Paths.
        calls: Calls.
        duration: Of its calls.
        examples: Ids of the first and the last of its calls in order of id, as `first_and_last` has them.
    """

    paths: int = 0
    calls: int = 0
    duration: Buckets = field(default_factory=Counter[int])
    examples: tuple[str, ...] = ()

    def __add__(self, other: Self) -> Self:
        """Add the other calls that took the variant."""
        return type(self)(
            paths=self.paths + other.paths,
            calls=self.calls + other.calls,
            duration=self.duration + other.duration,
            examples=first_and_last(self.examples + other.examples),
        )


@dataclass
class FlowCounts:
    """What is counted of a set of calls.

    Attributes:
        calls: Calls.
        no_flow: Calls in which no node was ever set.
        open: Calls under way.
        paths: Paths that are not empty.
        goal_calls: Calls that reached a goal.
        open_goal_calls: Those of them that are under way.
        goals: Nodes that mean success.
        nodes: By node.
        edges: By the nodes it leads from and to.
        variants: By path.
    """

    calls: int = 0
    no_flow: int = 0
    open: int = 0
    paths: int = 0
    goal_calls: int = 0
    open_goal_calls: int = 0
    goals: frozenset[str] = frozenset()
    nodes: dict[str, NodeCounts] = field(default_factory=dict[str, NodeCounts])
    edges: dict[tuple[str, str], EdgeCounts] = field(default_factory=dict[tuple[str, str], EdgeCounts])
    variants: dict[Variant, VariantCounts] = field(default_factory=dict[Variant, VariantCounts])

    def __add__(self, other: Self) -> Self:
        """Add the counts of other calls.

        Adding is associative and commutative, and ``FlowCounts()`` changes nothing. Whether a call reached a goal
        was judged where it was counted; the sum knows the goals of both.

        Args:
            other: Counts of calls that are not among these: a call in both counts twice.

        Returns:
            New counts; neither side is changed.
        """
        return type(self)(
            calls=self.calls + other.calls,
            no_flow=self.no_flow + other.no_flow,
            open=self.open + other.open,
            paths=self.paths + other.paths,
            goal_calls=self.goal_calls + other.goal_calls,
            open_goal_calls=self.open_goal_calls + other.open_goal_calls,
            goals=self.goals | other.goals,
            nodes=_merged(self.nodes, other.nodes),
            edges=_merged(self.edges, other.edges),
            variants=_merged(self.variants, other.variants),
        )


_Part = TypeVar("_Part", NodeCounts, EdgeCounts)
_Addable = TypeVar("_Addable", NodeCounts, EdgeCounts, VariantCounts)
_Key = TypeVar("_Key")


def _sum_of_fields(one: _Part, other: _Part) -> _Part:
    sums: dict[str, Any] = {part.name: getattr(one, part.name) + getattr(other, part.name) for part in fields(one)}
    return type(one)(**sums)


def _merged(one: dict[_Key, _Addable], other: dict[_Key, _Addable]) -> dict[_Key, _Addable]:
    merged = dict(one)
    for key, counts in other.items():
        merged[key] = merged[key] + counts if key in merged else counts
    return merged
