"""What the statistics say of the way from one node to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flows_analytics.stats.rates import Rate
from flows_analytics.stats.spread import Spread
from flows_analytics.store.counts import EdgeCounts, NodeCounts


@dataclass(frozen=True)
class EdgeRow:
    """The transitions between two nodes.

    Attributes:
        source: The node they leave.
        target: The node they enter.
        count: Transitions; 0 if every one failed, which makes no edge.
        calls: Calls with at least one.
        via: Transitions by the function that led over; ``""`` for code.
        p_out: Of the visits to the source that are over.
        p_in: Of all visits to the target.
        latency: Of transitions: function start to first audio of the new node.
        failed: Node changes that raised: no transitions.
    """

    source: str
    target: str
    count: int
    calls: int
    via: dict[str, int]
    p_out: Rate
    p_in: Rate
    latency: Spread
    failed: int

    @classmethod
    def of(cls, edge: tuple[str, str], counts: EdgeCounts, source: NodeCounts, target: NodeCounts) -> EdgeRow:
        """Read an edge's counts.

        Args:
            edge: The nodes it leads from and to.
            counts: Its counts.
            source: Counts of the node it leaves.
            target: Counts of the node it enters.

        Returns:
            The row.
        """
        return cls(
            source=edge[0],
            target=edge[1],
            count=counts.count,
            calls=counts.calls,
            via=dict(sorted((+counts.via).items())),
            p_out=Rate(counts.count, source.visits - source.open),
            p_in=Rate(counts.count, target.visits),
            latency=Spread.of(counts.latency),
            failed=counts.failed,
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the row as plain values.

        Returns:
            ``from``, ``to`` and the other attributes by name; rates and spreads as their own dictionaries.
        """
        return {
            "from": self.source,
            "to": self.target,
            "count": self.count,
            "calls": self.calls,
            "via": self.via,
            "p_out": self.p_out.to_dict(),
            "p_in": self.p_in.to_dict(),
            "latency": self.latency.to_dict(),
            "failed": self.failed,
        }
