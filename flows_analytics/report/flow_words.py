"""The words of a flow's page for the kinds in which paths end."""

from __future__ import annotations

from flows_analytics.calls.visible import one_line, shorten

_ENDED = {
    "end": "ended normally",
    "hangup": "hung up",
    "transfer": "transferred",
    "error": "error",
    "timeout": "timed out",
    "cancelled": "cancelled",
    "lost": "process lost",
    "handoff": "other flow took over",
    "running": "still running",
}


def ended_words(kind: str) -> str:
    """Word how a path ended.

    Args:
        kind: An exit kind.

    Returns:
        Such as ``hung up``; an unknown kind as it is, if it is short.
    """
    return _ENDED.get(kind) or shorten(one_line(kind[:400]), 40)
