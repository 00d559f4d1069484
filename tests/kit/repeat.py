"""Hold the calls of the examples again and again, in random order and under xdist; no snapshot may change.

Run it from the repository's root, where pytest-xdist is installed::

    python -m tests.kit.repeat --times 50

It prints a line for each run, and its exit code is 1 if any run differs: a snapshot that changed, is missing or
unused, or other tests passed or skipped than in the first run. At the end it says which were skipped, for their
snapshots were not compared.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.kit.conftest import REPOSITORY, plugin_arguments
from tests.kit.test_examples import FLOWS, SHUFFLE

# Runs that share a process share its imports, which take longer than the calls; the last of them has workers.
RUNS_A_PROCESS = 10

RESULT = "result: "

IN_ONE_PROCESS = """
import json, sys
import pytest

class Outcomes:
    def __init__(self):
        self.told = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.told[report.nodeid] = report.outcome

for seed in sys.argv[1].split(","):
    outcomes = Outcomes()
    code = pytest.main([f"--shuffle={seed}", *sys.argv[2:]], plugins=[outcomes])
    print("\\nRESULT" + json.dumps([int(code), outcomes.told]), flush=True)
""".replace("RESULT", RESULT)


@dataclass(frozen=True)
class Run:
    """A run of the examples: its exit code, how each test came out, and the line that sums it up."""

    code: int
    outcomes: dict[str, str]
    told: str

    def like(self, first: Run) -> bool:
        """Whether it passed, and compared what the first run compared."""
        return self.code == 0 and self.outcomes == first.outcomes and "passed" in self.outcomes.values()


def main() -> int:
    """Repeat, and compare with the snapshots in the repository."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.kit.repeat", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--times", type=int, default=50, metavar="N", help="runs; every tenth under xdist (default: 50)"
    )
    times = parser.parse_args().times
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(FLOWS, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        Path(place, "conftest.py").write_text(SHUFFLE)
        for first in range(0, times, RUNS_A_PROCESS):
            seeds = range(first, min(first + RUNS_A_PROCESS, times))
            alone = [seed for seed in seeds if seed % RUNS_A_PROCESS < RUNS_A_PROCESS - 1]
            for some, workers in ((alone, ()), ([seed for seed in seeds if seed not in alone], ("-n", "2"))):
                for run in run_examples(place, some, workers):
                    runs.append(run)
                    print(f"{len(runs):3} {'xdist' if workers else '     '} {run.told}", flush=True)
    same = sum(run.like(runs[0]) for run in runs)
    skipped = [name for name, outcome in runs[0].outcomes.items() if outcome == "skipped"]
    print(f"{same} of {times} runs gave the same snapshots; skipped in each: {', '.join(skipped) or 'nothing'}")
    return 0 if same == times == len(runs) else 1


def run_examples(place: str, seeds: list[int], workers: tuple[str, ...]) -> list[Run]:
    """Run them once for each seed, in one process with a hash seed of its own."""
    if not seeds:
        return []
    arguments = (*plugin_arguments(), *workers, "-q", "-p", "no:cacheprovider", "-p", "no:randomly")
    run = subprocess.run(
        [sys.executable, "-c", IN_ONE_PROCESS, ",".join(map(str, seeds)), *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONHASHSEED": str(seeds[0])},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        return [Run(run.returncode, {}, run.stderr.strip())]
    runs, told = [], ""
    for line in run.stdout.splitlines():
        if line.startswith(RESULT):
            code, outcomes = json.loads(line.removeprefix(RESULT))
            runs.append(Run(code, outcomes, told))
        elif line.strip():
            told = line
    return runs


if __name__ == "__main__":
    sys.exit(main())
