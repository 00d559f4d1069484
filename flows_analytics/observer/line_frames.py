"""Reading the line from its frames: who connects, which keys are pressed, when the call begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import CancelFrame, ClientConnectedFrame, EndFrame, Frame, StartFrame, StopFrame
from pipecat.observers.base_observer import FramePushed

from flows_analytics.calls.events import CallEnded, ClientConnected, Terminal
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.frame_table import Entries, Entry

_TERMINALS: dict[type[Frame], Terminal] = {EndFrame: "end", StopFrame: "stop", CancelFrame: "cancel"}


class LineFrames:
    """Turns the frames of the line into moments.

    Args:
        writer: Where moments go.
        second_pipeline: Told when another pipeline starts.
    """

    def __init__(self, writer: CallWriter, second_pipeline: Callable[[], None]) -> None:
        self._writer = writer
        self._second_pipeline = second_pipeline
        self._sink_name: str | None = None
        self._started = False
        self._terminal: tuple[Terminal, Any] | None = None
        self._ended = False

    def entries(self) -> Entries:
        """The frames it reads."""
        return {
            StartFrame: Entry(self._start),
            EndFrame: Entry(self._end, every_push=True),
            StopFrame: Entry(self._end, every_push=True),
            CancelFrame: Entry(self._end, every_push=True),
            ClientConnectedFrame: Entry(lambda _, at_ns: self._connected(at_ns)),
        }

    @property
    def terminal(self) -> tuple[Terminal, Any] | None:
        """The first terminal frame seen anywhere, and its reason; None before."""
        return self._terminal

    @property
    def ended(self) -> bool:
        """Whether that frame has arrived at the end of the pipeline."""
        return self._ended

    def _start(self, data: FramePushed, at_ns: int) -> None:
        if self._started:
            self._second_pipeline()
            return
        self._started = True
        self._sink_name = _sink_name(data.source)

    def _end(self, data: FramePushed, at_ns: int) -> None:
        if self._terminal is None:
            self._terminal = (_terminal_kind(data.frame), getattr(data.frame, "reason", None))
            if self._sink_name is None:
                # Attached after the start. A terminal frame, too, is pushed by the worker's own source first.
                self._sink_name = _sink_name(data.source)
        if not self._ended and self._is_end(data.destination):
            self._ended = True
            terminal, reason = self._terminal
            self._writer.add(CallEnded, at_ns, terminal=terminal, reason=reason)

    def _is_end(self, destination: Any) -> bool:
        return self._sink_name is not None and getattr(destination, "name", None) == self._sink_name

    def _connected(self, at_ns: int) -> None:
        self._writer.add(ClientConnected, at_ns)


def _terminal_kind(frame: Frame) -> Terminal:
    return next(kind for terminal, kind in _TERMINALS.items() if isinstance(frame, terminal))


def _sink_name(source: Any) -> str | None:
    """The name of a worker's sink, at the end of its pipeline, by that of the source at its beginning."""
    worker, mark, _ = str(getattr(source, "name", "")).rpartition("::Source")
    return f"{worker}::Sink" if mark else None
