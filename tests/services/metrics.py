"""What Pipecat's own metrics frames say: the figures a recorder has to go by."""

from __future__ import annotations

from typing import Any, TypeVar

from pipecat.frames.frames import MetricsFrame
from pipecat.metrics.metrics import MetricsData
from pipecat.observers.base_observer import BaseObserver, FramePushed

_M = TypeVar("_M", bound=MetricsData)


class Metrics(BaseObserver):
    """Collects each MetricsFrame once."""

    def __init__(self) -> None:
        super().__init__()
        self._data: dict[int, list[MetricsData]] = {}

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.frame, MetricsFrame):
            self._data.setdefault(data.frame.id, data.frame.data)

    def of(self, kind: type[_M]) -> list[_M]:
        """The figures of a kind, in order, without the zeros that Pipecat sends before anything was measured."""
        return [
            one
            for frame in self._data.values()
            for one in frame
            if isinstance(one, kind) and one.model is not None
        ]

    def values(self, kind: type[Any]) -> list[Any]:
        """The bare values of a kind."""
        return [one.value for one in self.of(kind)]
