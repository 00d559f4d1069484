"""Pipecat Flows, wherever this line of Pipecat keeps it.

Since 1.5 it is part of Pipecat, before that it was a package of its own. Flows described in YAML came with 1.9.
"""

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipecat.flows import (
        TRANSITION_IN_YAML,
        ContextStrategy,
        ContextStrategyConfig,
        Flow,
        FlowArgs,
        FlowConfig,
        FlowManager,
        FlowsDirectFunction,
        FlowsFunctionSchema,
        NodeConfig,
    )

    HAS_FLOW_CONFIG: bool
else:
    try:
        from pipecat import flows
    except ImportError:
        with warnings.catch_warnings():
            # It asks to be replaced by pipecat.flows, which is not there.
            warnings.simplefilter("ignore", DeprecationWarning)
            import pipecat_flows as flows

    ContextStrategy = flows.ContextStrategy
    ContextStrategyConfig = flows.ContextStrategyConfig
    FlowArgs = flows.FlowArgs
    FlowManager = flows.FlowManager
    FlowsDirectFunction = flows.FlowsDirectFunction
    FlowsFunctionSchema = flows.FlowsFunctionSchema
    NodeConfig = flows.NodeConfig

    HAS_FLOW_CONFIG = hasattr(flows, "FlowConfig")
    Flow = getattr(flows, "Flow", None)
    FlowConfig = getattr(flows, "FlowConfig", None)
    TRANSITION_IN_YAML = getattr(flows, "TRANSITION_IN_YAML", None)

__all__ = [
    "HAS_FLOW_CONFIG",
    "TRANSITION_IN_YAML",
    "ContextStrategy",
    "ContextStrategyConfig",
    "Flow",
    "FlowArgs",
    "FlowConfig",
    "FlowManager",
    "FlowsDirectFunction",
    "FlowsFunctionSchema",
    "NodeConfig",
]
