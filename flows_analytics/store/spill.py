"""Reading many JSON files into Parquet files beside the tables, on several cores."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from flows_analytics.store.arrow import write_parquet
from flows_analytics.store.problem import Problem
from flows_analytics.store.reading import FileState, Progress, arrow_tables, read_rows
from flows_analytics.store.rows import CallRows

_BATCH = 1000
"""Calls held in memory at a time."""

_WORTH_A_PROCESS = 300
"""Files below which starting a process takes longer than reading them."""


@dataclass
class Spill:
    """What has been read.

    Attributes:
        calls: File name, call id and digest of each call.
        problems: What could not be read, and what looks wrong.
    """

    calls: list[tuple[str, str, str | None]] = field(default_factory=list[tuple[str, str, str | None]])
    problems: list[Problem] = field(default_factory=list[Problem])


def spill(
    directory: Path,
    files: Mapping[str, FileState],
    into: Path,
    *,
    processes: int,
    progress: Progress,
) -> Spill:
    """Read records into ``<table>-*.parquet`` files.

    Args:
        directory: The calls directory.
        files: The records to read, by file name.
        into: Where the files go; a directory that is there.
        processes: How many processes read, this one not counted; 1 reads in this one.
        progress: Told how many files have been read.

    Returns:
        What has been read.

    Raises:
        OSError: A file cannot be written.
    """
    names = list(files)
    workers = min(processes, len(names) // _WORTH_A_PROCESS)
    if workers < 2:
        return spill_here(directory, files, into, "0", progress)
    lock = threading.Lock()

    def advance(count: int) -> None:
        with lock:
            progress(count)

    def run(number: int) -> Spill:
        part = {name: files[name] for name in names[number::workers]}
        return _in_process(directory, part, into, str(number), advance)

    whole = Spill()
    with ThreadPoolExecutor(workers) as threads:
        for part in threads.map(run, range(workers)):
            whole.calls.extend(part.calls)
            whole.problems.extend(part.problems)
    return whole


def spill_here(
    directory: Path, files: Mapping[str, FileState], into: Path, prefix: str, progress: Progress
) -> Spill:
    """Read records into files, in this process.

    Args:
        directory: The calls directory.
        files: The records to read, by file name.
        into: Where the files go.
        prefix: Tells the files of several processes apart.
        progress: Told how many files have been read.

    Returns:
        What has been read.

    Raises:
        OSError: A file cannot be written.
    """
    result = Spill()
    for number, batch in enumerate(_batches(files)):
        calls: list[CallRows] = []
        for name, state in batch:
            read = read_rows(directory / name, state)
            if isinstance(read, Problem):
                result.problems.append(read)
                continue
            calls.append(read)
            result.calls.append((name, read.call.call_id, read.call.digest))
            if read.clock_ran_backwards:
                result.problems.append(backwards(directory / name))
        _write(calls, into, f"{prefix}-{number}")
        progress(len(batch))
    return result


def backwards(file: Path) -> Problem:
    """Say that the clock of a call ran backwards.

    Args:
        file: Its record.

    Returns:
        The problem.
    """
    why = "the clock ran backwards: durations below zero are left out, the visits are counted"
    return Problem("clock_backwards", str(file), why, counted=True)


def _write(calls: Sequence[CallRows], into: Path, name: str) -> None:
    for table, rows in arrow_tables(calls).items():
        write_parquet(rows, into / f"{table}-{name}.parquet")


def _batches(files: Mapping[str, FileState]) -> Iterator[list[tuple[str, FileState]]]:
    items = iter(files.items())
    while batch := list(islice(items, _BATCH)):
        yield batch


def _in_process(
    directory: Path, files: Mapping[str, FileState], into: Path, prefix: str, progress: Progress
) -> Spill:
    """Have another process read. It is a program of its own: not forked, not spawned, it repeats nothing here."""
    order = into / f"order-{prefix}.json"
    order.write_text(json.dumps({"directory": str(directory), "files": {n: asdict(s) for n, s in files.items()}}))
    told = into / f"told-{prefix}.json"
    command = [sys.executable, "-m", "flows_analytics.store.spill", str(order), str(told), prefix]
    # It finds this library where we did.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:  # noqa: S603  # our own program
        assert process.stdout is not None  # noqa: S101  # for the type checker
        for line in process.stdout:
            progress(int(line))
    if process.returncode:
        raise OSError(f"a process that reads calls failed with exit code {process.returncode}")
    document: dict[str, Any] = json.loads(told.read_text())
    calls = [(name, call_id, digest) for name, call_id, digest in document["calls"]]
    return Spill(calls, [Problem(**problem) for problem in document["problems"]])


def _main(order: Path, told: Path, prefix: str) -> None:
    # Rows have no cycles: looking for some among so many would take a third of the time.
    gc.disable()
    document: dict[str, Any] = json.loads(order.read_text())
    files = {name: FileState(**state) for name, state in document["files"].items()}

    def advance(count: int) -> None:
        gc.collect()
        print(count, flush=True)

    done = spill_here(Path(document["directory"]), files, order.parent, prefix, advance)
    told.write_text(json.dumps(asdict(done)))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
