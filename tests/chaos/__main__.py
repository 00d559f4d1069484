"""The whole proof: ``python -m tests.chaos --calls 200 --kills 50 --seed 1``."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.chaos.run import Run


def main() -> int:
    """Run it, and print the counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a directory that keeps the calls and the children's log")
    options = parser.parse_args()
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory() as scratch, Progress(*columns, console=console) as bars:
        calls = bars.add_task("calls", total=options.calls)
        kills = bars.add_task("kills", total=options.kills)

        def progress(started: int, killed: int) -> None:
            bars.update(calls, completed=started)
            bars.update(kills, completed=killed)

        run = Run(
            options.keep or Path(scratch),
            calls=options.calls,
            kills=options.kills,
            seed=options.seed,
            progress=progress,
        )
        result = asyncio.run(run.hold())
    table = Table("count", "number", title=f"seed {options.seed}")
    for name, number in result.counts.items():
        table.add_row(name, f"{number:,}")
    console.print(table)
    for fault in result.faults:
        console.print(fault, markup=False)
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
