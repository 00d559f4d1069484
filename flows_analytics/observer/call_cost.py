"""Asking the bot's own calculator what a call cost."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from numbers import Real

from flows_analytics.calls.service_cost import ServiceCost
from flows_analytics.calls.usage import Consumption, Usage

CostCalculator = Callable[[Usage], float]
"""Says what a call cost, in any unit, by what its services consumed."""


def cost_of(usage: Usage, calculator: CostCalculator) -> float:
    """Ask what a call cost.

    Args:
        usage: What its services consumed.
        calculator: Whom to ask.

    Returns:
        The cost.

    Raises:
        TypeError: The answer is no number, such as the coroutine of an ``async def``.
        ValueError: It is not finite.
        Exception: Whatever the calculator raises.
    """
    cost: object = calculator(usage)
    if inspect.iscoroutine(cost):
        # Nobody will await it; unclosed, Python would complain about that at some later time.
        cost.close()
    if isinstance(cost, bool) or not isinstance(cost, Real | Decimal):
        raise TypeError(f"cost_calculator gave a {type(cost).__name__} instead of a number")
    if not math.isfinite(cost):
        raise ValueError("cost_calculator gave a number that is not finite")
    return float(cost)


def costs_of(usage: Usage, whole: float, calculator: CostCalculator) -> tuple[ServiceCost, ...]:
    """Ask what each service of a call cost, as if it had been the only one.

    Args:
        usage: What they consumed.
        whole: What the call cost.
        calculator: Whom to ask.

    Returns:
        The cost of each; empty unless they add up to the whole, as they do not where a call has a fee of its own.
    """
    parts: list[ServiceCost] = []
    for part in usage.services:
        alone = Usage(**{each.name: getattr(part, each.name) for each in fields(Consumption)}, services=(part,))
        try:
            cost = cost_of(alone, calculator)
        except (Exception, asyncio.CancelledError):
            # It knows whole calls only; what the call cost is known all the same.
            return ()
        parts.append(ServiceCost(processor=part.processor, model=part.model, cost=cost))
    return tuple(parts) if math.isclose(sum(part.cost for part in parts), whole, abs_tol=1e-12) else ()
