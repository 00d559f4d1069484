"""The outlook from each node: what is to be expected from there on, and what a fix there is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows_analytics.calls.visible import one_line
from flows_analytics.errors import CountsError
from flows_analytics.stats.chain import FlowChain
from flows_analytics.stats.difference import points
from flows_analytics.stats.rates import Rate
from flows_analytics.stats.text_table import Column, seconds, text_table
from flows_analytics.store.counts import FlowCounts


@dataclass(frozen=True)
class NodeOutlook:
    """The outlook from one node.

    Attributes:
        node: The node.
        p_goal: Probability of reaching a goal from here, 0 to 1.
        steps_left: Transitions to be expected until a path reaches a goal or ends, its end included.
        seconds_left: Time to be expected until then, from entering the node; None if it is not known.
        lost: Paths that ended here without a goal.
        worth: Conversion that would be won if nobody were lost here and went on like the others, in shares of all
            paths; None if nobody went on.
        removal: Share of conversions that pass the node; None if nothing converts.
    """

    node: str
    p_goal: float
    steps_left: float
    seconds_left: float | None
    lost: int
    worth: float | None
    removal: float | None

    def to_dict(self) -> dict[str, Any]:
        """Give the outlook as plain values.

        Returns:
            The attributes by name.
        """
        return {
            "node": self.node,
            "p_goal": self.p_goal,
            "steps_left": self.steps_left,
            "seconds_left": self.seconds_left,
            "lost": self.lost,
            "worth": self.worth,
            "removal": self.removal,
        }


@dataclass(frozen=True)
class Outlook:
    """The outlook from all nodes.

    Attributes:
        conversion: Finished paths that reached a goal.
        nodes: The nodes, the one most worth fixing first.
    """

    conversion: Rate
    nodes: tuple[NodeOutlook, ...]

    @classmethod
    def of(cls, counts: FlowCounts) -> Outlook:
        """Fit a chain and look ahead.

        Args:
            counts: What was counted of calls.

        Returns:
            The outlook.

        Raises:
            CountsError: The counts contradict each other, or the chain does not reproduce what was observed.
            ExtraMissingError: numpy is not installed.
        """
        chain = FlowChain(counts)
        conversion = Rate(chain.paths - chain.losses.total(), chain.paths)
        if conversion.value is not None and abs((chain.conversion or 0.0) - conversion.value) > 1e-9:
            raise CountsError("chain_inexact", "the chain does not reproduce the conversion it was fitted on")
        p_goal, steps, time = chain.p_goal(), chain.steps_left(), chain.seconds_left()
        worth, removal = chain.worth_of_fixing(), chain.removal_effect()
        rows = (
            NodeOutlook(
                node,
                p_goal[node],
                steps[node],
                time[node],
                chain.losses[node],
                worth.get(node, 0.0),
                removal[node],
            )
            for node in chain.nodes
        )
        return cls(conversion, tuple(sorted(rows, key=lambda row: (-(row.worth or 0.0), -row.lost, row.node))))

    def to_dict(self) -> dict[str, Any]:
        """Give the outlook as plain values.

        Returns:
            ``conversion``, ``nodes`` and ``reading``.
        """
        return {
            "conversion": self.conversion.to_dict(),
            "nodes": [row.to_dict() for row in self.nodes],
            "reading": self.reading(),
        }

    def table(self) -> RenderableType:
        """Show the outlook as a table in a terminal.

        Returns:
            Something for rich's ``Console.print``.
        """
        names = ("P(goal)", "steps left", "time left", "lost", "fix, points", "removal")
        return Group(
            Text(self.reading()),
            Text(),
            text_table(
                "Outlook from each node",
                [Column("node", number=False), *map(Column, names)],
                [
                    (
                        row.node,
                        f"{100 * row.p_goal:.0f} %",
                        f"{row.steps_left:.1f}",
                        seconds(None if row.seconds_left is None else row.seconds_left * 1000),
                        row.lost,
                        None if row.worth is None else points(row.worth),
                        None if row.removal is None else f"{100 * row.removal:.0f} %",
                    )
                    for row in self.nodes
                ],
            ),
        )

    def reading(self) -> str:
        """Say in plain words which fix is worth most.

        Returns:
            A few sentences.
        """
        rate = self.conversion
        if not rate.denominator:
            return "No path is finished: nothing can be expected."
        said = f"{rate.text} of {rate.denominator:,} finished paths reached a goal."
        if self.nodes and self.nodes[0].worth:
            best = self.nodes[0]
            said += (
                f" Losing nobody at {one_line(best.node)} would be worth {points(best.worth or 0.0)} points, "
                "more than at any other node, if they went on like the others there."
            )
        unknown = max((row for row in self.nodes if row.worth is None), key=lambda row: row.lost, default=None)
        if unknown is not None:
            said += (
                f" What the {unknown.lost:,} lost at {one_line(unknown.node)} are worth is not known: "
                "nobody went on from there."
            )
        return said
