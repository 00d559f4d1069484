"""A log of synthetic calls: a booking bot in three versions, with loops, drop-offs and calls under way.

Seeded: the same options make the same calls. All calls take their steps together, as arrays, so that a million of
them take seconds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

STEPS = ("greet", "identify", "verify", "menu", "choose_date", "choose_time", "confirm", "goodbye")
"""The way to success, which is the funnel that is asked for."""
GOAL = "confirm"
VERSIONS = ("v1", "v2", "v3")
NODES = (*STEPS, "faq", "human")
_WAYS: dict[str, dict[str, float]] = {
    # Where callers go next; what is missing from 1 hangs up there.
    "greet": {"identify": 0.80, "faq": 0.05, "human": 0.03, "greet": 0.04},
    "identify": {"verify": 0.88, "identify": 0.06},
    "verify": {"menu": 0.76, "verify": 0.12, "human": 0.04},
    "menu": {"choose_date": 0.78, "faq": 0.12, "human": 0.03},
    "choose_date": {"choose_time": 0.88, "menu": 0.04, "faq": 0.02, "human": 0.01},
    "choose_time": {"confirm": 0.78, "choose_date": 0.14, "human": 0.02},
    "confirm": {"goodbye": 0.86, "choose_date": 0.06, "menu": 0.03},
    "faq": {"menu": 0.62, "faq": 0.10, "human": 0.08, "goodbye": 0.10},
    "human": {},
    "goodbye": {},
}
_ENDS = {"human": "transfer", "goodbye": "end"}
"""How calls end where they do not hang up."""
_SECONDS = {"greet": 8, "verify": 25, "choose_time": 30, "faq": 45, "human": 4, "goodbye": 5}
"""The median time in a node; 15 where nothing stands."""
_LATEST = 60
"""No call makes more steps."""
_EXIT_KINDS = ("transition", "hangup", "end", "transfer", "error")
_DAY_US = 86_400_000_000
_BEGAN_US = 1_767_225_600_000_000
"""2026-01-01."""


def write_log(calls: int, visits_file: Path, calls_file: Path, *, seed: int = 1, days: int = 30) -> int:
    """Write calls as two Parquet files in the format that ``import_visits`` takes, visits in order of time.

    Args:
        calls: How many.
        visits_file: Where the visits go.
        calls_file: Where the calls go.
        seed: Of the dice.
        days: Over how many days they start.

    Returns:
        How many visits they made.
    """
    dice = np.random.default_rng(seed)
    version = dice.integers(0, len(VERSIONS), calls)
    started = _BEGAN_US + dice.integers(0, days * _DAY_US, calls)
    parts, ended = _walk(dice, version, started)
    call, seq, node, entered, exited, kind, via = (np.concatenate(column) for column in zip(*parts, strict=True))
    # A thousandth of all calls is under way: their last visit is open.
    running = dice.random(calls) < 0.001
    is_open = (kind != 0) & running[call]
    ids = _ids(dice, calls)
    order = np.argsort(entered, kind="stable")
    call, is_open = call[order], is_open[order]
    names = [f"to_{name}" for name in NODES]
    visits = pa.table(
        {
            "call_id": ids.take(pa.array(call)),
            "seq": pa.array(seq[order], pa.int64()),
            "node": _texts(node[order], NODES),
            "entered_us": entered[order],
            "exited_us": pa.array(exited[order], mask=is_open),
            "exit_kind": _texts(kind[order], _EXIT_KINDS, mask=is_open),
            "via": _texts(np.maximum(via[order], 0), names, mask=via[order] < 0),
        }
    )
    pq.write_table(visits, visits_file, compression="zstd")
    channels = ("phone", "web")
    about = pa.table(
        {
            "call_id": ids,
            "agent_version": _texts(version, VERSIONS),
            "channel": _texts((dice.random(calls) < 0.2).astype(np.int64), channels),
            "started_us": started,
            "ended_us": pa.array(ended, mask=running),
        }
    )
    pq.write_table(about, calls_file, compression="zstd")
    return len(call)


def _walk(dice: np.random.Generator, version: np.ndarray, started: np.ndarray):
    chances = _chances()
    calls = len(version)
    there = np.arange(calls)
    node = np.zeros(calls, np.int64)
    at, ended = started.copy(), started.copy()
    medians = np.array([_SECONDS.get(name, 15) for name in NODES])
    end_kinds = np.array([_EXIT_KINDS.index(_ENDS.get(name, "hangup")) for name in NODES])
    parts = []
    for step in range(_LATEST):
        dwell = (medians[node] * dice.lognormal(0, 0.7, len(there)) * 1e6).astype(np.int64)
        left = at + dwell
        chance = dice.random((len(there), 1))
        following = (chance > chances[version[there], node]).sum(axis=1)
        goes_on = (following < len(NODES)) & (step < _LATEST - 1)
        kind = np.where(goes_on, 0, end_kinds[node])
        kind = np.where((kind == 1) & (dice.random(len(there)) < 0.04), _EXIT_KINDS.index("error"), kind)
        # A tenth of the moves is made by code.
        via = np.where(goes_on & (dice.random(len(there)) > 0.1), following, -1)
        parts.append((there, np.full(len(there), step), node, at, left, kind, via))
        ended[there] = left
        there, node, at = there[goes_on], following[goes_on], left[goes_on]
        if not len(there):
            break
    return parts, ended


def _chances() -> np.ndarray:
    """Cumulated chances by version, node and next node; later versions lose fewer at verify."""
    chances = np.zeros((len(VERSIONS), len(NODES), len(NODES)))
    for version in range(len(VERSIONS)):
        for name, ways in _WAYS.items():
            for target, chance in ways.items():
                better = 0.03 * version if (name, target) == ("verify", "menu") else 0.0
                chances[version, NODES.index(name), NODES.index(target)] = chance + better
    return chances.cumsum(axis=2)


def _ids(dice: np.random.Generator, calls: int) -> pa.Array:
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    letters = digits[dice.integers(0, 16, (calls, 32))]
    offsets = pa.array(np.arange(calls + 1) * 32, pa.int32())
    return pa.StringArray.from_buffers(calls, offsets.buffers()[1], pa.py_buffer(letters.tobytes()))


def _texts(numbers: np.ndarray, names, mask: np.ndarray | None = None) -> pa.Array:
    return pa.array(list(names)).take(pa.array(numbers, mask=mask))
