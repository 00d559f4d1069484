"""The Flows package of the Pipecat line under test: the standalone one where it is installed."""

from typing import Any

try:
    import pipecat_flows as flows  # pyright: ignore[reportMissingImports]
except ModuleNotFoundError:
    from pipecat import flows  # pyright: ignore[reportAttributeAccessIssue]

FlowManager: type[Any] = flows.FlowManager
FlowsFunctionSchema: type[Any] = flows.FlowsFunctionSchema
