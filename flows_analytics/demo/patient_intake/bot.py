"""The intake bot, configured in YAML where this Pipecat can do that.

Version 42 differs from version 41 in one thing: it sums up what was recorded, instead of reading back every word.
"""

from importlib.resources import files

from flows_analytics.demo.bot import BotFlow
from flows_analytics.demo.flows_line import HAS_FLOW_CONFIG, Flow, FlowConfig
from flows_analytics.demo.patient_intake import handlers
from flows_analytics.demo.patient_intake.nodes import start_node

_READ_BACK = {
    "41": "Read back every item that was recorded, word by word.",
    "42": "Sum up what was recorded in one sentence.",
}


def patient_intake_flow(version: str) -> BotFlow:
    """Build the flow of an agent version.

    Args:
        version: The agent version.

    Returns:
        The flow.
    """
    state = {"read_back": _READ_BACK[version]}
    if not HAS_FLOW_CONFIG:
        return BotFlow(initial_node=start_node(), state=state)
    config = FlowConfig.from_yaml(
        files("flows_analytics.demo.patient_intake").joinpath("intake.yaml").read_text(encoding="utf-8")
    )
    flow = Flow(config, handlers=handlers)
    return BotFlow(flow.initial_node, flow.global_functions, state=state, declared=flow)
