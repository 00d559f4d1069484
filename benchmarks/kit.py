"""What a call of the pytest kit costs: 30 steps, beside the same bot without recorder; and a pipeline's start-up.

Run it from the repository's root::

    python -m benchmarks.kit
    python -m benchmarks.kit --rounds 5

Absolute times are those of this machine at this moment; the ratio holds elsewhere too. Nothing here passes or
fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from statistics import median
from typing import Any

from loguru import logger
from rich.console import Console
from rich.table import Table

from flows_analytics.testing import FlowCall, ScriptedBot, Step, calls, hangs_up, run_virtual, user

STEPS: list[Step] = [step for number in range(15) for step in (user(f"Go on {number}"), calls("move"))]


def start() -> dict[str, Any]:
    """A node that leads to itself."""

    async def move(flow_manager: Any) -> tuple[Any, dict[str, Any]]:
        """Move on."""
        return {"status": "ok"}, start()

    return {"name": "ring", "task_messages": [{"role": "developer", "content": "Go on."}], "functions": [move]}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the table.

    Args:
        argv: Arguments; those of the process if None.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kit", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="calls of each kind (default: 15)")
    rounds = max(1, parser.parse_args(argv).rounds)
    console = Console(width=100)
    console.print(f"Pipecat {version('pipecat-ai')}, Python {sys.version.split()[0]}, {rounds} rounds")
    table = Table(title="Milliseconds, median (least)")
    for heading in ("", "without recorder", "flow_call", "ratio"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, voice in (("30 steps in text", False), ("30 steps with voice", True)):
        bare, kit = _time_in_turn([lambda v=voice: _hold_bare(STEPS, v), lambda v=voice: _hold(STEPS, v)], rounds)
        table.add_row(name, _shown(bare), _shown(kit), f"{median(kit) / median(bare):.2f}")
    bare, kit = _time_in_turn(
        [lambda: _hold_bare([hangs_up()], False), lambda: _hold([hangs_up()], False)], rounds
    )
    table.add_row(
        "start-up and end of one pipeline", _shown(bare), _shown(kit), f"{median(kit) / median(bare):.2f}"
    )
    console.print(table)
    return 0


def _hold(steps: Sequence[Step], voice: bool) -> None:
    run_virtual(lambda: FlowCall()(start(), steps, voice=voice))


def _hold_bare(steps: Sequence[Step], voice: bool) -> None:
    run_virtual(lambda: ScriptedBot(text_only=not voice).run(start(), steps))


def _time_in_turn(contestants: Sequence[Callable[[], None]], rounds: int) -> list[list[float]]:
    """Time each in turn, so that a slow spell of the machine meets them all; the first round warms up."""
    figures: list[list[float]] = [[] for _ in contestants]
    for number in range(rounds + 1):
        for contestant, mine in zip(contestants, figures, strict=True):
            began = time.perf_counter()
            contestant()
            if number:
                mine.append((time.perf_counter() - began) * 1000)
    return figures


def _shown(figures: Sequence[float]) -> str:
    return f"{median(figures):.1f} ({min(figures):.1f})"


if __name__ == "__main__":
    logger.remove()
    sys.exit(main())
