"""The loops of a flow: where callers go round, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flows_analytics.report.flow_figures import Figure, rate_figure, said
from flows_analytics.report.flow_paths import Stop
from flows_analytics.report.visible import page_name
from flows_analytics.report.words import counted
from flows_analytics.stats.loops import Loop, Loops
from flows_analytics.stats.text_table import seconds

SHOWN = 12


@dataclass(frozen=True)
class LoopItem:
    """One loop.

    Attributes:
        stops: Its nodes in order; from the last one it goes back to the first.
        laps: How often it was gone round.
        paths: Paths with at least one lap, of all.
        lap: What a lap takes.
        total: What all laps took.
        width: The same for a bar, 0 to 100, where the costliest loop has 100.
    """

    stops: tuple[Stop, ...]
    laps: Figure
    paths: Figure
    lap: Figure
    total: Figure
    width: float


@dataclass(frozen=True)
class LoopsView:
    """The loops.

    Attributes:
        reading: Which one costs most, in words.
        items: Those that cost most time.
        rest: What is said of the others; empty if there are none.
    """

    reading: str
    items: tuple[LoopItem, ...]
    rest: str


def loops_view(loops: Loops, keys: Mapping[str, str]) -> LoopsView:
    """Show loops.

    Args:
        loops: All of them.
        keys: The keys of nodes, by name.

    Returns:
        The view.
    """
    shown, left = loops.loops[:SHOWN], loops.loops[SHOWN:]
    most = max((loop.lost_ms or 0.0 for loop in shown), default=0.0)
    rest = ""
    if left:
        laps = sum(loop.laps for loop in left)
        rest = f"{counted(len(left), 'other loop')} with {counted(laps, 'lap')} together cost less."
    return LoopsView(said(loops.reading()), tuple(_item(loop, most, keys) for loop in shown), rest)


def _item(loop: Loop, most: float, keys: Mapping[str, str]) -> LoopItem:
    laps = f"{counted(loop.laps, 'lap')} of {seconds(loop.lap_ms)}"
    return LoopItem(
        stops=tuple(Stop(page_name(node), keys.get(node, ""), 1) for node in loop.nodes),
        laps=Figure(f"{loop.laps:,}", f"laps on {counted(loop.paths.numerator, 'path')}", str(loop.laps)),
        paths=rate_figure(loop.paths, "paths"),
        lap=Figure(seconds(loop.lap_ms), "mean times in its nodes, summed"),
        total=Figure(seconds(loop.lost_ms), laps),
        width=round(100 * (loop.lost_ms or 0.0) / most, 1) if most else 0.0,
    )
