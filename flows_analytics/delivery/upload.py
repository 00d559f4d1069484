"""What the outbox and the sinks that send calls agree on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from flows_analytics.calls.record import CallRecord
from flows_analytics.errors import FlowsAnalyticsError


class UploadError(FlowsAnalyticsError):
    """A call could not be sent.

    Attributes:
        retry: Whether trying again may help.
        after_secs: How long the receiver asks to wait before that; None if it does not say.
    """

    def __init__(self, code: str, message: str, *, retry: bool, after_secs: float | None = None) -> None:
        super().__init__(code, message)
        self.retry = retry
        self.after_secs = after_secs


@dataclass
class Upload:
    """One finished call on its way to one receiver.

    Attributes:
        record: The call.
        key: The same for every attempt to send this call to this receiver, and for no other.
        recording: The call's sound beside its record; None without one.
        progress: What of a sending in several steps is done, as JSON; empty at the first attempt.
        save: Keeps ``progress`` on disk, so that a later process goes on from there. Call it after each step.
    """

    record: CallRecord
    key: str
    recording: Path | None = None
    progress: dict[str, Any] = field(default_factory=dict[str, Any])
    save: Callable[[], None] = lambda: None


class UploadSink(Protocol):
    """A sink that sends calls away. The outbox keeps a call until its `upload` has returned.

    Attributes:
        name: The same in every process, different for every receiver, and without secrets: it names the call's
            entry in the outbox.
    """

    @property
    def name(self) -> str: ...

    async def upload(self, upload: Upload) -> None:
        """Send a call. It may be sent again with the same key if the process dies before it is known to be sent.

        Args:
            upload: The call.

        Raises:
            UploadError: If it was not sent, and whether to try again.
        """
        ...

    async def close(self) -> None:
        """Release what was opened."""
        ...
