"""Gates: nodes that every way to a goal passes, and the ways round those that only most do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.calls.visible import one_line
from flows_analytics.stats.conservation import check_conservation
from flows_analytics.stats.digraph import dominators, graph_of
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.text_table import Column, text_table
from flows_analytics.store.counts import FlowCounts

_START, _GOAL = ("start",), ("goal",)


@dataclass(frozen=True)
class Gate:
    """A node on the way to a goal.

    Attributes:
        node: The node.
        passed: Paths to a goal that visited it before, of all paths to a goal.
        mandatory: Whether no way to a goal leads round it, of all that can be put together from transitions seen.
        bypasses: Transitions by which paths to a goal went round it, from a node from which others went into it,
            with how many did.
    """

    node: str
    passed: Rate
    mandatory: bool
    bypasses: dict[tuple[str, str], int]

    def to_dict(self) -> dict[str, Any]:
        """Give the gate as plain values.

        Returns:
            The attributes by name; bypasses as a list with ``from``, ``to`` and ``paths``.
        """
        return {
            "node": self.node,
            "passed": self.passed.to_dict(),
            "mandatory": self.mandatory,
            "bypasses": [{"from": a, "to": b, "paths": many} for (a, b), many in self.bypasses.items()],
        }


@dataclass(frozen=True)
class Gates:
    """The nodes on the way to a goal.

    Attributes:
        paths: Paths that visited a goal.
        gates: The nodes that they visited before it, those of most paths first.
    """

    paths: int
    gates: tuple[Gate, ...]

    @classmethod
    def of(cls, counts: FlowCounts) -> Gates:
        """Find the gates in counted variants.

        Args:
            counts: What was counted of calls; without goals there are no gates.

        Returns:
            The gates.

        Raises:
            CountsError: The counts contradict each other.
        """
        check_conservation(counts)
        ways = Counter[tuple[str, ...]]()
        walked = set[tuple[Any, Any]]()
        for way, taken in counts.variants.items():
            # Calls may name goals of their own: what means success in one need not in another.
            goals = counts.goals if way.goal else frozenset[str]()
            until = next((place for place, node in enumerate(way.nodes) if node in goals), None)
            if until is not None:
                ways[way.nodes[: until + 1]] += taken.paths
            steps = [_START, *way.nodes[:until], *([_GOAL] if until is not None else [])]
            walked.update(pairwise(steps))
        mandatory: set[Any] = set(dominators(graph_of(walked, [_START]), _START, _GOAL))
        passed = Counter[str]()
        for nodes, many in ways.items():
            for node in set(nodes[:-1]):
                passed[node] += many
        gates = (
            Gate(node, Rate(many, ways.total()), node in mandatory, _bypasses(node, ways))
            for node, many in passed.items()
        )
        return cls(ways.total(), tuple(sorted(gates, key=lambda gate: (-gate.passed.numerator, gate.node))))

    def to_dict(self) -> dict[str, Any]:
        """Give the gates as plain values.

        Returns:
            ``paths``, ``gates`` and ``reading``.
        """
        return {"paths": self.paths, "gates": [gate.to_dict() for gate in self.gates], "reading": self.reading()}

    def table(self) -> RenderableType:
        """Show the gates as a table in a terminal.

        Returns:
            Something for rich's ``Console.print``.
        """
        return Group(
            Text(self.reading()),
            Text(),
            text_table(
                "On the way to a goal",
                [
                    Column("node", number=False),
                    Column("passed"),
                    Column("mandatory"),
                    Column("most went round by", number=False),
                ],
                [
                    (gate.node, gate.passed, "yes" if gate.mandatory else "no", _first_bypass(gate))
                    for gate in self.gates
                ],
            ),
        )

    def reading(self) -> str:
        """Say in plain words which nodes are mandatory.

        Returns:
            A sentence.
        """
        if not self.paths:
            return "No path reached a goal."
        names = [one_line(gate.node) for gate in self.gates if gate.mandatory]
        if not names:
            return "No node is mandatory on the way to a goal."
        return f"Every way to a goal passes {', '.join(names)}."


def _bypasses(node: str, ways: Counter[tuple[str, ...]]) -> dict[tuple[str, str], int]:
    before = {a for nodes in ways for a, b in pairwise(nodes) if b == node}
    found = Counter[tuple[str, str]]()
    for nodes, many in ways.items():
        if node not in nodes:
            # The last chance to go in: what followed it led round.
            turn = next((place for place in range(len(nodes) - 2, -1, -1) if nodes[place] in before), None)
            if turn is not None:
                found[nodes[turn], nodes[turn + 1]] += many
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _first_bypass(gate: Gate) -> str:
    for (source, target), many in gate.bypasses.items():
        return f"{source} → {target} ({many:,})"
    return ""
