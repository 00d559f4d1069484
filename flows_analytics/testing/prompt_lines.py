"""What the LLM was given, as lines of text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from flows_analytics.testing.path_lines import one_line, value_text
from flows_analytics.testing.prompts import Prompt, Tool


def prompt_lines(prompts: Sequence[Prompt]) -> dict[int, list[str]]:
    """Write what the LLM was given in each visit: what is new to it, and the tools.

    Args:
        prompts: The requests of a call, in order.

    Returns:
        The lines, by the position of the visit; -1 is what came before the first.
    """
    lines: dict[int, list[str]] = {}
    previous: Prompt | None = None
    for prompt in prompts:
        of_visit = lines.setdefault(prompt.visit, [])
        first = previous is None or previous.visit != prompt.visit
        if prompt.system and (previous is None or previous.system != prompt.system):
            of_visit += _labelled("system", prompt.system)
        of_visit += _new_messages(previous.messages if previous else (), prompt.messages)
        if first or (previous is not None and previous.tools != prompt.tools):
            of_visit += [line for tool in prompt.tools for line in _tool(tool)]
        previous = prompt
    return lines


def _new_messages(before: Sequence[Any], now: Sequence[Any]) -> Iterator[str]:
    known = len(before)
    if list(now[:known]) != list(before):
        # Results of functions are filled in where they were asked for; anything else is a new context.
        same = len(now) >= known and all(map(_is_alike, before, now))
        if not same:
            yield "(the context was reset)"
            known = 0
    for message in now[known:]:
        yield from _message(message)


def _is_alike(one: Any, other: Any) -> bool:
    if one == other:
        return True
    tool = isinstance(one, Mapping) and cast(Mapping[str, Any], one).get("role") == "tool"
    return tool and isinstance(other, Mapping) and cast(Mapping[str, Any], other).get("role") == "tool"


def _message(message: Any) -> Iterator[str]:
    if not isinstance(message, Mapping):
        yield from _labelled("message", str(message))
        return
    known = cast(Mapping[str, Any], message)
    role = str(known.get("role", "message"))
    content = known.get("content")
    if content not in (None, ""):
        yield from _labelled(role, content if isinstance(content, str) else value_text(content))
    for call in known.get("tool_calls") or ():
        function = call.get("function", {})
        yield from _labelled(role, f"calls {function.get('name')}({_arguments(function.get('arguments'))})")


def _arguments(arguments: Any) -> str:
    try:
        given = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return str(arguments)
    if not isinstance(given, Mapping):
        return value_text(given)
    return ", ".join(f"{name}={value_text(value)}" for name, value in cast(Mapping[str, Any], given).items())


def _tool(tool: Tool) -> Iterator[str]:
    yield from _labelled("offers", f"{tool.name}: {' '.join(tool.description.split())}")
    for name, schema in tool.parameters.items():
        needed = "" if name in tool.required else " (optional)"
        yield f"    {one_line(name)}{needed}: {value_text(schema)}"


def _labelled(label: str, text: str) -> Iterator[str]:
    first, *others = text.splitlines() or [""]
    yield f"{one_line(label)}: {one_line(first)}".rstrip()
    for line in others:
        yield f"    {one_line(line)}".rstrip()
