"""The laws that all counts obey: whoever enters a node comes from somewhere, and leaves it or stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from flows_analytics.calls.visible import one_line
from flows_analytics.errors import CountsError
from flows_analytics.store.counts import FlowCounts


def check_conservation(counts: FlowCounts) -> None:
    """Assert that counts agree with each other.

    Every result is made from counts that passed: a number that breaks a law is a bug or a damaged table, and no
    page may show it.

    Args:
        counts: Counts of any calls.

    Raises:
        CountsError: A law is broken; the message names the first one and the node.
    """
    for broken in _broken(counts):
        raise CountsError("counts_contradictory", f"the counts contradict each other: {broken}")


def _broken(counts: FlowCounts) -> Iterator[str]:
    left = Counter[str]()
    came = Counter[str]()
    for (source, target), edge in counts.edges.items():
        if edge.count:
            left[source] += edge.count
            came[target] += edge.count
        if not 0 <= edge.calls <= edge.count:
            yield f"{edge.calls} calls made {edge.count} transitions from {one_line(source)} to {one_line(target)}"
    for name in left.keys() | came.keys():
        if name not in counts.nodes:
            yield f"transitions lead from or to {one_line(name)}, which has no visits"
    for name, node in counts.nodes.items():
        at = one_line(name)
        ended = left[name] + node.exits.total() + node.open
        if node.visits != ended:
            yield f"{at} has {node.visits} visits, but {ended} transitions, exits and open visits"
        if node.visits != node.starts + came[name]:
            yield f"{at} has {node.visits} visits, but {node.starts + came[name]} starts and transitions into it"
        if not 0 <= node.calls <= node.visits:
            yield f"{at} has {node.visits} visits in {node.calls} calls"
        if node.dwell.total() > node.visits - node.open:
            yield f"{at} has {node.dwell.total()} durations of {node.visits - node.open} visits that are over"
    yield from _broken_by_variants(counts)
    starts = sum(node.starts for node in counts.nodes.values())
    if starts != counts.paths:
        yield f"{starts} visits start a path, but there are {counts.paths} paths"
    taken = sum(variant.paths for variant in counts.variants.values())
    if taken != counts.paths:
        yield f"{taken} paths took a variant, but there are {counts.paths} paths"
    if counts.paths < counts.calls - counts.no_flow:
        yield f"{counts.calls - counts.no_flow} calls have a flow, but there are {counts.paths} paths"
    for name, part in (("no_flow", counts.no_flow), ("open", counts.open), ("goal_calls", counts.goal_calls)):
        if not 0 <= part <= counts.calls:
            yield f"{name} is {part} of {counts.calls} calls"
    if not 0 <= counts.open_goal_calls <= min(counts.open, counts.goal_calls):
        yield f"{counts.open_goal_calls} of {counts.open} open calls and of {counts.goal_calls} at a goal are both"


def _broken_by_variants(counts: FlowCounts) -> Iterator[str]:
    """Hold the paths, seen as variants, against the nodes they begin and end in."""
    began = Counter[str]()
    ended = Counter[tuple[str, str]]()
    for way, taken in counts.variants.items():
        if not way.nodes:
            yield "a path has no visits"
            return
        began[way.nodes[0]] += taken.paths
        ended[way.nodes[-1], way.end_kind] += taken.paths
        if not 0 <= taken.calls <= taken.paths:
            yield f"{taken.calls} calls took a variant on {taken.paths} paths"
    for name, node in counts.nodes.items():
        for kind, many in (*node.exits.items(), ("running", node.open)):
            if ended.pop((name, kind), 0) != many:
                yield f"{one_line(name)} ends {many} paths by {kind}, their variants say otherwise"
        if began.pop(name, 0) != node.starts:
            yield f"{one_line(name)} starts {node.starts} paths, their variants say otherwise"
    if +began or +ended:
        yield "variants begin or end where no path does"
