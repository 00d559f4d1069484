"""Test flows without keys, network or waiting: virtual time, scripted services and a scripted caller.

The names resolve lazily (PEP 562): pytest loads the plugin of this package in every run, and must not import
Pipecat for it. Nothing here but the plugin and the snapshot needs pytest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows_analytics.testing.activity import BotActivity
    from flows_analytics.testing.assertions import assert_never, assert_path, assert_reaches, assert_transition
    from flows_analytics.testing.bot import ScriptedBot
    from flows_analytics.testing.caller import Line, ScriptedCaller
    from flows_analytics.testing.clock import EPOCH, Deadlock, VirtualLoop, VirtualTimeLimit
    from flows_analytics.testing.flow_call import FlowCall
    from flows_analytics.testing.happening import Happening, SpokenWord
    from flows_analytics.testing.held_call import HeldCall
    from flows_analytics.testing.llm import ScriptedLLM
    from flows_analytics.testing.pace import Duration, Pace, lifelike
    from flows_analytics.testing.parts import Parts
    from flows_analytics.testing.patching import virtual_time
    from flows_analytics.testing.problems import ScriptError
    from flows_analytics.testing.prompts import Prompt
    from flows_analytics.testing.run import run_virtual
    from flows_analytics.testing.script import Script
    from flows_analytics.testing.steps import (
        CallerStep,
        Calls,
        CallsTogether,
        Fails,
        HangsUp,
        Interrupts,
        LLMStep,
        Presses,
        Says,
        Silence,
        Slow,
        Step,
        User,
        calls,
        dtmf,
        fails,
        hangs_up,
        interrupts,
        says,
        several,
        silence,
        slow,
        user,
    )
    from flows_analytics.testing.stt import ScriptedSTT
    from flows_analytics.testing.transport import ScriptedTransport
    from flows_analytics.testing.tts import ScriptedTTS

_NAMES = {
    "activity": ("BotActivity",),
    "assertions": ("assert_never", "assert_path", "assert_reaches", "assert_transition"),
    "bot": ("ScriptedBot",),
    "caller": ("Line", "ScriptedCaller"),
    "clock": ("EPOCH", "Deadlock", "VirtualLoop", "VirtualTimeLimit"),
    "flow_call": ("FlowCall",),
    "happening": ("Happening", "SpokenWord"),
    "held_call": ("HeldCall",),
    "llm": ("ScriptedLLM",),
    "pace": ("Duration", "Pace", "lifelike"),
    "parts": ("Parts",),
    "patching": ("virtual_time",),
    "problems": ("ScriptError",),
    "prompts": ("Prompt",),
    "run": ("run_virtual",),
    "script": ("Script",),
    "steps": (
        "CallerStep",
        "Calls",
        "CallsTogether",
        "Fails",
        "HangsUp",
        "Interrupts",
        "LLMStep",
        "Presses",
        "Says",
        "Silence",
        "Slow",
        "Step",
        "User",
        "calls",
        "dtmf",
        "fails",
        "hangs_up",
        "interrupts",
        "says",
        "several",
        "silence",
        "slow",
        "user",
    ),
    "stt": ("ScriptedSTT",),
    "transport": ("ScriptedTransport",),
    "tts": ("ScriptedTTS",),
}
_HOMES = {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names}

__all__ = [
    "EPOCH",
    "BotActivity",
    "CallerStep",
    "Calls",
    "CallsTogether",
    "Deadlock",
    "Duration",
    "Fails",
    "FlowCall",
    "HangsUp",
    "Happening",
    "HeldCall",
    "Interrupts",
    "LLMStep",
    "Line",
    "Pace",
    "Parts",
    "Presses",
    "Prompt",
    "Says",
    "Script",
    "ScriptError",
    "ScriptedBot",
    "ScriptedCaller",
    "ScriptedLLM",
    "ScriptedSTT",
    "ScriptedTTS",
    "ScriptedTransport",
    "Silence",
    "Slow",
    "SpokenWord",
    "Step",
    "User",
    "VirtualLoop",
    "VirtualTimeLimit",
    "assert_never",
    "assert_path",
    "assert_reaches",
    "assert_transition",
    "calls",
    "dtmf",
    "fails",
    "hangs_up",
    "interrupts",
    "lifelike",
    "run_virtual",
    "says",
    "several",
    "silence",
    "slow",
    "user",
    "virtual_time",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its file at first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
