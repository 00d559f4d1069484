"""Counting: what the queries answer, as `FlowCounts`."""

from __future__ import annotations

from collections.abc import Collection

from flows_analytics.store.counts import EdgeCounts, FlowCounts, NodeCounts, Variant, VariantCounts
from flows_analytics.store.duck import Database
from flows_analytics.store.queries import calls, edges, nodes, variants


class NodeNames:
    """Reads numbers of nodes as names.

    Args:
        names: The names, in order of number.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._read: dict[str, tuple[str, ...]] = {}

    def of(self, code: str) -> tuple[str, ...]:
        """Read a path.

        Args:
            code: Such as ``|0||1|``.

        Returns:
            The names of its nodes.
        """
        if code not in self._read:
            numbers = code.strip("|").split("||") if code else []
            self._read[code] = tuple(self._names[int(number)] for number in numbers)
        return self._read[code]


def count(database: Database, names: NodeNames, goals: Collection[str] | None = None) -> FlowCounts:
    """Count the calls that are selected.

    Args:
        database: A database with the views of `flows_analytics.store.selection`.
        names: The nodes.
        goals: The goals the calls were selected with; None if those that the calls name.

    Returns:
        The counts.
    """
    number, no_flow, running, paths = database.run(calls.TOTALS)[0]
    reached = [database.run(query)[0] for query in (calls.REACHED, calls.REACHED_BY_SEVERAL)]
    if goals is None:
        goals = {name for code, _ in database.run(calls.GOALS) for name in names.of(code)}
    return FlowCounts(
        calls=number,
        no_flow=no_flow or 0,
        open=running or 0,
        paths=paths or 0,
        goal_calls=sum(arrived for arrived, _ in reached),
        open_goal_calls=sum(int(arrived or 0) for _, arrived in reached),
        goals=frozenset(goals),
        nodes=_nodes(database),
        edges=_edges(database),
        variants=_variants(database, names),
    )


def _nodes(database: Database) -> dict[str, NodeCounts]:
    counted: dict[str, NodeCounts] = {}
    for row in database.run(nodes.VISITS):
        node, visits, in_calls, starts, revisits, running, setup, dwell, caller, bot, cut, tools, errors = row
        counted[node] = NodeCounts(
            visits=visits,
            calls=in_calls,
            starts=starts,
            revisits=revisits,
            open=running,
            setup_us=int(setup),
            dwell_us=int(dwell),
            caller_turns=int(caller),
            bot_turns=int(bot),
            interruptions=int(cut),
            tool_calls=int(tools),
            tool_errors=int(errors),
        )
    for node, kind, number in database.run(nodes.EXITS):
        counted[node].exits[kind] = number
    for node, bucket, number in database.run(nodes.DWELL):
        counted[node].dwell[bucket] = number
    for node, bucket, number in database.run(nodes.LATENCY):
        counted[node].latency[bucket] = number
    for node, function, number in database.run(nodes.STAYS):
        counted[node].stays[function] = number
    for node, function, offered, taken in database.run(nodes.OFFERS):
        counted[node].offered[function] = offered
        if taken:
            counted[node].taken[function] = int(taken)
    return counted


def _edges(database: Database) -> dict[tuple[str, str], EdgeCounts]:
    counted: dict[tuple[str, str], EdgeCounts] = {}
    for before, node, via, number, in_calls in database.run(edges.MOVES):
        edge = counted.setdefault((before, node), EdgeCounts())
        edge.count += number
        edge.calls += int(in_calls)
        edge.via[via] += number
    for before, node, bucket, number in database.run(edges.LATENCY):
        counted[before, node].latency[bucket] = number
    for before, node, number in database.run(edges.FAILED):
        counted.setdefault((before, node), EdgeCounts()).failed = number
    return counted


def _variants(database: Database, names: NodeNames) -> dict[Variant, VariantCounts]:
    known: dict[tuple[str, str, bool], VariantCounts] = {}
    for path, end_kind, goal, number, in_calls in database.run(variants.VARIANTS):
        known[path, end_kind, goal] = VariantCounts(paths=number, calls=int(in_calls))
    for path, end_kind, goal, bucket, number in database.run(variants.DURATION):
        known[path, end_kind, goal].duration[bucket] = number
    examples: dict[tuple[str, str, bool], list[str]] = {}
    for path, end_kind, goal, call_id in database.run(variants.EXAMPLES):
        examples.setdefault((path, end_kind, goal), []).append(call_id)
    for key, ids in examples.items():
        known[key].examples = tuple(sorted(ids))
    return {Variant(names.of(path), end_kind, goal): counts for (path, end_kind, goal), counts in known.items()}
