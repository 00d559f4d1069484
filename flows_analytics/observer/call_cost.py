"""Asking the bot's own calculator what a call cost."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from decimal import Decimal
from numbers import Real

from flows_analytics.calls.usage import Usage

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
