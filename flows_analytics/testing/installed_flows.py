"""Pipecat Flows, wherever this Pipecat keeps it."""

import importlib
import warnings
from types import ModuleType


def installed_flows() -> ModuleType:
    """Import Pipecat Flows: part of Pipecat since 1.5, a package of its own before.

    Returns:
        ``pipecat.flows``, or ``pipecat_flows`` where Pipecat has no Flows built in.

    Raises:
        ModuleNotFoundError: Neither is installed.
    """
    for package in ("pipecat.flows", "pipecat_flows"):
        try:
            with warnings.catch_warnings():
                # The standalone package asks to be replaced by the built-in one, which is not there.
                warnings.simplefilter("ignore", DeprecationWarning)
                return importlib.import_module(package)
        except ModuleNotFoundError as error:
            if error.name != package:
                raise
    raise ModuleNotFoundError("Pipecat Flows is not installed: neither pipecat.flows nor pipecat_flows")
