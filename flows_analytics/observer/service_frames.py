"""Reading what services report of themselves from their frames."""

from __future__ import annotations

from typing import cast

from pipecat.frames.frames import ErrorFrame
from pipecat.observers.base_observer import FramePushed

from flows_analytics.calls.events import ErrorSeen
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.frame_table import Entries, Entry


class ServiceFrames:
    """Turns errors, metrics and switches of services into moments.

    Args:
        writer: Where moments go.
    """

    def __init__(self, writer: CallWriter) -> None:
        self._writer = writer

    def entries(self) -> Entries:
        """The frames it reads."""
        return {ErrorFrame: Entry(self._error, upstream=True)}

    def _error(self, data: FramePushed, at_ns: int) -> None:
        frame = cast("ErrorFrame", data.frame)
        processor = getattr(frame, "processor", None)
        self._writer.add(
            ErrorSeen,
            at_ns,
            message=frame.error,
            fatal=bool(frame.fatal),
            processor=getattr(processor, "name", None),
        )
