"""An entry of the outbox: one call that waits for one receiver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from flows_analytics.calls.record import CallRecord
from flows_analytics.delivery.schedule import Schedule
from flows_analytics.delivery.upload import Addressed, key_of
from flows_analytics.errors import FlowsAnalyticsError

REF_SUFFIX = ".ref"
"""One entry."""

UNFINISHED = "the attempt did not come to an end"


class Failure(BaseModel):
    """Why the last attempt failed.

    Attributes:
        at: When.
        why: The reason, without any content of the call.
        answer: What the receiver said; it may quote the call.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: AwareDatetime
    why: str
    answer: str = ""


class Entry(BaseModel):
    """What an entry's file holds.

    Attributes:
        version: Version of this shape.
        record: The call's record, relative to the calls directory unless it lies elsewhere.
        recording: The call's sound, likewise; None without one.
        kept: Whether the record is the outbox's own, to be deleted with the entry.
        call_id: The call.
        sink: Name of the sink.
        target: The sink's public settings; empty if it told none.
        key: See `Upload`.
        attempts: How many attempts were begun.
        first_at: When the entry was made.
        next_at: When to try again.
        not_before: Until when the receiver asked to be left alone; None if it did not.
        warned_at: When it was said that the limits may soon give the call up; None if it was not.
        progress: See `Upload`.
        failure: Why the last attempt failed; None before the first.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = 1
    record: str
    recording: str | None = None
    kept: bool = False
    call_id: str
    sink: str
    target: dict[str, Any] = {}
    key: str
    attempts: int = 0
    first_at: AwareDatetime
    next_at: AwareDatetime
    not_before: AwareDatetime | None = None
    warned_at: AwareDatetime | None = None
    progress: dict[str, Any] = {}
    failure: Failure | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an entry.

        Args:
            path: Its file.

        Returns:
            The entry.

        Raises:
            FileNotFoundError: If it is gone.
            OSError: If it cannot be read.
            FlowsAnalyticsError: ``entry_not_valid`` if it is torn.
        """
        content = path.read_bytes()
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            raise FlowsAnalyticsError("entry_not_valid", f"{path}: not an entry of an outbox") from None

    def to_bytes(self) -> bytes:
        """Write the entry as JSON."""
        return self.model_dump_json(indent=1).encode("utf-8", "replace")

    def begun(self, now: float, wait_secs: float) -> Self:
        """Note that an attempt begins, before it does: a process that dies in it has tried.

        Args:
            now: The wall clock, in seconds since 1970.
            wait_secs: How long others wait before they try.
        """
        update = {
            "attempts": self.attempts + 1,
            "next_at": at(now + wait_secs),
            "failure": Failure(at=at(now), why=UNFINISHED),
        }
        return self.model_copy(update=update)

    def failed(
        self, now: float, why: str, *, wait_secs: float, asked_secs: float | None, answer: str = ""
    ) -> Self:
        """Note how an attempt failed.

        Args:
            now: The wall clock, in seconds since 1970.
            why: Why, without any content of the call.
            wait_secs: How long to wait before the next.
            asked_secs: How long the receiver asked to be left alone; None if it did not.
            answer: What the receiver said.
        """
        update = {
            "next_at": at(now + wait_secs),
            "not_before": None if asked_secs is None else at(now + asked_secs),
            "failure": Failure(at=at(now), why=why, answer=answer),
        }
        return self.model_copy(update=update)

    def held_back(self, now: float, why: str, *, wait_secs: float) -> Self:
        """Note that an attempt that was to begin did not, because the receiver asked others to wait.

        Args:
            now: The wall clock, in seconds since 1970.
            why: Why, without any content of the call.
            wait_secs: For how long.
        """
        attempts = max(self.attempts - 1, 0)
        left = self.failed(now, why, wait_secs=wait_secs, asked_secs=wait_secs)
        return left.model_copy(update={"attempts": attempts})

    def due_at(self, now: float, schedule: Schedule, *, early: bool = False) -> float:
        """Say when the call may be sent. Nothing waits longer than the schedule lets it, wherever the clock was.

        Args:
            now: The wall clock, in seconds since 1970.
            schedule: How long it can wait.
            early: Whether only the receiver's wish counts.

        Returns:
            In seconds since 1970; not after ``now`` if it is due.
        """
        # Set back, a clock would keep calls for as long as it was set back.
        asked = self.not_before.timestamp() if self.not_before is not None else 0.0
        own = 0.0 if early else self.next_at.timestamp()
        if asked > now + schedule.longest_wait_secs(asked=True):
            asked = 0.0
        if own > now + schedule.longest_wait_secs(asked=self.not_before is not None):
            own = 0.0
        return max(asked, own)


def entry_of(
    record: CallRecord,
    sink: Addressed,
    *,
    directory: Path,
    file: Path,
    recording: Path | None,
    kept: bool,
    now: float,
) -> Entry:
    """Make an entry for a call, before its first attempt.

    Args:
        record: The call.
        sink: Where it goes.
        directory: The calls directory.
        file: The call's record.
        recording: The call's sound; None without one.
        kept: Whether the record is the outbox's own.
        now: The wall clock, in seconds since 1970.

    Returns:
        The entry.
    """
    return Entry(
        record=_named(file, directory),
        recording=_named(recording, directory) if recording else None,
        kept=kept,
        call_id=record.call_id,
        sink=sink.name,
        target=getattr(sink, "target", {}),
        key=key_of(record, sink.name),
        first_at=at(now),
        next_at=at(now),
    )


def at(now: float) -> datetime:
    """Read the wall clock, in seconds since 1970, as UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=now)


def _named(file: Path, directory: Path) -> str:
    """A name that holds in every process, and if the calls directory is moved."""
    absolute, directory = file.absolute(), directory.absolute()
    return str(absolute.relative_to(directory) if absolute.is_relative_to(directory) else absolute)
