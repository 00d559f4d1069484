"""The steps of a funnel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flows_analytics.errors import FunnelError


@dataclass(frozen=True, init=False)
class Step:
    """What has to be visited to get one step further.

    Args:
        nodes: A node, or several of which any will do.
        optional: Whether a call gets further without it, too.

    Raises:
        FunnelError: There is no node.
    """

    nodes: frozenset[str]
    optional: bool

    def __init__(self, nodes: str | Collection[str], *, optional: bool = False) -> None:
        names = frozenset((nodes,) if isinstance(nodes, str) else nodes)
        if not names:
            raise FunnelError("funnel_step_empty", "a step of a funnel names at least one node")
        object.__setattr__(self, "nodes", names)
        object.__setattr__(self, "optional", optional)

    @property
    def name(self) -> str:
        """The nodes, with ``|`` between them."""
        return "|".join(sorted(self.nodes))


def steps_of(steps: Sequence[str | Collection[str] | Step]) -> tuple[Step, ...]:
    """Make steps of what a caller writes.

    Args:
        steps: Nodes, sets of nodes, or steps.

    Returns:
        The steps.

    Raises:
        FunnelError: No step is required, a step names no node, or two optional steps share a node.
    """
    made = tuple(step if isinstance(step, Step) else Step(step) for step in steps)
    if isinstance(steps, str) or all(step.optional for step in made):
        raise FunnelError("funnel_without_steps", "a funnel needs a list of steps, one of them required")
    taken: set[str] = set()
    for step in made:
        if step.optional:
            if taken & step.nodes:
                # One visit satisfies one step, and nothing would say which of the two.
                raise FunnelError("funnel_steps_overlap", "two optional steps of a funnel share a node")
            taken |= step.nodes
    return made
