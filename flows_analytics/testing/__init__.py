"""Test flows without keys, network or waiting: virtual time, scripted services and a scripted caller."""

from flows_analytics.testing.activity import BotActivity
from flows_analytics.testing.bot import ScriptedBot
from flows_analytics.testing.caller import Line, ScriptedCaller
from flows_analytics.testing.clock import EPOCH, Deadlock, VirtualLoop, VirtualTimeLimit
from flows_analytics.testing.happening import Happening, SpokenWord
from flows_analytics.testing.llm import ScriptedLLM
from flows_analytics.testing.pace import Duration, Pace, lifelike
from flows_analytics.testing.patching import virtual_time
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
    Says,
    Silence,
    Step,
    User,
    calls,
    calls_together,
    fails,
    hangs_up,
    interrupts,
    says,
    silence,
    user,
)
from flows_analytics.testing.stt import ScriptedSTT
from flows_analytics.testing.transport import ScriptedTransport
from flows_analytics.testing.tts import ScriptedTTS

__all__ = [
    "EPOCH",
    "BotActivity",
    "CallerStep",
    "Calls",
    "CallsTogether",
    "Deadlock",
    "Duration",
    "Fails",
    "HangsUp",
    "Happening",
    "Interrupts",
    "LLMStep",
    "Line",
    "Pace",
    "Says",
    "Script",
    "ScriptedBot",
    "ScriptedCaller",
    "ScriptedLLM",
    "ScriptedSTT",
    "ScriptedTTS",
    "ScriptedTransport",
    "Silence",
    "SpokenWord",
    "Step",
    "User",
    "VirtualLoop",
    "VirtualTimeLimit",
    "calls",
    "calls_together",
    "fails",
    "hangs_up",
    "interrupts",
    "lifelike",
    "run_virtual",
    "says",
    "silence",
    "user",
    "virtual_time",
]
