"""Analytics for Pipecat Flows: the path of every call, with what happened in each node.

The public names resolve lazily (PEP 562), so reading a record or building a report never imports Pipecat::

    from flows_analytics import FlowsObserver, JSONFileSink, HTMLReportSink
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows_analytics.calls.record import CallRecord
    from flows_analytics.delivery.http_sink import HTTPSink
    from flows_analytics.delivery.json_file import JSONFileSink
    from flows_analytics.observer.flows_observer import FlowsObserver
    from flows_analytics.report.html import render_call_report
    from flows_analytics.report.sink import HTMLReportSink
    from flows_analytics.stats.flow_stats import FlowStats
    from flows_analytics.stats.funnel import Funnel
    from flows_analytics.store.call_store import CallStore

__all__ = [
    "CallRecord",
    "CallStore",
    "FlowStats",
    "FlowsObserver",
    "Funnel",
    "HTMLReportSink",
    "HTTPSink",
    "JSONFileSink",
    "render_call_report",
]

_HOMES = {
    "CallRecord": "flows_analytics.calls.record",
    "CallStore": "flows_analytics.store.call_store",
    "FlowStats": "flows_analytics.stats.flow_stats",
    "FlowsObserver": "flows_analytics.observer.flows_observer",
    "Funnel": "flows_analytics.stats.funnel",
    "HTMLReportSink": "flows_analytics.report.sink",
    "HTTPSink": "flows_analytics.delivery.http_sink",
    "JSONFileSink": "flows_analytics.delivery.json_file",
    "render_call_report": "flows_analytics.report.html",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its room at first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
