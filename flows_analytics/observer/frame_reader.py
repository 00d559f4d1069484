"""The frame table: which frames matter, and who reads each.

Frames reach an observer once per hop, in the order in which they were pushed, through a queue. Each kind is read
at one hop only: most at their first push, the bot's words where the output transport releases them, a terminal
frame where it arrives at the end of the pipeline. Broadcast frames travel both ways as two frames; the downstream
one is read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from weakref import ref

from pipecat.frames.frames import LLMSetToolsFrame
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameDirection

from flows_analytics.observer.bot_frames import BotFrames
from flows_analytics.observer.call_writer import CallWriter
from flows_analytics.observer.caller_frames import CallerFrames
from flows_analytics.observer.frame_table import Entry
from flows_analytics.observer.function_frames import FunctionFrames
from flows_analytics.observer.line_frames import LineFrames, SeenTerminal
from flows_analytics.observer.service_frames import ServiceFrames

_SEEN_KEPT = 1024
"""Frames remembered to tell repeats, beside those still in flight. Only frames of the table count, so audio fills
no place."""

# Python 3.11 takes longer to find a member of an enum than all else here takes.
_UPSTREAM = FrameDirection.UPSTREAM


class FrameReader:
    """Turns the frames of one call into moments.

    Args:
        writer: Where moments go.
        tools_changed: Told of each frame that sets the LLM's tools, with its time.
        watched: Tells whether a FlowManager is attached.
        second_pipeline: Told when another pipeline starts: from then on, nothing tells the calls apart.
        ending: Told when the first terminal frame is seen.
    """

    def __init__(
        self,
        writer: CallWriter,
        tools_changed: Callable[[Any, int], None],
        watched: Callable[[Any], bool],
        second_pipeline: Callable[[], None],
        ending: Callable[[], None],
    ) -> None:
        self._writer = writer
        self._line = LineFrames(writer, second_pipeline, ending)
        self._services = ServiceFrames(writer)
        self._began = False
        self._seen: OrderedDict[int, ref[Any]] = OrderedDict()
        # Grows by each class of frames met that the table lacks. The observer asks it before anything else.
        self.ignored: set[type[Any]] = set()
        self._table: dict[type[Any], Entry] = {
            **self._line.entries(),
            **CallerFrames(writer).entries(),
            **BotFrames(writer).entries(),
            **FunctionFrames(writer, watched).entries(),
            **self._services.entries(),
            LLMSetToolsFrame: Entry(lambda data, at_ns: tools_changed(getattr(data.frame, "tools", None), at_ns)),
        }
        self._named = self._line.named_entries()

    @property
    def terminal(self) -> SeenTerminal | None:
        """The first terminal frame seen anywhere; None before."""
        return self._line.terminal

    @property
    def ended(self) -> bool:
        """Whether that frame has arrived at the end of the pipeline."""
        return self._line.ended

    def read(self, data: FramePushed) -> None:
        """Read one push of one frame.

        Args:
            data: The push.
        """
        frame = data.frame
        entry = self._table.get(type(frame)) or self._resolve(type(frame))
        if entry is None:
            return
        if data.direction is _UPSTREAM and not entry.upstream:
            return
        if not entry.every_push:
            if frame.id in self._seen:
                return
            self._remember(frame)
        at_ns = self._writer.clock.of_frame(data.timestamp)
        if not self._began:
            self._began = True
            self._services.begin(data.source, at_ns)
        entry.read(data, at_ns)

    def _remember(self, frame: Any) -> None:
        self._seen[frame.id] = ref(frame)
        # A frame that still exists may come again, however many others did meanwhile. Looking at two for each that
        # is added forgets those gone faster than new ones come.
        for _ in range(min(2, len(self._seen) - _SEEN_KEPT)):
            oldest, held = self._seen.popitem(last=False)
            if held() is not None:
                self._seen[oldest] = held

    def _resolve(self, kind: type[Any]) -> Entry | None:
        # A subclass, such as a transport's own, is read like the kind it refines.
        known = (self._table.get(parent) or self._named.get(parent.__name__) for parent in kind.__mro__)
        entry = next((entry for entry in known if entry is not None), None)
        if entry is None:
            self.ignored.add(kind)
        else:
            self._table[kind] = entry
        return entry
