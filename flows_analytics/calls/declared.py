"""The graph that a flow declares: what could happen, as opposed to what did."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from flows_analytics.calls.values import Text


class DeclaredEdge(BaseModel):
    """A transition that the flow's configuration allows.

    Attributes:
        from_node: The node in which the function is offered.
        function: The function.
        to_node: The node it can lead to.
    """

    model_config = ConfigDict(frozen=True)

    from_node: Text
    function: Text
    to_node: Text


class DeclaredGraph(BaseModel):
    """Nodes and transitions of a flow's configuration.

    Attributes:
        initial_node: The node the flow starts in.
        nodes: All nodes, in the order declared.
        edges: All transitions; a global function gives one from every node.
    """

    model_config = ConfigDict(frozen=True)

    initial_node: Text
    nodes: tuple[Text, ...]
    edges: tuple[DeclaredEdge, ...]
