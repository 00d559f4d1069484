"""The journal of an observed call: where it lies, and what becomes of it at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows_analytics.delivery.leftovers import keep_leftover
from flows_analytics.delivery.upload import UploadSink, sends
from flows_analytics.files.layout import Beside
from flows_analytics.files.threads import in_own_thread
from flows_analytics.observer.guard import Guard
from flows_analytics.observer.outbox_place import calls_directory
from flows_analytics.recording.journal import Journal
from flows_analytics.recording.journal_lines import Receiver, Sending
from flows_analytics.recording.recovery import recover_in_background


class CallJournal:
    """Opens the journal of a call, has leftovers of other calls recovered, and ends it.

    Args:
        place: The directory (see `FlowsObserver`); None for no journal.
        sinks: Where the call goes.
        outbox: The calls directory that keeps it until it is sent; None if nothing does.
    """

    def __init__(
        self, place: str | Path | Beside | None, sinks: Sequence[Any], outbox: Path | None = None
    ) -> None:
        self._records = calls_directory(sinks)
        given = None if isinstance(place, Beside) else place
        self._directory = self._records if isinstance(place, Beside) else _path(given)
        self._guard: Guard | None = None
        self._syncing: asyncio.Future[bool] | None = None
        self.journal: Journal | None = None
        if self._directory is not None:
            sending = _sending(self._directory, outbox, sinks)
            self.journal = Journal(self._directory, on_failure=self._failed, sending=sending)

    @property
    def on(self) -> bool:
        """Whether there is a journal."""
        return self.journal is not None

    def begin(self, guard: Guard) -> None:
        """Turn what dead processes left in the directory into records, in the background.

        Args:
            guard: Says in the log what fails.
        """
        self._guard = guard
        if self._directory is not None:
            recover_in_background(
                self._directory, into=self._records, on_recovered=keep_leftover, on_failure=self._not_recovered
            )

    def sync(self, timeout_secs: float) -> None:
        """Begin to flush the journal to the disk. Nobody waits for it but `end`.

        Args:
            timeout_secs: How long it may take.
        """
        if (journal := self.journal) is not None:
            self._syncing = asyncio.ensure_future(in_own_thread(lambda: journal.sync(timeout_secs)))

    async def end(self, *, kept: bool, timeout_secs: float) -> None:
        """Close the journal. Its file stays if the call is kept nowhere else.

        Args:
            kept: Whether the call is safely on disk elsewhere.
            timeout_secs: How long the disk may take before the call goes on without it.
        """
        if (journal := self.journal) is None:
            return
        if self._syncing is not None and not kept:
            await asyncio.wait([self._syncing], timeout=timeout_secs)
        closing = asyncio.ensure_future(in_own_thread(lambda: journal.end(kept=kept, timeout_secs=timeout_secs)))
        await asyncio.wait([closing], timeout=timeout_secs)

    def _failed(self, why: str) -> None:
        if self._guard is not None:
            self._guard.say(f"{why}; the call goes on")

    def _not_recovered(self, why: str) -> None:
        if self._guard is not None:
            self._guard.say(f"a call that another process left behind was not recovered: {why}")


def _sending(directory: Path, outbox: Path | None, sinks: Sequence[Any]) -> Sending | None:
    if outbox is None:
        return None
    # A calls directory may be moved, with all that is in it.
    here = outbox.absolute() == directory.absolute()
    receivers = tuple(Receiver(name=sink.name, target=_target(sink)) for sink in sinks if sends(sink))
    return Sending(outbox=None if here else str(outbox.absolute()), receivers=receivers)


def _target(sink: UploadSink) -> Any:
    try:
        return getattr(sink, "target", {})
    except Exception:
        # Code of the user's own must not keep the bot from being made; without it, --sinks names the sink.
        return {}


def _path(place: str | Path | None) -> Path | None:
    return None if place is None else Path(place)
