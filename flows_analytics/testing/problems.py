"""What a script did wrong, said so that its author can mend it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows_analytics.testing.steps import (
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
)


class ScriptError(AssertionError):
    """A script did not fit the call: an impossible step, or steps that nobody took."""


@dataclass(frozen=True)
class OfferedFunction:
    """A function that a node offers to the LLM.

    Attributes:
        name: Its name.
        properties: Names of its arguments; None if its tool does not say.
        required: Those it cannot do without.
    """

    name: str
    properties: tuple[str, ...] | None
    required: tuple[str, ...]

    def __str__(self) -> str:
        names = self.properties or ()
        return f"{self.name}({', '.join(name if name in self.required else f'{name}=?' for name in names)})"


def read_offered(tools: Any) -> tuple[OfferedFunction, ...]:
    """Read what the tools of a context offer.

    Args:
        tools: A ToolsSchema, or what stands for none. Duck-typed: its place differs between Pipecat releases.

    Returns:
        The functions, in the order offered.
    """
    offered: list[OfferedFunction] = []
    standard: Iterable[Any] = getattr(tools, "standard_tools", ())
    for tool in standard:
        properties: Mapping[str, Any] | None = getattr(tool, "properties", None)
        required: Sequence[str] = getattr(tool, "required", ())
        offered.append(
            OfferedFunction(tool.name, None if properties is None else tuple(properties), tuple(required))
        )
    return tuple(offered)


def find_problem(
    calls: Sequence[Calls], offered: Sequence[OfferedFunction], *, check_arguments: bool
) -> str | None:
    """Find out why functions cannot be called.

    Args:
        calls: What the LLM is to call.
        offered: What it can call.
        check_arguments: Whether arguments must be those that the function declares.

    Returns:
        The reason; None if all can be called.
    """
    by_name = {function.name: function for function in offered}
    for call in calls:
        function = by_name.get(call.name)
        if function is None:
            close = difflib.get_close_matches(call.name, by_name, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            return f"{step_text(call)}: no function {call.name!r} is offered{meant}"
        if not check_arguments or function.properties is None:
            continue
        unknown = [name for name in call.arguments if name not in function.properties]
        missing = [name for name in function.required if name not in call.arguments]
        if unknown or missing:
            wrong = [f"has no argument {name!r}" for name in unknown]
            wrong += [f"needs the argument {name!r}" for name in missing]
            return f"{step_text(call)}: {function} {' and '.join(wrong)}"
    return None


def offers_text(node: str | None, offered: Sequence[OfferedFunction]) -> str:
    """Say what a node offers.

    Args:
        node: The node; None if there is none.
        offered: What it offers.
    """
    if node is None:
        return "No node was ever entered."
    if not offered:
        return f"Node {node!r} offers no functions."
    return f"Node {node!r} offers: {', '.join(map(str, offered))}"


def leftover_text(steps: Sequence[Step], *, ended_early: bool, how: str) -> str:
    """Say which steps nobody took, and why.

    Args:
        steps: The steps.
        ended_early: Whether the call was over before the script was.
        how: How the call ended, in words.
    """
    head = "1 step of the script was" if len(steps) == 1 else f"{len(steps)} steps of the script were"
    lines = [f"{head} not taken:", *(f"  {step_text(step)}" for step in steps)]
    if ended_early:
        lines.append(f"The call was over before: {how}.")
    elif isinstance(steps[0], LLMStep):
        lines.append(
            "The LLM was not asked for an answer there: put a step of the caller before it, "
            "or leave it out if the node answers by itself."
        )
    return "\n".join(lines)


def step_text(step: Step) -> str:
    """Write a step the way it stands in a script."""
    match step:
        case Says():
            return f"says({_value(step.text)})"
        case Calls():
            return _call("calls", step.name, step.arguments)
        case CallsTogether():
            return f"several({', '.join(map(step_text, step.calls))})"
        case Fails():
            return f"fails({_value(step.message)})"
        case Slow():
            return f"slow({step_text(step.step)}, secs={step.secs:g})"
        case User():
            return _caller("user", step.text, step.after)
        case Silence():
            return f"silence({step.secs:g})"
        case Interrupts():
            return _caller("interrupts", step.text, step.after)
        case Presses():
            return _caller("dtmf", step.keys, step.after)
        case HangsUp():
            given = [f"after={step.after:g}"] if step.after is not None else []
            given += ["while_bot_speaks=True"] if step.while_bot_speaks else []
            return f"hangs_up({', '.join(given)})"


def _caller(name: str, text: str, after: float | None) -> str:
    return f"{name}({_value(text)}{'' if after is None else f', after={after:g}'})"


def _call(word: str, name: str, arguments: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in arguments.items() if key.isidentifier()}
    others = {key: value for key, value in arguments.items() if not key.isidentifier()}
    parts = [_value(name), *(f"{key}={_value(value)}" for key, value in plain.items())]
    if others:
        parts.append(f"**{others!r}")
    return f"{word}({', '.join(parts)})"


def _value(value: Any) -> str:
    # Double quotes, as a formatter would write them.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
