"""Choosing the steps of a funnel when nobody named them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flows_analytics.calls.visible import one_line, shorten
from flows_analytics.report.words import counted
from flows_analytics.stats.gates import Gates
from flows_analytics.stats.step import Step
from flows_analytics.store.counts import FlowCounts

MOST_STEPS = 8
_NAME = 60
_MOST_PASS = 0.75


@dataclass(frozen=True)
class ChosenSteps:
    """The steps of a funnel, and why these.

    Attributes:
        steps: The steps; empty if there are no paths.
        why: How they were chosen, as sentences.
    """

    steps: tuple[Step, ...]
    why: str


def choose_steps(counts: FlowCounts) -> ChosenSteps:
    """Choose steps: the nodes of the most common way to a goal, in order, each once, that most others pass, too.

    Of a way longer than `MOST_STEPS`, the first node, the goal and those stay that most paths to a goal pass.
    Without a goal, the most common way of all is taken.

    Args:
        counts: What was counted of calls.

    Returns:
        The steps.
    """
    ways = Counter[tuple[str, ...]]()
    for way, taken in counts.variants.items():
        # Calls may name goals of their own: what means success in one need not in another.
        goals = counts.goals if way.goal else frozenset[str]()
        reached = next((place for place, node in enumerate(way.nodes) if node in goals), None)
        if reached is not None:
            ways[way.nodes[: reached + 1]] += taken.paths
        elif way.goal:
            ways[way.nodes] += taken.paths
    to_goal = bool(ways)
    if not to_goal:
        for way, taken in counts.variants.items():
            ways[way.nodes] += taken.paths
    if not ways:
        return ChosenSteps((), "")
    common = min(ways, key=lambda nodes: (-ways[nodes], nodes))
    nodes = list(dict.fromkeys(common))
    why = [_origin(common, ways, counts, to_goal=to_goal)]
    gates = Gates.of(counts).gates
    passed = {gate.node: gate.passed for gate in gates}
    branches = [node for node in nodes[1:-1] if node in passed and (passed[node].value or 0.0) < _MOST_PASS]
    if branches and len(nodes) - len(branches) > 2:
        # Who takes the other branch is not lost.
        nodes = [node for node in nodes if node not in branches]
        why.append(f"Left out, because fewer than three in four of these pass it: {_listed(branches)}.")
    mandatory = [gate.node for gate in gates if gate.mandatory and gate.node in nodes]
    if len(nodes) > MOST_STEPS:
        why.append(f"Of {len(nodes)} such nodes, {MOST_STEPS} are shown: those that most paths pass.")
        reached = {node: passed[node].numerator if node in passed else counts.nodes[node].calls for node in nodes}
        nodes = _thinned(nodes, reached, mandatory)
    if mandatory:
        listed = _listed([node for node in nodes if node in mandatory])
        why.append(f"No way to a goal that was taken leads round {listed}.")
    steps = [Step(node) for node in nodes]
    # Whoever reaches another goal has arrived, too.
    if to_goal and nodes[-1] in counts.goals:
        steps[-1] = Step([goal for goal in counts.goals if goal in counts.nodes and goal not in nodes[:-1]])
    return ChosenSteps(tuple(steps), " ".join(why))


def _origin(common: tuple[str, ...], ways: Counter[tuple[str, ...]], counts: FlowCounts, *, to_goal: bool) -> str:
    if not to_goal:
        nobody = "No path reached a goal" if counts.goals else "No node is known to mean success"
        return (
            f"No steps were given. {nobody}, so they are the nodes of the most common way of all, "
            f"which {ways[common]:,} of {counted(ways.total(), 'path')} took, each once."
        )
    return (
        "No steps were given, so they are the nodes of the most common way to "
        f"{_name(common[-1])}, which {ways[common]:,} of {counted(ways.total(), 'path')} that arrived at a goal "
        "took, each once."
    )


def _thinned(nodes: list[str], reached: dict[str, int], mandatory: Sequence[str]) -> list[str]:
    inner = nodes[1:-1]
    ranked = sorted(inner, key=lambda node: (node not in mandatory, -reached[node]))
    kept = set(ranked[: MOST_STEPS - 2])
    return [nodes[0], *(node for node in inner if node in kept), nodes[-1]]


def _listed(nodes: Sequence[str]) -> str:
    return ", ".join(map(_name, nodes))


def _name(node: str) -> str:
    return shorten(one_line(node[:1_000]), _NAME) or "(no name)"
