"""Scenes: what happens in one visit to a node."""

from dataclasses import dataclass

from flows_analytics.testing import Step


@dataclass(frozen=True)
class Scene:
    """One visit to a node, as it goes for a caller who answers what he is asked.

    Attributes:
        node: The node.
        steps: What is said and called there. The bot speaks first; the last function call leads on.
    """

    node: str
    steps: tuple[Step, ...]


def scene(node: str, *steps: Step) -> Scene:
    """Write a scene.

    Args:
        node: The node it is set in.
        *steps: What happens there, in order.

    Returns:
        The scene.
    """
    return Scene(node, steps)
