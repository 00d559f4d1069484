"""An observer that writes down every push of a frame."""

import dataclasses
import hashlib
import re
import time

from pipecat.frames.frames import AudioRawFrame, Frame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.transports.base_output import BaseOutputTransport

ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def fields_of(frame: Frame) -> str:
    if isinstance(frame, AudioRawFrame):
        return f"{len(frame.audio)} bytes"
    values = {field.name: str(vars(frame).get(field.name)) for field in dataclasses.fields(frame)}
    return ADDRESS.sub("", repr(values))


class Pushes(BaseObserver):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.frames: list[Frame] = []
        self.released: list[Frame] = []
        """What the output transport let through, that is, what was heard."""
        self.timestamps_ns: list[int] = []
        self.wall_secs: list[float] = []
        self._seen: set[int] = set()

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        self.timestamps_ns.append(data.timestamp)
        self.wall_secs.append(time.time())
        self.lines.append(
            f"{data.timestamp} {type(frame).__name__} {frame.id} {data.source} {data.destination} "
            f"{data.direction} {fields_of(frame)} {time.time_ns()}"
        )
        if isinstance(data.source, BaseOutputTransport):
            self.released.append(frame)
        if frame.id not in self._seen:
            self._seen.add(frame.id)
            self.frames.append(frame)

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()
