"""What a call cost, service by service."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from flows_analytics.calls.values import Text


class ServiceCost(BaseModel):
    """What one service of a call cost with one model.

    Attributes:
        processor: The service, as ``processor`` in `ServiceUsage`.
        model: The model; None if it names none.
        cost: In the unit of the bot's ``cost_calculator``.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    processor: Text
    model: Text | None = None
    cost: float
