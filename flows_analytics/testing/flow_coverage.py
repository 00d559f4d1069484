"""Flow coverage: which nodes, transitions, functions and branch cases of a flow the calls of a suite exercised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from flows_analytics.calls.record import CallRecord

Kind = Literal["nodes", "transitions", "functions", "cases"]
KINDS: tuple[Kind, ...] = ("nodes", "transitions", "functions", "cases")

EVERYWHERE = "(everywhere)"
"""Stands for the node of a global function: it counts once, whatever the number of nodes."""

CODE = "(code)"
"""Stands for the function of a move that code made."""

DEFAULT = "any other value"

Part = tuple[str, ...]
"""A node; a node, a function and a node; a node and a function; or a node, a function, a field and its case."""

Parts = dict[Kind, dict[Part, int]]
"""Parts of a flow, in order, with the number of times each was exercised."""


def no_parts() -> Parts:
    """Make an empty collection of parts."""
    return {kind: {} for kind in KINDS}


@dataclass
class FlowCoverage:
    """What there is to exercise, and what was.

    Attributes:
        parts: All that is known of the flow, with how often each part was exercised.
        initial: The node the flow starts in; None if unknown.
        calls: Number of calls held.
    """

    parts: Parts = field(default_factory=no_parts)
    initial: str | None = None
    calls: int = 0

    def declare(self, flow: Any) -> None:
        """Add what a flow declares.

        Args:
            flow: A ``Flow`` or a FlowConfig. Duck-typed, because Pipecat before 1.9 has neither.
        """
        config = getattr(flow, "config", flow)
        self.initial = self.initial or config.initial_node
        for name, node in config.nodes.items():
            self._know("nodes", (name,))
            for function in node.functions:
                self._declare_function(name, function)
        for function in config.global_functions:
            self._declare_function(EVERYWHERE, function)

    def add(self, record: CallRecord, *, closed: bool = False) -> None:
        """Add what a call exercised.

        Args:
            record: The call.
            closed: Whether only what was declared counts. Then a call of another flow, which visits a node that
                is not declared, does not count at all.
        """
        if closed and not all((visit.node,) in self.parts["nodes"] for visit in record.visits):
            return
        self.calls += 1
        if record.path:
            self.initial = self.initial or record.path[0]
        for visit in record.visits:
            self._did("nodes", (visit.node,))
            if not closed:
                for function in visit.functions_offered:
                    self._know("functions", (visit.node, function))
        for call in record.tool_calls:
            if call.visit is None:
                continue
            place = self._place(record.visits[call.visit].node, call.function)
            self._did("functions", (place, call.function), closed=closed)
            self._add_case(place, call.function, call.result)
        for move in record.transitions:
            if move.succeeded and move.from_node is not None:
                function = move.function or CODE
                place = self._place(move.from_node, function, move.to_node)
                self._did("transitions", (place, function, move.to_node), closed=closed)

    def merge(self, other: FlowCoverage) -> None:
        """Add what another part of the suite knew and exercised.

        Args:
            other: Its coverage.
        """
        self.calls += other.calls
        self.initial = self.initial or other.initial
        for kind in KINDS:
            for part, times in other.parts[kind].items():
                self.parts[kind][part] = self.parts[kind].get(part, 0) + times

    def covered(self, kind: Kind | None = None) -> tuple[int, int]:
        """Count the parts.

        Args:
            kind: Which; None counts all.

        Returns:
            How many were exercised, and how many there are.
        """
        counts = [times for one in KINDS if kind in (None, one) for times in self.parts[one].values()]
        return sum(times > 0 for times in counts), len(counts)

    @property
    def percent(self) -> float:
        """Share of all parts that was exercised, in per cent; 100 if there are none."""
        done, there = self.covered()
        return 100 * done / there if there else 100.0

    def missed(self, kind: Kind) -> list[Part]:
        """List the parts that were not exercised, in order."""
        return [part for part, times in self.parts[kind].items() if not times]

    def to_json(self) -> dict[str, Any]:
        """Write it as plain lists, for another process."""
        parts = {kind: [[*part, times] for part, times in self.parts[kind].items()] for kind in KINDS}
        return {"calls": self.calls, "initial": self.initial, "parts": parts}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what another process wrote.

        Args:
            document: What `to_json` gave.
        """
        parts = no_parts()
        for kind in KINDS:
            parts[kind] = {tuple(part): times for *part, times in document["parts"][kind]}
        return cls(parts=parts, initial=document["initial"], calls=document["calls"])

    def _declare_function(self, node: str, function: Any) -> None:
        self._know("functions", (node, function.name))
        for target in dict.fromkeys(function.targets()):
            self._know("transitions", (node, function.name, target))
        cases: Mapping[str, str] = getattr(function.transition_to, "cases", {})
        for case in cases:
            self._know("cases", (node, function.name, function.transition_to.field, case))
        if cases and function.transition_to.default is not None:
            self._know("cases", (node, function.name, function.transition_to.field, DEFAULT))

    def _add_case(self, node: str, function: str, result: Any) -> None:
        if not isinstance(result, Mapping):
            return
        known: Mapping[str, Any] = result  # pyright: ignore[reportUnknownVariableType]  # JSON
        declared = [part for part in self.parts["cases"] if part[:2] == (node, function) and part[2] in known]
        if not declared:
            return
        value = _case_key(known[declared[0][2]])
        hits = [part for part in declared if part[3] == value] or [part for part in declared if part[3] == DEFAULT]
        for part in hits:
            self._did("cases", part)

    def _place(self, node: str, *rest: str) -> str:
        """Where a function counts: in its node, unless it is a global one."""
        kind: Kind = "functions" if len(rest) == 1 else "transitions"
        return EVERYWHERE if (EVERYWHERE, *rest) in self.parts[kind] else node

    def _know(self, kind: Kind, part: Part) -> None:
        self.parts[kind].setdefault(part, 0)

    def _did(self, kind: Kind, part: Part, *, closed: bool = False) -> None:
        if closed and part not in self.parts[kind]:
            return
        self.parts[kind][part] = self.parts[kind].get(part, 0) + 1


def part_text(kind: Kind, part: Iterable[str]) -> str:
    """Write a part on one line.

    Args:
        kind: Its kind.
        part: The part.
    """
    words = tuple(part)
    match kind:
        case "nodes":
            return words[0]
        case "transitions":
            return f"{words[0]} > {words[2]} via {words[1]}"
        case "functions":
            return f"{words[0]}: {words[1]}"
        case "cases":
            return f"{words[0]}: {words[1]}: {words[2]} is {words[3]}"


def percent_text(done: int, there: int) -> str:
    """Write a share in whole per cent. It is 0 or 100 only if it is exactly that."""
    if not there:
        return "–"
    percent = 100 * done / there
    if 0 < percent < 100:
        percent = min(99, max(1, round(percent)))
    return f"{percent:.0f} %"


def _case_key(value: Any) -> str:
    """How Pipecat compares a value with the cases of a branch."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text.lower() if text.lower() in ("true", "false") else text
