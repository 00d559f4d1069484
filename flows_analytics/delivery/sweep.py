"""A sweep: going through an outbox once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from flows_analytics.delivery.attempt import Attempts
from flows_analytics.delivery.claim import Claim, claim, claimed
from flows_analytics.delivery.contained import contained
from flows_analytics.delivery.entry import Entry
from flows_analytics.delivery.inventory import Inventory
from flows_analytics.delivery.outcome import Outcome
from flows_analytics.delivery.round import Round
from flows_analytics.delivery.upload import UploadSink
from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.files.threads import in_own_thread


class Sweep:
    """Goes through an outbox once and sends what is due.

    Args:
        sinks: Where calls can go, by name; what waits for others stays.
        inventory: What lies in the outbox.
        attempts: Sends.
        failed: The directory of what was put aside.
        due: Whether an entry may be sent now.
    """

    def __init__(
        self,
        sinks: Mapping[str, UploadSink],
        *,
        inventory: Inventory,
        attempts: Attempts,
        failed: Path,
        due: Callable[[Entry], bool],
    ) -> None:
        self._sinks = sinks
        self._inventory = inventory
        self._attempts = attempts
        self._failed = failed
        self._due = due

    async def run(self, *, at_once: int, each: Callable[[Outcome], None]) -> Round:
        """Do it, and close the sinks.

        Args:
            at_once: How many calls to send at a time.
            each: Called after each attempt.

        Returns:
            What came of it.

        Raises:
            OSError: If the directory cannot be read.
        """
        result = Round()
        found = iter(await in_own_thread(lambda: self._list(result)))
        senders = [asyncio.ensure_future(self._send_some(found, result, each)) for _ in range(at_once)]
        try:
            await asyncio.gather(*senders)
        finally:
            for sender in senders:
                sender.cancel()
            for sink in self._sinks.values():
                await contained(sink.close())
        return result

    async def _send_some(self, found: Iterator[Path], result: Round, each: Callable[[Outcome], None]) -> None:
        for path in found:
            taken = await claimed(lambda path=path: self._take(path))
            if taken is None:
                continue
            held, entry = taken
            try:
                outcome, _ = await self._attempts.make(held, entry, self._sinks[entry.sink])
            finally:
                held.drop()
            result.outcomes.append(outcome)
            each(outcome)

    def _list(self, result: Round) -> list[Path]:
        due: list[tuple[Path, Entry]] = []
        for path, entry in self._inventory.take(self._sinks, result).items():
            if entry.sink not in self._sinks:
                result.unknown[entry.sink] += 1
            elif self._due(entry):
                due.append((path, entry))
        # The oldest first; but calls that fail again and again must not make the others wait for their receiver.
        return [path for path, _ in sorted(due, key=lambda item: (item[1].attempts, item[1].first_at, item[0]))]

    def _take(self, path: Path) -> tuple[Claim, Entry] | None:
        held = claim(path, self._failed)
        if held is None:
            return None
        # Read again under the lock: another process may have sent it since the directory was listed.
        try:
            entry = Entry.load(path)
        except (OSError, FlowsAnalyticsError):
            entry = None
        if entry is None or entry.sink not in self._sinks or not self._due(entry):
            held.release()
            return None
        return held, self._attempts.begin(held, entry)
