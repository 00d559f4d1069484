"""What the outbox and the sinks that send calls agree on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeGuard

from flows_analytics.calls.record import CallRecord
from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.recording.journal_lines import Receiver


class UploadError(FlowsAnalyticsError):
    """A call could not be sent.

    The message is for logs: it names the receiver and the reason, never what was sent or what came back.

    Attributes:
        retry: Whether trying again may help.
        after_secs: How long the receiver asks to wait before that; None if it does not say.
        answer: What the receiver said; empty if nothing. It may quote the call, so it goes to the entry's file and
            nowhere else.
    """

    def __init__(
        self, code: str, message: str, *, retry: bool, after_secs: float | None = None, answer: str = ""
    ) -> None:
        super().__init__(code, message)
        self.retry = retry
        self.after_secs = after_secs
        self.answer = answer


class Upload:
    """One finished call on its way to one receiver.

    Args:
        record: The call; None to read it from ``file`` when it is first asked for.
        key: As below.
        file: As below.
        recording: As below.
        progress: As below; empty if None.
        save: As below; nothing is kept if None.

    Attributes:
        key: The same for every attempt to send this call to this receiver, and for no other.
        file: The call's record on disk; None if it is nowhere.
        recording: The call's sound beside its record; None without one.
        progress: What of a sending in several steps is done, as JSON; empty at the first attempt.
        save: Keeps ``progress`` on disk, so that a later process goes on from there. Call it after each step; it
            does not block.
    """

    def __init__(
        self,
        record: CallRecord | None,
        key: str,
        *,
        file: Path | None = None,
        recording: Path | None = None,
        progress: dict[str, Any] | None = None,
        save: Callable[[], None] | None = None,
    ) -> None:
        if record is None and file is None:
            raise ValueError("an Upload needs a record or the file of one")
        self._record = record
        self.key = key
        self.file = file
        self.recording = recording
        self.progress: dict[str, Any] = {} if progress is None else progress
        self.save: Callable[[], None] = save or _keep_nothing

    def __repr__(self) -> str:
        # Tracebacks show it.
        return f"<Upload {self.key}>"

    @property
    def record(self) -> CallRecord:
        """The call.

        The outbox has read it before `UploadSink.upload` is awaited, except for sinks that say ``reads_file``.

        Raises:
            RecordError: If its file cannot be read.
        """
        if self._record is None and self.file is not None:
            self._record = CallRecord.load(self.file)
        assert self._record is not None  # noqa: S101  # the constructor saw to it
        return self._record


class UploadSink(Protocol):
    """A sink that sends calls away. The outbox keeps a call until its `upload` has returned.

    A sink whose attribute ``reads_file`` is true sends `Upload.file` as it is, which spares the bots of the
    process the reading of long records. An attribute ``target``, a dict of JSON values without secrets, is kept
    with each call; `sink_of` makes a sink of it in a later process.

    Attributes:
        name: The same in every process, different for every receiver, and without secrets: it names the call's
            entry in the outbox.
    """

    @property
    def name(self) -> str:
        """Names the receiver."""
        ...

    async def upload(self, upload: Upload) -> None:
        """Send a call. It may be sent again with the same key if the process dies before it is known to be sent.

        Args:
            upload: The call.

        Raises:
            UploadError: If it was not sent, and whether to try again. Any other exception counts as one that may
                be tried again.
        """
        ...

    async def close(self) -> None:
        """Release what was opened. Other calls may be on their way through the same sink."""
        ...


Addressed = UploadSink | Receiver
"""What names a receiver: the sink that reaches it, or what another process's journal says of that sink."""


def sends(sink: object) -> TypeGuard[UploadSink]:
    """Tell an UploadSink from a sink that only delivers.

    Args:
        sink: Any sink.

    Returns:
        Whether it is an UploadSink.
    """
    return callable(getattr(sink, "upload", None)) and isinstance(getattr(sink, "name", None), str)


def key_of(record: CallRecord, sink: str) -> str:
    """Name the sending of a call to a receiver.

    It is made from the call itself, so that whoever sends it, in whatever process, sends the same key.

    Args:
        record: The call.
        sink: The sink's name.

    Returns:
        Thirty-two hexadecimal digits.
    """
    # Two calls may have one id; they did not begin in the same microsecond.
    words = "\n".join((record.call_id, record.started_at.isoformat(), sink))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _keep_nothing() -> None:
    """Without an outbox there is nowhere to keep progress."""
