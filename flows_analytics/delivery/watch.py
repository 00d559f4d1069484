"""A watch: somebody who goes through an outbox again and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from flows_analytics.delivery.claim import Claim, claim, claimed
from flows_analytics.delivery.outcome import Outcome
from flows_analytics.delivery.round import Round
from flows_analytics.delivery.upload import UploadSink
from flows_analytics.files.threads import in_own_thread

POLL_SECS = 30.0
"""How often an outbox is looked through for what other processes left."""

_LEAST_PAUSE_SECS = 1.0


class Watched(Protocol):
    """What is watched: an outbox."""

    waiting: Path
    failed: Path

    async def send_waiting(
        self,
        sinks: Sequence[UploadSink],
        *,
        at_once: int = 1,
        each: Callable[[Outcome], None] = lambda outcome: None,
    ) -> Round:
        """Go through it once."""
        ...

    def due_in_secs(self, sinks: set[str]) -> float | None:
        """Say how long nothing is due."""
        ...


class Watch:
    """Goes through an outbox again and again. Of several that watch one directory, one does the work.

    Args:
        outbox: The outbox.
        sinks: Asked before each pass where calls can go; it may block.
        sleep: Waits some seconds.
        say: Takes warnings.
        at_once: How many calls to send at a time.
        each: Called after each attempt.
        passed: Called after each pass.
    """

    def __init__(
        self,
        outbox: Watched,
        sinks: Callable[[], Sequence[UploadSink]],
        *,
        sleep: Callable[[float], Awaitable[None]],
        say: Callable[[str], None],
        at_once: int,
        each: Callable[[Outcome], None],
        passed: Callable[[Round], None],
    ) -> None:
        self._outbox = outbox
        self._sinks = sinks
        self._sleep = sleep
        self._say = say
        self._at_once = at_once
        self._each = each
        self._passed = passed

    async def go_on(self) -> None:
        """Watch for ever; cancel it to stop."""
        while True:
            wait = POLL_SECS
            try:
                wait = await self._pass()
            except OSError as error:
                self._say(f"the outbox could not be read ({error.strerror})")
            await self._sleep(wait)

    async def _pass(self) -> float:
        """One pass, unless somebody else is at it, and how long to wait for the next."""
        watching = await claimed(self._claim)
        if watching is None:
            return POLL_SECS
        held, _ = watching
        try:
            there = await in_own_thread(self._sinks)
            self._passed(await self._outbox.send_waiting(there, at_once=self._at_once, each=self._each))
            names = {sink.name for sink in there}
            wait = await in_own_thread(lambda: self._outbox.due_in_secs(names))
            await held.run(held.release)
        finally:
            held.drop()
        return POLL_SECS if wait is None else max(_LEAST_PAUSE_SECS, min(POLL_SECS, wait))

    def _claim(self) -> tuple[Claim, None] | None:
        if not self._outbox.waiting.is_dir():
            return None
        held = claim(self._outbox.waiting / ".watch", self._outbox.failed)
        return None if held is None else (held, None)
