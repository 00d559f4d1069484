"""The waveform of a recording, as shapes on the timeline of the call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flows_analytics.calls.sound import Recording

_POINTS = 480
_HALF = 100
_LEAST_LOUD = 0.05


@dataclass(frozen=True)
class Waveform:
    """How loud each side was: the caller upwards from the middle line, the bot downwards.

    Attributes:
        start: Left edge in percent of the timeline.
        width: Width in percent of the timeline.
        points: Width of the shapes, in their own units; their middle line is at 100, of 200.
        caller: The caller's shape, as an SVG path.
        bot: The bot's shape, as an SVG path; empty if the recording has one channel.
    """

    start: float
    width: float
    points: int
    caller: str
    bot: str


def waveform(recording: Recording | None, end_ms: float) -> Waveform | None:
    """Draw the waveform of a call.

    Args:
        recording: The sound of the call; None without one.
        end_ms: What the whole width of the timeline stands for, more than 0.

    Returns:
        The shapes, scaled to the loudest moment; None if the record holds no waveform, or not where it belongs.
    """
    if recording is None or recording.began_ms is None or not recording.duration_ms or not recording.peaks:
        return None
    sides = [_loudest(peaks) for peaks in recording.peaks[:2]]
    if not all(sides) or recording.duration_ms <= 0:
        return None
    loudest = max(_LEAST_LOUD, *(max(side) for side in sides))
    return Waveform(
        start=round(100 * recording.began_ms / end_ms, 2),
        width=round(100 * recording.duration_ms / end_ms, 2),
        points=len(sides[0]),
        caller=_shape(sides[0], loudest, up=True),
        bot=_shape(sides[1], loudest, up=False) if len(sides) > 1 else "",
    )


def _loudest(peaks: Sequence[float]) -> list[float]:
    """Reduce to few stretches: the loudest of each."""
    each = -(-len(peaks) // _POINTS) if peaks else 1
    # A record edited by hand may hold anything; what is no loudness is silence.
    clean = [peak if math.isfinite(peak) and 0 <= peak <= 1 else 0.0 for peak in peaks]
    return [max(clean[first : first + each]) for first in range(0, len(clean), each)]


def _shape(peaks: Sequence[float], loudest: float, *, up: bool) -> str:
    path = [f"M0 {_HALF}"]
    before = 0
    for peak in peaks:
        height = round(_HALF * peak / loudest) * (-1 if up else 1)
        path.append(f"v{height - before}h1" if height != before else "h1")
        before = height
    return "".join(path) + f"V{_HALF}Z"
