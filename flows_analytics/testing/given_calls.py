"""The coroutines that ``flow_call`` gave to a test: one that nobody awaits holds no call, and nothing fails."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from pathlib import Path
from types import FrameType
from typing import Any


class GivenCalls:
    """Remembers coroutines, and where in the test each was asked for."""

    def __init__(self) -> None:
        """Begin with none."""
        self._given: list[tuple[Coroutine[Any, Any, Any], str]] = []

    def add(self, call: Coroutine[Any, Any, Any], caller: FrameType | None) -> None:
        """Remember one.

        Args:
            call: The coroutine.
            caller: Who asked for it; None if that is not known.
        """
        where = f"{Path(caller.f_code.co_filename).name}:{caller.f_lineno}: " if caller else ""
        self._given.append((call, where))

    def complaint(self) -> str | None:
        """Say which were never awaited to their end.

        Returns:
            A line for each, with what to do; None if there are none.
        """
        lines: list[str] = []
        for call, where in self._given:
            state = inspect.getcoroutinestate(call)
            if state == inspect.CORO_CREATED:
                # Python itself would warn of it, with less to go by.
                call.close()
            if state != inspect.CORO_CLOSED:
                lines.append(f"{where}flow_call(...) was not awaited: write `call = await flow_call(...)`")
        return "\n".join(lines) or None
