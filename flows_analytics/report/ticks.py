"""The scale of a timeline."""

from __future__ import annotations

from dataclasses import dataclass

_SECONDS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200, 86_400)
_COARSE, _FINE = 9, 36


@dataclass(frozen=True)
class Tick:
    """A time named on the scale.

    Attributes:
        at: Where, in percent of the timeline.
        text: The time: minutes and seconds since the start of the call, such as ``1:30``.
        fine: Whether it is named only where the timeline is drawn larger.
    """

    at: float
    text: str
    fine: bool


def ticks(end_ms: float) -> tuple[Tick, ...]:
    """Choose the times to name on a scale.

    Args:
        end_ms: What the whole width stands for, more than 0.

    Returns:
        The times in order; a few for the whole width, and finer ones between them.
    """
    end_s = end_ms / 1000
    coarse = _step(end_s, _COARSE)
    fine = next((s for s in _SECONDS if end_s / s <= _FINE and coarse % s == 0), coarse)
    return tuple(
        Tick(round(100 * at / end_s, 2), _clock(at), bool(at % coarse))
        for at in range(0, int(end_s) + 1, fine)
        # A time at the very edge has no room for its name.
        if at / end_s <= 0.985
    )


def _step(end_s: float, most: int) -> int:
    days = 86_400
    return next((s for s in _SECONDS if end_s / s <= most), days * -(-int(end_s) // (days * most)))


def _clock(at: int) -> str:
    return f"{at // 60}:{at % 60:02d}"
