"""What the store and the statistics cost, beside pm4py, a plain Python loop and json.loads.

Run it from the repository's root; it needs the extras ``store`` and ``stats``::

    python -m benchmarks.stats
    python -m benchmarks.stats --calls 100000 --linear 10000,50000

Each stage runs in a process of its own. Absolute times are those of this machine at this moment; the ratios hold
elsewhere too. Where other programs use the machine, CPU seconds (of all threads together) say more than seconds.
Nothing here passes or fails. pm4py is measured if it is installed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import Progress as ProgressBar
from rich.progress import SpinnerColumn, TimeElapsedColumn
from rich.table import Table

PANELS = ("counts", "graph", "variants", "step matrix", "funnel", "all panels", "funnel, window")
_LOOP, _PM4PY = "plain loop", "pm4py"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the tables.

    Args:
        argv: Arguments; those of the process if None.

    Returns:
        0.
    """
    told = _arguments().parse_args(argv)
    console = Console()
    if not console.is_terminal:
        console = Console(width=110)

    def show(table: Table) -> None:
        if not told.json:
            console.print(table)
            console.file.flush()

    with TemporaryDirectory(prefix="benchmark-", dir=told.directory) as directory, _progress(told) as runner:
        figures = _measure(runner, Path(directory), told, show)
    if told.json:
        print(json.dumps(figures))
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stats",
        description="Measure import, compaction and the panels, beside pm4py, a plain Python loop and json.loads.",
    )
    parser.add_argument("--calls", type=_count, default=1_000_000, metavar="N", help="default: 1000000")
    parser.add_argument(
        "--sample", type=_count, default=20_000, metavar="N", help="calls for the others (default: 20000)"
    )
    parser.add_argument(
        "--records", type=_count, default=6000, metavar="N", help="recorded JSON calls to compact (default: 6000)"
    )
    parser.add_argument(
        "--linear",
        type=_counts,
        default=_counts("50000,100000,200000"),
        metavar="N,N",
        help="sizes whose costs are compared (default: 50000,100000,200000); an empty text for none",
    )
    parser.add_argument("--rounds", type=_count, default=2, metavar="N", help="the best of so many (default: 2)")
    parser.add_argument("--seed", type=int, default=1, help="of the dice that make the calls (default: 1)")
    parser.add_argument("--directory", type=Path, help="where the calls are put; a temporary directory if missing")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _counts(text: str) -> list[int]:
    return [_count(part) for part in text.split(",") if part]


class _Runner:
    """Runs stages, and shows how far it is: as a bar on a terminal, else as a line when a stage begins."""

    def __init__(self, bar: ProgressBar, stages: int, seed: int) -> None:
        self._bar, self._seed, self._stages = bar, seed, stages
        self._task = bar.add_task("", total=stages)
        self._began, self._number = time.monotonic(), 0

    def run(self, stage: str, directory: Path, *, rounds: int = 1, **told: Any) -> dict[str, Any]:
        """Run a stage some times, and give the best of each figure.

        Args:
            stage: Its name in `benchmarks.stats_stages`.
            directory: Where its files lie.
            rounds: How often.
            told: What it is told.

        Returns:
            What it prints.
        """
        self._number += 1
        what = f"{stage} {told['calls']:,} calls" if "calls" in told else stage
        self._bar.update(self._task, description=what)
        if not self._bar.console.is_terminal:
            spent = time.monotonic() - self._began
            print(f"{spent:5.0f} s  {self._number}/{self._stages}  {what}", file=sys.stderr, flush=True)
        runs = [_stage(stage, directory, {"seed": self._seed, **told}) for _ in range(rounds)]
        self._bar.advance(self._task)
        best = dict(runs[0])
        best["timed"] = {
            name: {unit: min(run["timed"][name][unit] for run in runs) for unit in part}
            for name, part in runs[0]["timed"].items()
        }
        best["peak_mb"] = min(run["peak_mb"] for run in runs)
        return best


def _stage(stage: str, directory: Path, told: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.stats_stages", stage, str(directory), json.dumps(told)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603  # our own program
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def _progress(told: argparse.Namespace) -> Iterator[_Runner]:
    stages = 4 * (1 + len(told.linear)) + 2 + bool(find_spec("pm4py")) + 3
    columns = (SpinnerColumn(), *ProgressBar.get_default_columns()[:3], TimeElapsedColumn())
    with ProgressBar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Runner(bar, stages, told.seed)


def _measure(
    runner: _Runner, root: Path, told: argparse.Namespace, show: Callable[[Table], None]
) -> dict[str, Any]:
    """Measure all, and show each table as soon as its figures are there."""
    figures: dict[str, Any] = {"calls": told.calls, "sample": told.sample, "records": told.records}
    figures["store"] = _of_size(runner, _folder(root, "whole"), told.calls, told.rounds)
    show(_store_table(figures))
    sample = _folder(root, "sample")
    runner.run("make_log", sample, calls=told.sample)
    figures[_LOOP] = runner.run("plain_loop", sample, rounds=told.rounds)
    figures[_PM4PY] = runner.run("pm4py", sample, rounds=told.rounds) if find_spec("pm4py") else None
    show(_beside_table(figures))
    records = _folder(root, "records")
    figures["json"] = {
        "bytes": runner.run("make_records", records, records=told.records)["facts"]["bytes"],
        "read": runner.run("read_json", records, rounds=told.rounds),
        # A second compaction finds nothing to do.
        "compact": runner.run("compact", records, store="records"),
    }
    show(_json_table(figures))
    figures["linear"] = {
        calls: _of_size(runner, _folder(root, str(calls)), calls, told.rounds) for calls in told.linear
    }
    if told.linear:
        show(_linear_table(figures))
    return figures


def _folder(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir()
    return folder


def _of_size(runner: _Runner, folder: Path, calls: int, rounds: int) -> dict[str, Any]:
    made = runner.run("make_log", folder, calls=calls)
    return {
        "visits": made["facts"]["visits"],
        "import": runner.run("import", folder, calls=calls),
        "compact": runner.run("compact", folder, store="store", calls=calls),
        "panels": runner.run("panels", folder, rounds=rounds, calls=calls),
    }


def _columns(title: str, *headings: str) -> Table:
    table = Table(title=title)
    table.add_column("")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _store_table(figures: dict[str, Any]) -> Table:
    store = figures["store"]
    title = (
        f"{figures['calls']:,} calls, {store['visits']:,} visits, {store['panels']['facts']['variants']:,} ways"
    )
    table = _columns(title, "seconds", "CPU seconds", "peak MB")
    table.add_row("import", *_two(store["import"]["timed"]["import"]), f"{store['import']['peak_mb']:,.0f}")
    table.add_row(
        "compact, nothing new", *_two(store["compact"]["timed"]["compact"]), f"{store['compact']['peak_mb']:,.0f}"
    )
    for name in PANELS:
        peak = f"{store['panels']['peak_mb']:,.0f}" if name == "all panels" else ""
        table.add_row(name, *_two(store["panels"]["timed"][name]), peak)
    table.caption = "counts: what graph, variants and step matrix are made of. The funnel: 8 steps by version."
    return table


def _two(part: dict[str, float]) -> tuple[str, str]:
    return f"{part['seconds']:.2f}", f"{part['cpu']:.2f}"


def _beside_table(figures: dict[str, Any]) -> Table:
    table = _columns("CPU microseconds a call, and how many times ours", "ours", _LOOP, "×", _PM4PY, "×")
    ours = figures["store"]["panels"]["timed"]
    mine = {
        # Whoever shows one panel counts first.
        name: ours[name]["cpu"] + (ours["counts"]["cpu"] if name in ("graph", "variants", "step matrix") else 0)
        for name in PANELS
        if name != "counts"
    }
    for name, cpu in mine.items():
        cells = [f"{1e6 * cpu / figures['calls']:.2f}"]
        for other in (_LOOP, _PM4PY):
            timed = (figures[other] or {"timed": {}})["timed"].get(name)
            if timed is None:
                cells += ["", ""]
            else:
                cells += [f"{1e6 * timed['cpu'] / figures['sample']:.2f}", _ratio(figures, timed["cpu"], cpu)]
        table.add_row(name, *cells)
    table.caption = (
        f"ours: {figures['calls']:,} calls read from disk; the others: {figures['sample']:,} calls that are in "
        f"memory already. {_PM4PY}: frequency and performance graph, variants"
    )
    return table


def _ratio(figures: dict[str, Any], other: float, ours: float) -> str:
    return f"{other / figures['sample'] / max(ours / figures['calls'], 1e-12):.1f}"


def _json_table(figures: dict[str, Any]) -> Table:
    told = figures["json"]
    size = told["bytes"] / figures["records"] / 1000
    table = _columns(
        f"{figures['records']:,} recorded calls of 100 moments, {size:.0f} kB each",
        "seconds",
        "CPU seconds",
        "× json.loads",
        "peak MB",
    )
    read, compact = told["read"]["timed"]["json.loads"], told["compact"]["timed"]["compact"]
    table.add_row("json.loads, one core", *_two(read), "1.0", f"{told['read']['peak_mb']:,.0f}")
    times = compact["seconds"] / read["seconds"]
    table.add_row("compact, all cores", *_two(compact), f"{times:.1f}", f"{told['compact']['peak_mb']:,.0f}")
    table.caption = "The peak of compact is that of its main process."
    return table


def _linear_table(figures: dict[str, Any]) -> Table:
    table = _columns(
        "CPU microseconds a call, by number of calls", "import", "all panels", "funnel, window", "peak MB"
    )
    for calls, each in figures["linear"].items():
        parts = (
            each["import"]["timed"]["import"],
            each["panels"]["timed"]["all panels"],
            each["panels"]["timed"]["funnel, window"],
        )
        cells = [f"{1e6 * part['cpu'] / calls:.2f}" for part in parts]
        table.add_row(f"{calls:,}", *cells, f"{each['panels']['peak_mb']:,.0f}")
    table.caption = "The same in each row: the cost is linear. Less: what is paid once, whatever the number."
    return table


if __name__ == "__main__":
    sys.exit(main())
