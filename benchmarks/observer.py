"""What an observer costs a call: time per pushed frame, beside an empty observer's, and memory per moment.

Run it from the repository's root::

    python -m benchmarks.observer
    python -m benchmarks.observer --minutes 5 --rounds 3

Absolute times are those of this machine at this moment; the ratios hold elsewhere too. Nothing here passes or
fails. Other recorders are measured when they are installed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from statistics import median

from loguru import logger
from rich.console import Console
from rich.progress import Progress as ProgressBar
from rich.table import Table

from benchmarks.measure import NOBODY, Progress, Timings, Weight, growth, time_call, time_rounds, weigh_call
from benchmarks.recorders import EMPTY, OURS, installed


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
        console = Console(width=130)
    asyncio.run(_measure(told, console))
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.observer",
        description="Measure what FlowsObserver costs a voice call, beside an empty observer and any other "
        "recorder that is installed.",
    )
    parser.add_argument(
        "--minutes",
        type=_positive,
        default=60.0,
        metavar="M",
        help="length of the call over which growth and memory are measured (default: 60)",
    )
    parser.add_argument(
        "--round-minutes",
        type=_positive,
        default=2.0,
        metavar="M",
        help="length of the call that is timed in each round (default: 2)",
    )
    parser.add_argument(
        "--rounds", type=_count, default=7, metavar="N", help="rounds of the cost per push (default: 7)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the dice that make the calls (default: 1)")
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


async def _measure(told: argparse.Namespace, console: Console) -> None:
    recorders, notes = installed()
    console.print(f"Pipecat {version('pipecat-ai')}, Python {sys.version.split()[0]}")
    for note in notes:
        console.print(f"Not measured: {note}")
    with _progress("Cost per push") as progress:
        timings = await time_rounds(
            recorders, minutes=told.round_minutes, rounds=told.rounds, seed=told.seed, progress=progress
        )
    console.print(_costs(timings))
    with _progress(f"{told.minutes:g} minutes, timed") as progress:
        figures = await time_call(recorders, minutes=told.minutes, seed=told.seed, progress=progress)
    console.print(_growths(figures, told.minutes))
    with _progress(f"{told.minutes:g} minutes, weighed") as progress:
        weights = await weigh_call(
            next(recorder for recorder in recorders if recorder.name == OURS),
            minutes=told.minutes,
            points=[told.minutes * share for share in (1 / 6, 1 / 2, 1)],
            seed=told.seed,
            progress=progress,
        )
    console.print(_weights(weights))


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    with ProgressBar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=min(share, 1.0))


def _costs(timings: Timings) -> Table:
    table = Table(title="Cost of a push, in ns: a call of on_push_frame, and a push as Pipecat makes it")
    table.caption = (
        "through Pipecat: its observer's queue and task, and one round of the loop per push; "
        "added: what is above no observer at all. Ratios are the medians of each round's own."
    )
    table.add_column("observer")
    for heading in (
        "direct: min",
        "median",
        "× empty",
        "through Pipecat: min",
        "median",
        "× empty",
        "added × empty",
    ):
        table.add_column(heading, justify="right")
    for name, queued in timings.queued.items():
        direct = timings.direct.get(name)
        beside = _added(timings, name)
        table.add_row(
            name,
            *(_three(direct, timings.direct[EMPTY]) if direct else ("", "", "")),
            *_three(queued, timings.queued[EMPTY]),
            "" if name == NOBODY else f"{median(beside):.2f}",
        )
    return table


def _three(figures: Sequence[float], empty: Sequence[float]) -> tuple[str, str, str]:
    ratios = [mine / other for mine, other in zip(figures, empty, strict=True)]
    return f"{min(figures):,.0f}", f"{median(figures):,.0f}", f"{median(ratios):.2f}"


def _added(timings: Timings, name: str) -> list[float]:
    rounds = zip(timings.queued[name], timings.queued[EMPTY], timings.queued[NOBODY], strict=True)
    return [(mine - nobody) / (empty - nobody) for mine, empty, nobody in rounds]


def _growths(figures: dict[str, list[float]], minutes: float) -> Table:
    share = f"{minutes / 6:.3g}"
    table = Table(title=f"Growth over a call of {minutes:g} minutes, in ns per push (direct, median of exchanges)")
    table.add_column("observer")
    for heading in (f"first {share} min", f"last {share} min", "last : first"):
        table.add_column(heading, justify="right")
    for name, each in figures.items():
        first, last = growth(each, 1 / 6)
        table.add_row(name, f"{first:,.0f}", f"{last:,.0f}", f"{last / first:.2f}")
    return table


def _weights(weights: Sequence[Weight]) -> Table:
    table = Table(title=f"Memory that {OURS} holds")
    for heading in ("after minutes", "bytes held", "moments", "bytes per moment", "frames alive"):
        table.add_column(heading, justify="right")
    for weight in weights:
        each = f"{weight.held / weight.moments:,.0f}" if weight.moments else "-"
        table.add_row(
            f"{weight.minutes:.3g}", f"{weight.held:,}", f"{weight.moments:,}", each, f"{weight.frames:,}"
        )
    return table


if __name__ == "__main__":
    # A recorder may complain of every frame; what it logs is not what is measured.
    logger.remove()
    sys.exit(main())
