"""What a call starts with: a node, a Flow, or a bot that initializes its flow itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

_WANTED = "flow_call takes a NodeConfig or a Flow to start with"
_NO_HANDLERS = "a FlowConfig has no handlers: give flow_call a Flow(config, handlers=...)"


def read_start(start: Any, global_functions: Sequence[Any], pipeline: Any) -> tuple[Any, Any, list[Any]]:
    """Read what ``flow_call`` was given to start with.

    Args:
        start: The node, the Flow, or None.
        global_functions: What is offered in every node beside those of a Flow.
        pipeline: What makes the bot; None for the usual one.

    Returns:
        The first node, the Flow that declares it, and the global functions; None for the first two where they are
        not known.

    Raises:
        TypeError: It cannot be started with.
    """
    functions = list(global_functions)
    if isinstance(start, Mapping):
        problem = _problem(cast(Mapping[str, Any], start))
        if problem:
            raise TypeError(problem)
        return start, None, functions  # pyright: ignore[reportUnknownVariableType]  # any mapping may be a node
    if hasattr(start, "initial_node") and hasattr(start, "global_functions"):
        if hasattr(start, "node"):
            return start.initial_node, start, [*start.global_functions, *functions]
        raise TypeError(_NO_HANDLERS)
    if start is None and pipeline is not None:
        return None, None, functions
    if callable(start):
        name = getattr(start, "__name__", repr(start))
        raise TypeError(f"flow_call takes a node, not the function that makes one: {name}()")
    raise TypeError(f"{_WANTED}, not {start!r}")


def _problem(node: Mapping[str, Any]) -> str | None:
    """Why Pipecat would not take a node; None if it would."""
    if "task_messages" not in node:
        if "nodes" in node:
            return _NO_HANDLERS
        has = f"only {', '.join(map(repr, node))}" if node else "nothing at all"
        return (
            f"{_WANTED}, and this node has no 'task_messages' (it has {has}). A node is written as "
            '{"name": "start", "task_messages": [{"role": "developer", "content": "Greet the caller."}], '
            '"functions": [...]}'
        )
    for key in ("task_messages", "functions"):
        value = node.get(key, ())
        if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
            return f"{_WANTED}, and the {key!r} of node {node.get('name', '(no name)')!r} are no list: {value!r}"
    return None
