"""A run: holds calls in child processes, kills these, starts others, and compares what is left."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flows_analytics.delivery.outbox import Outbox
from tests.chaos.child import Task
from tests.chaos.comparison import Comparison, compare
from tests.chaos.deaths import Death
from tests.chaos.ledger import Ledger
from tests.chaos.living import KILLED, Living
from tests.chaos.plan import CLOCK, PLACE, UPLOAD, plan_kills
from tests.chaos.server import Server, serving

_CHILDREN = 2
_AT_ONCE = (2, 3, 4)
_CALLS_A_CHILD = 10
_CALL_SECS = 3.0
_CHILD_SECS = 300.0
_DELIVER_SECS = 300.0


@dataclass
class Result:
    """What came of a run."""

    counts: dict[str, float]
    faults: list[str]


class Run:
    """One run.

    Args:
        directory: Takes the calls, and the children's log.
        calls: How many calls are started.
        kills: How many children are killed.
        seed: Of all dice.
        progress: Told of the calls started and the kills so far.
    """

    def __init__(
        self,
        directory: Path,
        *,
        calls: int,
        kills: int,
        seed: int,
        progress: Callable[[int, int], None] = lambda started, killed: None,
    ) -> None:
        self._directory = directory / "calls"
        self._log = directory / "children.log"
        self._seed = seed
        self._progress = progress
        dice = random.Random(seed)
        self._dice = random.Random(dice.random())
        self._server = Server(random.Random(dice.random()), self._on_upload)
        self._plan = deque(plan_kills(calls, kills, dice, longest_secs=_CALL_SECS))
        self._uploads: deque[str] = deque()
        self._deaths: deque[Death] = deque()
        self._url = ""
        self._ids = deque(f"call-{number:03}" for number in range(calls))
        self._named = calls
        self._ledger = Ledger()
        self._living: list[Living] = []
        self._kills: Counter[str] = Counter()
        self._faults: list[str] = []
        self._timers: set[asyncio.TimerHandle] = set()

    async def hold(self) -> Result:
        """Hold the calls, and compare."""
        self._directory.mkdir(parents=True, exist_ok=True)
        async with serving(self._server) as self._url:
            await self._hold_calls()
            await self._end()
        comparison = compare(self._ledger, self._directory, self._server.stored)
        return Result(self._counts(comparison), self._faults + comparison.faults)

    # The children

    async def _hold_calls(self) -> None:
        running: set[asyncio.Task[None]] = set()
        while True:
            if not running and not self._ids and self._kills_due:
                # The last kills need somebody to hit, and a place that every call comes to.
                self._ids.append(self._next_id())
                self._deaths = deque(Death("record written", 1) for _ in self._deaths)
            while len(running) < _CHILDREN and self._ids:
                running.add(asyncio.create_task(self._run_child()))
                await asyncio.sleep(0)
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    @property
    def _kills_due(self) -> bool:
        return bool(self._plan or self._uploads or self._deaths or self._timers)

    def _next_id(self) -> str:
        self._named += 1
        return f"call-{self._named - 1:03}"

    async def _run_child(self) -> None:
        call_ids = tuple(self._ids.popleft() for _ in range(min(_CALLS_A_CHILD, len(self._ids))))
        at_once = self._dice.choice(_AT_ONCE)
        death = self._deaths.popleft() if self._deaths else None
        task = Task(self._directory, self._url, call_ids, at_once, self._seed, self._log, death)
        living = Living(task, self._take)
        self._living.append(living)
        try:
            code = await living.ended(_CHILD_SECS)
        except TimeoutError:
            self._faults.append(f"a child did not end within {_CHILD_SECS:g} s")
            return
        finally:
            self._living.remove(living)
        self._note_end(living, death, code)
        for call_id in call_ids:
            if call_id not in self._ledger.begun:
                self._ids.append(call_id)
            elif call_id not in self._ledger.moments:
                self._ids.append(self._next_id())

    def _note_end(self, living: Living, death: Death | None, code: int) -> None:
        if code not in (0, KILLED):
            self._faults.append(f"a child ended with {code}")
        what_for = living.killed_for or (PLACE if death is not None else "nothing")
        if code == KILLED:
            self._kills[what_for] += 1
        elif living.killed_for is not None:
            # It was faster.
            self._set_timer(0.0)
        if death is not None and (living.killed_for is not None or code == 0):
            # It did not come to that place, or not as often.
            self._deaths.append(replace(death, passage=1))
        self._progress(self._ledger.started, self._kills.total())

    def _take(self, note: dict[str, Any]) -> None:
        self._ledger.take(note)
        self._look_at_plan()

    # The kills

    def _look_at_plan(self) -> None:
        while self._plan and self._ledger.started >= self._plan[0].after:
            kill = self._plan.popleft()
            if kill.kind == CLOCK:
                self._set_timer(kill.wait_secs)
            elif kill.kind == UPLOAD:
                self._uploads.append(kill.upload)
            else:
                self._deaths.append(kill.death)
        self._progress(self._ledger.started, self._kills.total())

    def _set_timer(self, secs: float) -> None:
        def strike() -> None:
            self._timers.discard(handle)
            if not self._kill(self._living, CLOCK):
                self._set_timer(0.05)

        handle = asyncio.get_running_loop().call_later(secs, strike)
        self._timers.add(handle)

    async def _on_upload(self, call_id: str, doing: str) -> None:
        if doing in self._uploads:
            sender = [each for each in self._living if call_id in each.task.call_ids]
            if self._kill(sender or self._living, UPLOAD):
                self._uploads.remove(doing)

    def _kill(self, candidates: list[Living], what_for: str) -> bool:
        """Kill one of them, if any can be."""
        there = [each for each in candidates if each.may_be_killed]
        if there:
            self._dice.choice(there).kill(what_for)
        return bool(there)

    # The end

    async def _end(self) -> None:
        """What an operator does: recover what is left, and deliver until nothing is."""
        await _command("recover", str(self._directory))
        await _command("deliver", str(self._directory))
        self._server.well = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_DELIVER_SECS):
                while Outbox(self._directory).entries():
                    await _command("deliver", str(self._directory))

    def _counts(self, comparison: Comparison) -> dict[str, float]:
        requests = self._server.requests
        lags = sorted(self._ledger.lags_ms)
        return {
            "calls started": self._ledger.started,
            "calls held to their end": len(self._ledger.over),
            "kills": self._kills.total(),
            **{f"  {why}": number for why, number in sorted(self._kills.items())},
            "calls killed before their first acknowledged moment": len(
                self._ledger.begun - self._ledger.moments.keys()
            ),
            "calls recovered": comparison.recovered,
            "torn lines left out": comparison.torn,
            "journals torn within their first write": comparison.headless,
            "temporary files left": comparison.temporary,
            "requests": requests.total(),
            **{f"  {fate}": number for fate, number in sorted(requests.items())},
            "calls sent": len(self._server.stored),
            "retried": requests.total() - len(self._server.stored),
            "duplicates seen by the server": self._server.duplicates,
            "duplicates with another body": len(self._server.changed),
            "acknowledged moments": self._ledger.acknowledged,
            "lag of the journal, 99th percentile (ms)": lags[len(lags) * 99 // 100] if lags else 0,
            "lag of the journal, longest (ms)": lags[-1] if lags else 0,
            "calls lost": comparison.lost_calls,
            "calls doubled": comparison.doubled_calls,
            "acknowledged moments lost": comparison.lost_moments,
        }


async def _command(*words: str) -> None:
    """Run a command. Whether it did what it should is seen in the directory, not in what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "flows_analytics",
        *words,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.wait()
