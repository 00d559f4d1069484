"""One axis for all times of a call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class CallClock:
    """Places frames and node changes on one axis: the process's monotonic clock, in nanoseconds.

    Frames carry readings of the pipeline clock of the observed worker. What the FlowManager hook sees is
    stamped when it happens, with the same clock as soon as a frame has shown it, and with the monotonic clock
    until then; both run alike, so one offset, taken when the first frame is seen, joins them.

    Args:
        monotonic_ns: Reads the monotonic clock.
        wall_ns: Reads the wall clock, in nanoseconds since 1970.
    """

    def __init__(
        self,
        *,
        monotonic_ns: Callable[[], int] | None = None,
        wall_ns: Callable[[], int] | None = None,
    ) -> None:
        self._monotonic_ns = monotonic_ns or _monotonic_ns
        self._wall_ns = wall_ns or _wall_ns
        self._pipeline_ns: Callable[[], int] | None = None
        self._zero_ns: int | None = None
        self._wall_zero_ns = 0

    @property
    def zero_ns(self) -> int | None:
        """Where on the axis the pipeline clock started; None until a frame was seen."""
        return self._zero_ns

    @property
    def wall_zero_ns(self) -> int:
        """The wall clock at that moment, in nanoseconds since 1970; 0 until a frame was seen."""
        return self._wall_zero_ns

    def wall_ns(self) -> int:
        """Read the wall clock.

        Returns:
            Nanoseconds since 1970.
        """
        return self._wall_ns()

    def now(self) -> int:
        """Read the time.

        Returns:
            Nanoseconds on the axis.
        """
        if self._pipeline_ns is None or self._zero_ns is None:
            return self._monotonic_ns()
        return self._zero_ns + self._pipeline_ns()

    def meet(self, source: Any, timestamp: int) -> None:
        """Learn the pipeline clock from the first frame observed.

        Args:
            source: The processor that pushed it; one without a clock makes ``timestamp`` the time it is now.
            timestamp: The frame's reading of the pipeline clock, in nanoseconds.
        """
        elapsed = timestamp
        try:
            pipeline_ns: Callable[[], int] = source.get_clock().get_time
            elapsed = pipeline_ns()
            self._pipeline_ns = pipeline_ns
        except Exception:
            # Fed by hand, or a processor that was never set up: the frames' own times still relate them.
            self._pipeline_ns = None
        self._zero_ns = self._monotonic_ns() - elapsed
        self._wall_zero_ns = self._wall_ns() - elapsed

    def of_frame(self, timestamp: int) -> int:
        """Place a frame.

        Args:
            timestamp: Its reading of the pipeline clock, in nanoseconds.

        Returns:
            Nanoseconds on the axis.
        """
        return (self._zero_ns or 0) + timestamp


# `time` is asked at each call, so that a clock put in the place of its functions is the one read.


def _monotonic_ns() -> int:
    return time.monotonic_ns()


def _wall_ns() -> int:
    return time.time_ns()
