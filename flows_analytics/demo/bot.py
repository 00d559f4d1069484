"""What the demo needs to know of a bot."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows_analytics.demo.flows_line import Flow, FlowsDirectFunction, FlowsFunctionSchema, NodeConfig
from flows_analytics.demo.scenes import Scene


@dataclass(frozen=True)
class BotFlow:
    """A flow, ready to be run by a FlowManager.

    Attributes:
        initial_node: Where it starts.
        global_functions: What is offered in every node.
        state: What the FlowManager's state holds at the start.
        declared: The Flow it was built from; None if it was built in Python.
    """

    initial_node: NodeConfig
    global_functions: Sequence[FlowsFunctionSchema | FlowsDirectFunction] = ()
    state: Mapping[str, Any] = field(default_factory=dict[str, Any])
    declared: Flow | None = None


@dataclass(frozen=True)
class DemoBot:
    """A packaged bot and the people who call it.

    Attributes:
        name: Its name for people.
        goals: The nodes that mean success.
        flow: Builds the flow of an agent version.
        scenes: Draws how a call goes with an agent version, if the caller stays to the end.
        leaving: For each agent version the nodes in which callers hang up, with the share of visits.
    """

    name: str
    goals: tuple[str, ...]
    flow: Callable[[str], BotFlow]
    scenes: Callable[[random.Random, str], list[Scene]]
    leaving: Mapping[str, Mapping[str, float]]
