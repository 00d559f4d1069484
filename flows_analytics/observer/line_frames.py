"""Reading the line from its frames: who connects, which keys are pressed, when the call begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pipecat.frames.frames import (
    CancelFrame,
    ClientConnectedFrame,
    EndFrame,
    Frame,
    InputDTMFFrame,
    OutputDTMFFrame,
    OutputDTMFUrgentFrame,
    StartFrame,
    StopFrame,
)
from pipecat.observers.base_observer import FramePushed

from flows_analytics.calls.events import (
    CallEnded,
    ClientConnected,
    KeysPressed,
    KeysSent,
    Terminal,
    TransferRequested,
    milliseconds,
)
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.frame_table import Entries, Entry, NamedEntries

_TERMINALS: dict[type[Frame], Terminal] = {EndFrame: "end", StopFrame: "stop", CancelFrame: "cancel"}


class SeenTerminal(NamedTuple):
    """The first terminal frame of a call.

    Attributes:
        kind: Which it is.
        reason: The reason it gives.
        at_ns: When it was first pushed.
    """

    kind: Terminal
    reason: Any
    at_ns: int

    def told(self, ended_ns: int) -> dict[str, Any]:
        """What it tells of the end of a call.

        Args:
            ended_ns: When the call ended.

        Returns:
            The fields of a `CallEnded`.
        """
        return {
            "terminal": self.kind,
            "reason": self.reason,
            "lag_ms": milliseconds(max(ended_ns - self.at_ns, 0)),
        }


class LineFrames:
    """Turns the frames of the line into moments.

    Args:
        writer: Where moments go.
        second_pipeline: Told when another pipeline starts.
        ending: Told when the first terminal frame is seen.
    """

    def __init__(
        self, writer: CallWriter, second_pipeline: Callable[[], None], ending: Callable[[], None]
    ) -> None:
        self._writer = writer
        self._second_pipeline = second_pipeline
        self._ending = ending
        self._sink_name: str | None = None
        self._started = False
        self._terminal: SeenTerminal | None = None
        self._ended = False

    def entries(self) -> Entries:
        """The frames it reads."""
        return {
            StartFrame: Entry(self._start),
            EndFrame: Entry(self._end, every_push=True),
            StopFrame: Entry(self._end, every_push=True),
            CancelFrame: Entry(self._end, every_push=True),
            ClientConnectedFrame: Entry(lambda _, at_ns: self._connected(at_ns)),
            # A speech-to-speech LLM that hears the phone line itself sends them upstream.
            InputDTMFFrame: Entry(lambda data, at_ns: self._keys(KeysPressed, data, at_ns), upstream=True),
            OutputDTMFFrame: Entry(lambda data, at_ns: self._keys(KeysSent, data, at_ns)),
            OutputDTMFUrgentFrame: Entry(lambda data, at_ns: self._keys(KeysSent, data, at_ns)),
        }

    def named_entries(self) -> NamedEntries:
        """The frames it reads by the name of their class: Daily's, whose module needs Daily's package."""
        return {
            "DailySIPTransferFrame": Entry(lambda data, at_ns: self._transfer("sip_transfer", data, at_ns)),
            "DailySIPReferFrame": Entry(lambda data, at_ns: self._transfer("sip_refer", data, at_ns)),
        }

    @property
    def terminal(self) -> SeenTerminal | None:
        """The first terminal frame seen anywhere; None before."""
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
            self._terminal = SeenTerminal(_terminal_kind(data.frame), getattr(data.frame, "reason", None), at_ns)
            if self._sink_name is None:
                # Attached after the start. A terminal frame, too, is pushed by the worker's own source first.
                self._sink_name = _sink_name(data.source)
            self._ending()
        if not self._ended and self._is_end(data.destination):
            self._ended = True
            self._writer.add(CallEnded, at_ns, **self._terminal.told(at_ns))

    def _is_end(self, destination: Any) -> bool:
        return self._sink_name is not None and getattr(destination, "name", None) == self._sink_name

    def _connected(self, at_ns: int) -> None:
        self._writer.add(ClientConnected, at_ns)

    def _keys(self, kind: type[KeysPressed | KeysSent], data: FramePushed, at_ns: int) -> None:
        frame: Any = data.frame
        buttons = getattr(frame, "buttons", None) or [frame.button]
        keys = "".join(str(getattr(button, "value", button)) for button in buttons)
        # Said with fingers, and the arguments of no function; whoever switches either off wants no secret kept.
        self._writer.add(
            kind, at_ns, keys=self._writer.arguments(self._writer.transcript(keys)), count=len(buttons)
        )

    def _transfer(self, method: str, data: FramePushed, at_ns: int) -> None:
        settings = getattr(data.frame, "settings", None)
        self._writer.add(TransferRequested, at_ns, method=method, settings=self._writer.arguments(settings))


def _terminal_kind(frame: Frame) -> Terminal:
    return next(kind for terminal, kind in _TERMINALS.items() if isinstance(frame, terminal))


def _sink_name(source: Any) -> str | None:
    """The name of a worker's sink, at the end of its pipeline, by that of the source at its beginning."""
    worker, mark, _ = str(getattr(source, "name", "")).rpartition("::Source")
    return f"{worker}::Sink" if mark else None
