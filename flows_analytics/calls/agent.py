"""Agent: the bot that took a call."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from flows_analytics.calls.values import Text


class Agent(BaseModel):
    """The bot that took the call.

    Attributes:
        id: Identifier of the bot; None if not given.
        name: Its name for people; None if not given.
        version: Its version; None if neither given nor found in the environment.
    """

    model_config = ConfigDict(frozen=True)

    id: Text | None = None
    name: Text | None = None
    version: Text | None = None
