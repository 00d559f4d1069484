"""The observers that are measured: an empty one, ours, and other recorders where they are installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from pipecat.observers.base_observer import BaseObserver

from flows_analytics import FlowsObserver
from flows_analytics.testing import ScriptedBot

EMPTY = "empty BaseObserver"
OURS = "FlowsObserver"
JOURNALLED = "FlowsObserver, journal"


@dataclass(frozen=True)
class Recorder:
    """An observer that can be measured.

    Attributes:
        name: What it is called in the tables.
        make: Makes one for a call of a bot.
    """

    name: str
    make: Callable[[ScriptedBot], BaseObserver]


def installed() -> tuple[list[Recorder], list[str]]:
    """Find what can be measured here.

    Returns:
        The recorders, the empty one first, and a sentence about each that is known but cannot be measured.
    """
    recorders = [
        Recorder(EMPTY, lambda _: BaseObserver()),
        Recorder(OURS, _ours),
        Recorder(JOURNALLED, _journalled),
    ]
    notes: list[str] = []
    for distribution, make in _OTHERS.items():
        try:
            name = f"{distribution} {version(distribution)}"
        except PackageNotFoundError:
            notes.append(f"{distribution} is not installed")
            continue
        try:
            make()
        except Exception as error:
            notes.append(f"{name} is installed, but cannot be made: {type(error).__name__}: {error}")
        else:
            recorders.append(Recorder(name, lambda _, make=make: make()))
    return recorders, notes


def _ours(bot: ScriptedBot) -> FlowsObserver:
    observer = FlowsObserver(strict=True)
    observer.attach_flow_manager(bot.flow_manager)
    return observer


def _journalled(bot: ScriptedBot) -> FlowsObserver:
    # The calls do not end, so their journals stay until the process does.
    observer = FlowsObserver(strict=True, journal=_directory().name)
    observer.attach_flow_manager(bot.flow_manager)
    return observer


@cache
def _directory() -> TemporaryDirectory[str]:
    return TemporaryDirectory(ignore_cleanup_errors=True)


# Each is made as its documentation says. None reaches for its service before the call starts or ends, and a
# stream of pushes holds neither. finchvox, which records in a processor, has no observer to compare.


def _tuner() -> Any:
    observer = import_module("tuner_pipecat_sdk").Observer
    return observer(api_key="none", workspace_id=1, agent_id="bot", call_id=str(uuid4()), forward_traces=False)


def _roark() -> Any:
    observer = import_module("pipecat_roark").RoarkObserver
    return observer(api_key="none", agent_id="bot", runner_args=SimpleNamespace(session_id=str(uuid4())))


def _voiceground() -> Any:
    return import_module("voiceground").VoicegroundObserver()


_OTHERS: dict[str, Callable[[], Any]] = {
    "tuner-pipecat-sdk": _tuner,
    "pipecat-roark": _roark,
    "voiceground": _voiceground,
}
