"""Which Pipecat Flows a bot was written for, where two are installed."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from flows_analytics.testing.installed_flows import installed_flows

_PACKAGES = ("pipecat.flows", "pipecat_flows")


def flow_manager_class(start: Any, global_functions: Iterable[Any]) -> type[Any]:
    """Find the FlowManager that belongs to a bot's functions.

    Pipecat 1.5 and later have Flows built in, and the standalone package may be installed beside it; each
    FlowManager knows only its own functions.

    Args:
        start: The NodeConfig, or the Flow, the bot starts with.
        global_functions: What it offers everywhere.

    Returns:
        The class; that of the built-in Flows where nothing tells.
    """
    functions = [*global_functions]
    if isinstance(start, Mapping):
        functions += cast(Mapping[str, Any], start).get("functions", ())
    for function in functions:
        for package in _packages_of(function):
            manager = getattr(sys.modules.get(package), "FlowManager", None)
            if manager is not None:
                return manager
    return installed_flows().FlowManager


def _packages_of(function: Any) -> Iterator[str]:
    """The packages that a function names: as its own type, or in the module it was written in."""
    yield from _package(type(function).__module__)
    handler = getattr(function, "handler", None) or function
    while isinstance(handler, functools.partial):
        handler = handler.func
    written = inspect.unwrap(handler) if callable(handler) else handler
    names: Mapping[str, Any] = getattr(getattr(written, "__func__", written), "__globals__", {})
    for value in list(names.values()):
        module = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
        if isinstance(module, str):
            yield from _package(module)


def _package(module: str) -> Iterator[str]:
    for package in _PACKAGES:
        if module == package or module.startswith(f"{package}."):
            yield package
