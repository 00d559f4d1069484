"""Hold the calls of the examples again and again, in random order and under xdist; no snapshot may change.

Run it from the repository's root, where pytest-xdist is installed::

    python -m tests.kit.repeat --times 50

It prints a line for each run, and its exit code is 1 if any run differs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.kit.conftest import REPOSITORY, plugin_arguments
from tests.kit.test_examples import FLOWS, SHUFFLE

# Runs that share a process share its imports, which take longer than the calls; the last of them has workers.
RUNS_A_PROCESS = 10

IN_ONE_PROCESS = """
import sys
import pytest

for seed in sys.argv[1].split(","):
    code = pytest.main([f"--shuffle={seed}", *sys.argv[2:]])
    print(f"exit code {int(code)}", flush=True)
"""


def main() -> int:
    """Repeat, and compare with the snapshots in the repository."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.kit.repeat", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--times", type=int, default=50, metavar="N", help="runs; every tenth under xdist (default: 50)"
    )
    times = parser.parse_args().times
    same = done = 0
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(FLOWS, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        Path(place, "conftest.py").write_text(SHUFFLE)
        for first in range(0, times, RUNS_A_PROCESS):
            seeds = range(first, min(first + RUNS_A_PROCESS, times))
            alone = [seed for seed in seeds if seed % RUNS_A_PROCESS < RUNS_A_PROCESS - 1]
            for some, workers in ((alone, ()), ([seed for seed in seeds if seed not in alone], ("-n", "2"))):
                for code, told in run_examples(place, some, workers):
                    done += 1
                    same += code == 0
                    print(f"{done:3} {'xdist' if workers else '     '} {told}", flush=True)
    print(f"{same} of {times} runs gave the same snapshots")
    return 0 if same == times == done else 1


def run_examples(place: str, seeds: list[int], workers: tuple[str, ...]) -> list[tuple[int, str]]:
    """Run them once for each seed, in one process with a hash seed of its own.

    Returns:
        Each run's exit code, with the line that sums it up.
    """
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
        return [(run.returncode, run.stderr.strip())]
    runs, told = [], ""
    for line in run.stdout.splitlines():
        if line.startswith("exit code "):
            runs.append((int(line.removeprefix("exit code ")), told))
        elif line.strip():
            told = line
    return runs


if __name__ == "__main__":
    sys.exit(main())
