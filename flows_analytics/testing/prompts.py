"""What the LLM was given."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flows_analytics.calls.record import CallRecord


@dataclass(frozen=True)
class Tool:
    """A function as it was described to the LLM.

    Attributes:
        name: Its name.
        description: What the LLM was told it is for.
        parameters: Its arguments as JSON schema, by name.
        required: Names of those it cannot do without.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prompt:
    """One request to the LLM.

    Attributes:
        visit: Position of the visit it belongs to, in ``record.visits``; -1 before the first.
        node: The node that was current; None before the first.
        system: The system instruction; None without one.
        messages: The messages, oldest first.
        tools: The functions it could call, in the order offered.
    """

    visit: int
    node: str | None
    system: str | None
    messages: tuple[Any, ...]
    tools: tuple[Tool, ...]


def read_prompt(
    context: Any, system: Any, *, visit: int, node: str | None, previous: Prompt | None = None
) -> Prompt:
    """Read what an LLM is asked.

    Args:
        context: The LLMContext.
        system: The system instruction of its service; anything but a text counts as none.
        visit: Position of the visit.
        node: The node.
        previous: The prompt before it, with which it shares the messages that are the same; None if it is the
            first.

    Returns:
        The prompt, which no later change of the context changes.
    """
    before = previous.messages if previous else ()
    tools: Sequence[Any] = getattr(context.tools, "standard_tools", ())
    return Prompt(
        visit=visit,
        node=node,
        system=system if isinstance(system, str) else None,
        messages=tuple(
            before[number] if number < len(before) and before[number] == message else copy.deepcopy(message)
            for number, message in enumerate(context.get_messages())
        ),
        tools=tuple(
            Tool(
                name=tool.name,
                description=getattr(tool, "description", "") or "",
                parameters=copy.deepcopy(dict(getattr(tool, "properties", None) or {})),
                required=tuple(getattr(tool, "required", None) or ()),
            )
            for tool in tools
        ),
    )


class PromptBook:
    """Writes down what an LLM is asked during a call, and tells afterwards in which visit each request was."""

    def __init__(self, *, now_ms: Callable[[], float], node: Callable[[], str | None]) -> None:
        """Begin with an empty book.

        Args:
            now_ms: Reads the clock of the pipeline, in milliseconds.
            node: Tells the current node.
        """
        self._now_ms = now_ms
        self._node = node
        self._prompts: list[tuple[float, Prompt]] = []

    def write(self, context: Any, system: Any) -> None:
        """Write down a request.

        Args:
            context: The LLMContext.
            system: The system instruction.
        """
        previous = self._prompts[-1][1] if self._prompts else None
        prompt = read_prompt(context, system, visit=-1, node=self._node(), previous=previous)
        self._prompts.append((self._now_ms(), prompt))

    def read(self, record: CallRecord) -> tuple[Prompt, ...]:
        """Tell the requests, each in its visit.

        Args:
            record: The call.
        """
        return tuple(replace(prompt, visit=_visit_at(record, at_ms)) for at_ms, prompt in self._prompts)


def _visit_at(record: CallRecord, at_ms: float) -> int:
    # A node is entered at the very moment at which the LLM is asked for it, and times are rounded.
    visit = record.visit_at(at_ms + 0.01)
    return -1 if visit is None else visit
