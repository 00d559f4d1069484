"""Which fields of a moment hold what people said, and which hold names that must stay what they are."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args, get_origin

from flows_analytics.calls.events import Moment

NAMES = frozenset(
    {
        # The bot's own names. Paths, counts and joins stand on them, and its author chose them.
        "flow",
        "node",
        "from_node",
        "function",
        "functions",
        "during",
        "processor",
        "model",
        "service",
        "strategy",
        "worker",
        # Ids that an LLM service makes up, by which moments find each other.
        "tool_call_id",
        "group",
        # Words of Python and Pipecat.
        "kind",
        "category",
        "context_strategy",
        "error_type",
        "language",
        "method",
        "status",
    }
)
"""Fields that no redactor sees. Every other field that can hold a text is redacted, so a new one cannot be
forgotten."""


@cache
def free_fields(kind: type[Moment]) -> dict[str, bool]:
    """Name the fields of a kind of moment that a redactor has to see.

    Args:
        kind: Its class.

    Returns:
        The fields, and whether each is kept as a text; other ones hold any value.
    """
    return {
        name: not _holds(field.annotation, Any)
        for name, field in kind.model_fields.items()
        if name not in NAMES and (_holds(field.annotation, str) or _holds(field.annotation, Any))
    }


def _holds(annotation: Any, wanted: Any) -> bool:
    if annotation is wanted:
        return True
    return get_origin(annotation) is not Literal and any(_holds(part, wanted) for part in get_args(annotation))
