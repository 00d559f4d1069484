"""The names of Pipecat Flows that the bots use. Flows described in YAML came with Pipecat 1.9."""

from typing import TYPE_CHECKING

from flows_analytics.testing.installed_flows import installed_flows

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
    flows = installed_flows()
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
