"""The packaged bots and the people who call them, for `flows-analytics demo`.

Nothing here is played from a recording: every call runs through a real FlowManager in a real voice pipeline, with
scripted services, on virtual time.
"""

from flows_analytics.demo.calls import BOTS, VERSIONS, DemoCall, plan_calls
from flows_analytics.demo.run import hold_call, hold_calls
from flows_analytics.demo.summary import CallSummary

__all__ = ["BOTS", "VERSIONS", "CallSummary", "DemoCall", "hold_call", "hold_calls", "plan_calls"]
