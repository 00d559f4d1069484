"""Calls counted by hand, for the pages of flows: what a store would say of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from flows_analytics.report.flow_facts import FlowFacts, FlowGroup
from flows_analytics.store.buckets import bucket_of
from flows_analytics.store.counts import (
    EdgeCounts,
    FlowCounts,
    NodeCounts,
    Variant,
    VariantCounts,
    first_and_last,
)

BEGAN, ENDED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC), datetime(2026, 1, 9, 17, 30, tzinfo=UTC)
HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "\u202egnp.exe\u202c",
    "zero\u200bwidth\ufeff",
    "' onfocus='alert(1)' x='",
    "a|b,c?&amp;<b>",
    "\x00\x1b[31m\ud800",
    "ended:hangup",
    "word" * 2_000,
    "",
    "   ",
)


def counts_of(ways, goals=("booked",), *, first=0, latency=True):
    """Count calls of one flow each: ways are nodes, an ending, and how many calls went so."""
    counts = FlowCounts(goals=frozenset(goals))
    number = first
    for nodes, ending, many in ways:
        goal = any(node in goals for node in nodes)
        counts.calls += many
        counts.no_flow += 0 if nodes else many
        if not nodes:
            continue
        counts.paths += many
        counts.goal_calls += many if goal else 0
        counts.open += many if ending == "running" else 0
        seen = Counter()
        for place, node in enumerate(nodes):
            seen[node] += 1
            here = counts.nodes.setdefault(node, NodeCounts())
            here.visits += many
            here.calls += many if seen[node] == 1 else 0
            here.starts += 0 if place else many
            here.revisits += many if seen[node] > 1 else 0
            here.caller_turns += many
            last = place == len(nodes) - 1
            if last and ending == "running":
                here.open += many
                continue
            if last:
                here.exits[ending] += many
            us = 1_000_000 * (5 + 7 * place)
            here.dwell[bucket_of(us)] += many
            here.dwell_us += us * many
            if latency:
                here.latency[bucket_of(800_000 + 100_000 * place)] += many
        moved = Counter(pairwise(nodes))
        for edge, times in moved.items():
            there = counts.edges.setdefault(edge, EdgeCounts())
            there.count += times * many
            there.calls += many
            there.via["go_on"] += times * many
        taken = counts.variants.setdefault(Variant(tuple(nodes), ending, goal), VariantCounts())
        taken.paths += many
        taken.calls += many
        if ending != "running":
            taken.duration[bucket_of(1_000_000 * (3 + 9 * len(nodes)))] += many
        ids = {f"call-{number + later:05}" for later in range(min(many, 3))}
        taken.examples = first_and_last((*taken.examples, *ids))
        number += many
    return counts


OLD = [
    (("greet", "verify", "book", "booked"), "end", 60),
    (("greet", "verify", "verify", "book", "booked"), "end", 15),
    (("greet", "verify"), "hangup", 40),
    (("greet", "verify", "faq"), "end", 20),
    (("greet", "faq", "greet"), "hangup", 10),
    (("greet",), "hangup", 5),
    (("greet", "verify"), "running", 2),
    ((), "end", 3),
]
NEW = [
    (("greet", "verify", "book", "booked"), "end", 90),
    (("greet", "verify"), "hangup", 15),
    (("greet", "verify", "faq"), "transfer", 12),
    (("greet",), "error", 8),
]


def booking(**changes):
    """A hotline in two versions, the new one better at verify."""
    old, new = counts_of(OLD), counts_of(NEW, first=1_000)
    old.nodes["verify"].tool_calls, old.nodes["verify"].tool_errors = 120, 6
    old.edges["verify", "book"].failed = 2
    facts = FlowFacts(
        store="calls",
        counts=old + new,
        calls_there=300,
        first=BEGAN,
        last=ENDED,
        flows={"main": 277},
        agents={"Hotel": 280},
        filters=(("channel", "phone"),),
        by="agent_version",
        groups=(FlowGroup("41", old.calls, old), FlowGroup("42", new.calls, new)),
        compared=("41", "42"),
    )
    return replace(facts, **changes)


def plain(ways, goals=("booked",), **more):
    """Any calls, without a breakdown."""
    counts = counts_of(ways, goals)
    flows = {"main": counts.paths} if counts.paths else {}
    agents = {None: counts.calls} if counts.calls else {}
    return replace(FlowFacts("calls", counts, calls_there=counts.calls, flows=flows, agents=agents), **more)


def large(nodes=200, versions=50, variants=2_000):
    """Very many of everything."""
    names = [f"node_{number:03}" for number in range(nodes)]
    ways = []
    for number in range(variants):
        steps = [names[(number * 7 + step * (1 + number % 5)) % nodes] for step in range(2 + number % 9)]
        # Its number, written in nodes, makes each way another one.
        steps += [names[number // nodes**digit % nodes] for digit in range(3)]
        ways.append((tuple(steps), ("end", "hangup", "error", "timeout")[number % 4], 1 + number % 3))
    counts = counts_of(ways, goals=(names[-1],))
    each = counts_of(ways[:40], goals=(names[-1],))
    groups = tuple(FlowGroup(f"v{one}", each.calls, each if one < 12 else None) for one in range(versions))
    return FlowFacts(
        store="calls",
        counts=counts,
        calls_there=counts.calls,
        flows={"main": counts.paths},
        agents={"bot": counts.calls},
        by="agent_version",
        groups=groups,
    )
