"""Outcomes: what the exit kinds and outcomes of foreign logs mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

EXITS: Mapping[str, str] = {
    "end": "end",
    "ended": "end",
    "completed": "end",
    "complete": "end",
    "success": "end",
    "done": "end",
    "agent_hangup": "end",
    "bot_hangup": "end",
    "hangup": "hangup",
    "hung_up": "hangup",
    "user_hangup": "hangup",
    "caller_hangup": "hangup",
    "client_disconnected": "hangup",
    "disconnected": "hangup",
    "abandoned": "hangup",
    "dropped": "hangup",
    "transfer": "transfer",
    "transferred": "transfer",
    "escalated": "transfer",
    "error": "error",
    "failed": "error",
    "failure": "error",
    "timeout": "timeout",
    "timed_out": "timeout",
    "idle_timeout": "timeout",
    "max_duration": "timeout",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "lost": "lost",
    "process_lost": "lost",
    "handoff": "handoff",
    "running": "running",
    "open": "running",
    "started": "running",
    "in_progress": "running",
    "ongoing": "running",
}
"""Words for how a visit or a call ended, and the exit kind each means. Case, spaces and dashes make no difference.
``transition`` is not among them: a visit is left by one exactly if another follows it."""


@dataclass(frozen=True)
class Meanings:
    """What exit kinds and outcomes mean.

    Attributes:
        exits: Exit kinds by what stands in ``exit_kind``, beside those of `EXITS`.
        outcomes: Exit kinds by what stands in ``outcome``, beside those of `EXITS`.
    """

    exits: Mapping[str, str] = field(default_factory=dict[str, str])
    outcomes: Mapping[str, str] = field(default_factory=dict[str, str])

    def of_exits(self) -> dict[str, str]:
        """Give the whole table for ``exit_kind``.

        Returns:
            Exit kinds by word.
        """
        return {**EXITS, **{word(key): kind for key, kind in self.exits.items()}}

    def of_outcomes(self) -> dict[str, str]:
        """Give the whole table for ``outcome``.

        Returns:
            Exit kinds by word.
        """
        return {**EXITS, **{word(key): kind for key, kind in self.outcomes.items()}}


def word(text: str) -> str:
    """Write a word as the tables have it.

    Args:
        text: A word.

    Returns:
        It in lower case, with underscores.
    """
    return text.strip().lower().replace("-", "_").replace(" ", "_")
