"""What the page of a call costs: time and size, beside writing the same call as JSON.

Run it from the repository's root::

    python -m benchmarks.report
    python -m benchmarks.report --turns 30 500 5000

Absolute times are those of this machine at this moment; the ratios hold elsewhere too. Nothing here passes or
fails. The goals: a page of 30 turns under 120 kB, one of 500 turns in about 150 ms.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from flows_analytics.calls.record import CallRecord
from flows_analytics.report.call_view import call_view
from flows_analytics.report.html import render_call_report
from tests.calls.long_call import long_call as dense_call
from tests.report.records import long_call as plain_call

CALLS: dict[str, Callable[[int], CallRecord]] = {"plain": plain_call, "dense": dense_call}
"""``plain``: talk and moves. ``dense``: everything that can happen in a call, in every few turns of it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the table.

    Args:
        argv: Arguments; those of the process if None.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description="Measure pages of calls.")
    parser.add_argument("--turns", type=int, nargs="+", default=[30, 500, 5_000], help="lengths of the calls")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured; the median counts")
    told = parser.parse_args(argv)
    console = Console()
    if not console.is_terminal:
        console = Console(width=130)
    table = Table(title="The page of a call, beside its JSON")
    table.add_column("call")
    for column in ("turns", "moments", "JSON ms", "view ms", "page ms", "page / JSON", "JSON kB", "page kB"):
        table.add_column(column, justify="right")
    for name, make in CALLS.items():
        for turns in told.turns:
            table.add_row(name, *_measured(make(turns), told.rounds))
    console.print(table)
    return 0


def _measured(record: CallRecord, rounds: int) -> list[str]:
    # The readings are the record's, made once, whoever asks first.
    written = record.to_json()
    page = render_call_report(record)
    as_json = _median_ms(record.to_json, rounds)
    as_view = _median_ms(lambda: call_view(record), rounds)
    as_page = _median_ms(lambda: render_call_report(record), rounds)
    return [
        f"{len(record.turns):,}",
        f"{len(record.events):,}",
        f"{as_json:,.0f}",
        f"{as_view:,.0f}",
        f"{as_page:,.0f}",
        f"{as_page / as_json:.1f}",
        f"{len(written.encode()) / 1000:,.0f}",
        f"{len(page.encode()) / 1000:,.0f}",
    ]


def _median_ms(act: Callable[[], Any], rounds: int) -> float:
    figures: list[float] = []
    for _ in range(rounds):
        began = time.process_time()
        act()
        figures.append((time.process_time() - began) * 1000)
    return median(figures)


if __name__ == "__main__":
    sys.exit(main())
