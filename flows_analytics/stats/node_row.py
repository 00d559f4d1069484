"""What the statistics say of one node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flows_analytics.stats.rates import Rate
from flows_analytics.stats.spread import Spread
from flows_analytics.store.counts import NodeCounts


@dataclass(frozen=True)
class NodeRow:
    """One node.

    Attributes:
        node: Its name.
        visits: Visits, those under way included.
        calls: Calls with at least one.
        share: Those calls of all calls with a flow.
        starts: Visits that began a path.
        exits: Paths that ended here, by exit kind.
        open: Visits under way.
        goal: Whether it means success.
        exit_rate: Exits of visits that are over.
        loss_rate: Exits of paths that had not reached a goal, of visits that are over.
        revisit_rate: Visits that were not the flow's first to the node, of all visits.
        dwell: Time in the node, of visits that are over.
        setup_ms: Time of the node changes that led into it, summed, in milliseconds.
        latency: Of the bot's answers.
        caller_turns: Turns of callers.
        bot_turns: Turns of the bot.
        interruptions: Interruptions that cut speech.
        tool_error_rate: Tool calls that failed, of all.
        stays: Functions that stayed in the node, by name.
        offered: Visits in which a function was offered, by name.
        taken: Visits in which it was called, by name.
    """

    node: str
    visits: int
    calls: int
    share: Rate
    starts: int
    exits: dict[str, int]
    open: int
    goal: bool
    exit_rate: Rate
    loss_rate: Rate
    revisit_rate: Rate
    dwell: Spread
    setup_ms: float
    latency: Spread
    caller_turns: int
    bot_turns: int
    interruptions: int
    tool_error_rate: Rate
    stays: dict[str, int]
    offered: dict[str, int]
    taken: dict[str, int]

    @classmethod
    def of(cls, node: str, counts: NodeCounts, *, with_flow: int, goal: bool, lost: int) -> NodeRow:
        """Read a node's counts.

        Args:
            node: Its name.
            counts: Its counts.
            with_flow: Calls with a flow, of all nodes.
            goal: Whether it means success.
            lost: Paths that ended here and had not reached a goal.

        Returns:
            The row.
        """
        over = counts.visits - counts.open
        return cls(
            node=node,
            visits=counts.visits,
            calls=counts.calls,
            share=Rate(counts.calls, with_flow),
            starts=counts.starts,
            exits=dict(sorted((+counts.exits).items())),
            open=counts.open,
            goal=goal,
            exit_rate=Rate(counts.exits.total(), over),
            loss_rate=Rate(lost, over),
            revisit_rate=Rate(counts.revisits, counts.visits),
            dwell=Spread.of(counts.dwell, counts.dwell_us),
            setup_ms=counts.setup_us / 1000,
            latency=Spread.of(counts.latency),
            caller_turns=counts.caller_turns,
            bot_turns=counts.bot_turns,
            interruptions=counts.interruptions,
            tool_error_rate=Rate(counts.tool_errors, counts.tool_calls),
            stays=dict(sorted((+counts.stays).items())),
            offered=dict(sorted((+counts.offered).items())),
            taken=dict(sorted((+counts.taken).items())),
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the row as plain values.

        Returns:
            The attributes by name; rates and spreads as their own dictionaries.
        """
        return {
            "node": self.node,
            "visits": self.visits,
            "calls": self.calls,
            "share": self.share.to_dict(),
            "starts": self.starts,
            "exits": self.exits,
            "open": self.open,
            "goal": self.goal,
            "exit_rate": self.exit_rate.to_dict(),
            "loss_rate": self.loss_rate.to_dict(),
            "revisit_rate": self.revisit_rate.to_dict(),
            "dwell": self.dwell.to_dict(),
            "setup_ms": self.setup_ms,
            "latency": self.latency.to_dict(),
            "caller_turns": self.caller_turns,
            "bot_turns": self.bot_turns,
            "interruptions": self.interruptions,
            "tool_error_rate": self.tool_error_rate.to_dict(),
            "stays": self.stays,
            "offered": self.offered,
            "taken": self.taken,
        }
