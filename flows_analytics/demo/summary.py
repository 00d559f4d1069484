"""What a demo says of a call it has held."""

from dataclasses import dataclass
from typing import Self

from flows_analytics.calls.record import CallRecord
from flows_analytics.demo.calls import DemoCall


@dataclass(frozen=True)
class CallSummary:
    """One line on a call.

    Attributes:
        call_id: Identifier of the call.
        bot: Which bot was called.
        version: Which agent version took the call.
        path: The nodes visited, in order.
        status: The record's status, or ``failed`` if the demo could not hold the call.
        exit_kind: How the last visit was left; None if the demo could not hold the call.
        reached_goal: Whether a goal node was visited.
        duration_ms: Length of the call in virtual milliseconds; None if it has no end.
        error: What went wrong with the demo; None if nothing did.
    """

    call_id: str
    bot: str
    version: str
    path: tuple[str, ...]
    status: str
    exit_kind: str | None
    reached_goal: bool
    duration_ms: float | None
    error: str | None = None

    @classmethod
    def of(cls, call: DemoCall, record: CallRecord) -> Self:
        """Sum up a call that was held.

        Args:
            call: Its description.
            record: Its record.

        Returns:
            The summary.
        """
        return cls(
            call_id=call.call_id,
            bot=call.bot,
            version=call.version,
            path=record.path,
            status=record.status,
            exit_kind=record.exit_kind,
            reached_goal=not set(record.goals).isdisjoint(record.path),
            duration_ms=record.duration_ms,
        )

    @classmethod
    def failed(cls, call: DemoCall, error: BaseException) -> Self:
        """Sum up a call that could not be held.

        Args:
            call: Its description.
            error: Why.

        Returns:
            The summary.
        """
        return cls(
            call_id=call.call_id,
            bot=call.bot,
            version=call.version,
            path=(),
            status="failed",
            exit_kind=None,
            reached_goal=False,
            duration_ms=None,
            error=f"{type(error).__name__}: {error}",
        )
