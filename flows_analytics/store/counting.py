"""Counting: what the queries answer, as `FlowCounts`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from flows_analytics.store.counted_durations import VariantKey, durations_of
from flows_analytics.store.counts import EdgeCounts, FlowCounts, NodeCounts, Variant, VariantCounts, first_and_last
from flows_analytics.store.duck import Database, Row
from flows_analytics.store.node_names import NodeNames
from flows_analytics.store.queries import calls, edges, nodes, variants, visits
from flows_analytics.store.tally import Tally

Read = Callable[[Tally], list[Row]]
"""Gives the rows of a tally: the group, the keys and the sums; of one group and keys perhaps several."""

TALLIES = (visits.VISITS, nodes.DWELL, nodes.LATENCY, nodes.STAYS, nodes.OFFERS, edges.LATENCY, edges.FAILED)
"""What is kept by day."""

Groups = dict[str | None, FlowCounts]
"""Counts by value of the attribute that calls are grouped by; None is for calls without one."""


def count_groups(database: Database, names: NodeNames, read: Read, goals: Collection[str] | None = None) -> Groups:
    """Count the calls that are grouped, all groups in one go.

    Args:
        database: A database with the views of `flows_analytics.store.groups.group`.
        names: The nodes.
        read: Reads tallies of these calls.
        goals: The goals the calls were selected with; None if those that the calls name.

    Returns:
        The counts of each group that has calls, in order of value, None last.
    """
    totals = sorted(database.run(calls.TOTALS), key=lambda row: (row[0] is None, row[0] or ""))
    groups: Groups = {
        value: FlowCounts(
            calls=number,
            no_flow=int(no_flow),
            open=int(running),
            paths=int(paths),
            goals=frozenset(goals or ()),
        )
        for value, number, no_flow, running, paths in totals
    }
    if goals is None:
        for value, code, _ in database.run(calls.GOALS):
            groups[value].goals |= frozenset(names.of(code))
    for query in (calls.REACHED, calls.REACHED_BY_SEVERAL):
        for value, arrived, running in database.run(query):
            groups[value].goal_calls += arrived
            groups[value].open_goal_calls += int(running or 0)
    _count_visits(read, groups)
    _count_nodes(read, groups)
    _count_edges(read, groups)
    _count_variants(database, names, groups)
    return groups


def _count_visits(read: Read, groups: Mapping[str | None, FlowCounts]) -> None:
    for row in read(visits.VISITS):
        value, name, before, via, kind, number, in_calls, revisits, first_moves, *sums = row
        group = groups[value]
        node = group.nodes.setdefault(name, NodeCounts())
        node.visits += number
        node.calls += in_calls
        node.revisits += revisits
        setup, dwell, caller, bot, cut, tools, errors = map(int, sums)
        node.setup_us += setup
        node.dwell_us += dwell
        node.caller_turns += caller
        node.bot_turns += bot
        node.interruptions += cut
        node.tool_calls += tools
        node.tool_errors += errors
        if kind == "running":
            node.open += number
        elif kind != "transition":
            node.exits[kind] += number
        if before is None:
            node.starts += number
            continue
        edge = group.edges.setdefault((before, name), EdgeCounts())
        edge.count += number
        edge.calls += first_moves
        edge.via[via or ""] += number


def _count_nodes(read: Read, groups: Mapping[str | None, FlowCounts]) -> None:
    for value, node, bucket, number in read(nodes.DWELL):
        groups[value].nodes[node].dwell[bucket] += number
    for value, node, bucket, number in read(nodes.LATENCY):
        groups[value].nodes[node].latency[bucket] += number
    for value, node, function, number in read(nodes.STAYS):
        groups[value].nodes[node].stays[function] += number
    for value, node, function, offered, taken in read(nodes.OFFERS):
        counted = groups[value].nodes[node]
        counted.offered[function] += offered
        if taken:
            counted.taken[function] += taken


def _count_edges(read: Read, groups: Mapping[str | None, FlowCounts]) -> None:
    for value, before, node, bucket, number in read(edges.LATENCY):
        groups[value].edges[before, node].latency[bucket] += number
    for value, before, node, number in read(edges.FAILED):
        groups[value].edges.setdefault((before, node), EdgeCounts()).failed += number


def _count_variants(database: Database, names: NodeNames, groups: Mapping[str | None, FlowCounts]) -> None:
    known: dict[VariantKey, VariantCounts] = {
        (value, path, end_kind, goal): VariantCounts(
            paths=number, calls=int(in_calls), examples=first_and_last((first, last))
        )
        for value, path, end_kind, goal, number, in_calls, first, last in database.run(variants.VARIANTS)
    }
    for key, durations in database.read(variants.DURATION, durations_of):
        known[key].duration = durations
    for (value, path, end_kind, goal), counts in known.items():
        groups[value].variants[Variant(names.of(path), end_kind, goal)] = counts
