"""Counting by loops alone, to hold against whatever counts faster."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

from flows_analytics.store.counts import (
    EdgeCounts,
    FlowCounts,
    NodeCounts,
    Variant,
    VariantCounts,
    first_and_last,
)


def count(calls, goals=("done",)):
    """Count calls (`tests.stats.logs.Call`) as METRICS says."""
    counts = FlowCounts(goals=frozenset(goals))
    for call in calls:
        counts.calls += 1
        counts.open += call.running
        counts.no_flow += not call.rows
        counts.paths += len(call.paths)
        counts.goal_calls += any(row.node in goals for row in call.rows)
        counts.open_goal_calls += call.running and any(row.node in goals for row in call.rows)
        for node in {row.node for row in call.rows}:
            counts.nodes.setdefault(node, NodeCounts()).calls += 1
        for edge in {(row.node, row.next_node) for row in call.rows if row.next_node is not None}:
            counts.edges.setdefault(edge, EdgeCounts()).calls += 1
        for path in call.paths:
            _count_path(counts, path)
        for variant in {_variant(path, counts.goals) for path in call.paths}:
            found = counts.variants[variant]
            found.calls += 1
            found.examples = first_and_last((*found.examples, call.call_id))
    return counts


def _count_path(counts, path):
    for row, following in zip(path, [*path[1:], None], strict=True):
        node = counts.nodes[row.node]
        node.visits += 1
        node.starts += row.seq == 0
        node.revisits += row.visit_no > 1
        node.setup_us += row.setup_us
        node.caller_turns += row.caller_turns
        node.bot_turns += row.bot_turns
        node.interruptions += row.interruptions
        node.tool_errors += row.tool_errors
        node.tool_calls += row.tool_errors + row.bot_turns
        node.open += row.left_us is None
        if row.left_us is not None:
            node.dwell[bucket(row.dwell_us)] += 1
            node.dwell_us += row.dwell_us
        if following is not None:
            edge = counts.edges[row.node, following.node]
            edge.count += 1
            edge.via[following.via or ""] += 1
        elif row.left_us is not None:
            node.exits[row.exit_kind] += 1
    found = counts.variants.setdefault(_variant(path, counts.goals), VariantCounts())
    found.paths += 1
    if path[-1].left_us is not None:
        found.duration[bucket(path[-1].left_us - path[0].entered_us)] += 1


def _variant(path, goals):
    nodes = tuple(row.node for row in path)
    return Variant(nodes, path[-1].exit_kind, not goals.isdisjoint(nodes))


def bucket(us):
    return math.floor(math.log(max(us, 1)) / math.log(1.02))


def paths_of(*texts):
    """Make counts of calls of one flow, written as ``greet verify done: end``, how many of them before ``×``."""
    counts = FlowCounts(goals=frozenset({"done"}))
    number = 0
    for text in texts:
        many, _, rest = text.rpartition("×")
        words, _, kind = rest.partition(":")
        nodes, kind = tuple(words.split()), kind.strip()
        for _ in range(int(many or 1)):
            number += 1
            counts = counts + _one(nodes, kind, f"call-{number:05}", counts.goals)
    return counts


def _one(nodes, kind, call_id, goals):
    part = FlowCounts(calls=1, open=int(kind == "running"), paths=1, goals=goals)
    part.goal_calls = int(not goals.isdisjoint(nodes))
    part.open_goal_calls = part.open * part.goal_calls
    for node, many in Counter(nodes).items():
        part.nodes[node] = NodeCounts(visits=many, calls=1, revisits=many - 1)
    part.nodes[nodes[0]].starts = 1
    for edge, many in Counter(pairwise(nodes)).items():
        part.edges[edge] = EdgeCounts(count=many, calls=1, via=Counter({"next": many}))
    last = part.nodes[nodes[-1]]
    last.open = int(kind == "running")
    if kind != "running":
        last.exits[kind] = 1
    for node in part.nodes.values():
        over = node.visits - node.open
        node.dwell, node.dwell_us = Counter({bucket(10_000_000): over}) if over else Counter(), over * 10_000_000
    part.variants[Variant(nodes, kind, part.goal_calls > 0)] = VariantCounts(1, 1, Counter(), (call_id,))
    return part
