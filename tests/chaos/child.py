"""A child: a process that holds calls, several at once, until it is done or killed."""

from __future__ import annotations

import asyncio
import os
import sys
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from loguru import logger

from flows_analytics import HTTPSink, JSONFileSink
from tests.chaos.call import hold
from tests.chaos.deaths import Death, die
from tests.chaos.notes import Notes
from tests.chaos.witness import bear_witness


@dataclass(frozen=True)
class Task:
    """What a child is to do.

    Attributes:
        directory: The calls directory.
        url: The server.
        call_ids: The calls to hold.
        at_once: How many at a time.
        seed: Of the calls' dice.
        log: Takes what the child has to say.
        death: Where it is to be killed; None for nowhere.
    """

    directory: Path
    url: str
    call_ids: tuple[str, ...]
    at_once: int
    seed: int
    log: Path
    death: Death | None = None


def main(task: Task, pipe: Connection) -> None:
    """Hold the calls."""
    log = os.open(task.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    warnings.simplefilter("ignore")
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    notes = Notes(pipe.fileno())
    bear_witness(notes)
    if task.death is not None:
        die(task.death)
    asyncio.run(_hold_all(task, notes))


async def _hold_all(task: Task, notes: Notes) -> None:
    waiting = iter(task.call_ids)
    sink = HTTPSink(task.url, timeout_secs=5.0)

    async def hold_some() -> None:
        for call_id in waiting:
            notes.begun(call_id)
            status = await hold(call_id, task.seed, [JSONFileSink(task.directory), sink])
            notes.over(call_id, status)

    await asyncio.gather(*(hold_some() for _ in range(task.at_once)))
