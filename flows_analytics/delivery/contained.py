"""Running code of a sink's own so that it cannot end the program."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

_T = TypeVar("_T")


class SinkExitedError(RuntimeError):
    """A sink tried to end the program."""


async def contained(work: Awaitable[_T]) -> _T:
    """Wait for something, and take an exit for a failure.

    ``sys.exit()``, which libraries made for the command line call, leaves an event loop at once, and every other
    call of the process with it.

    Args:
        work: What to wait for.

    Returns:
        What it returns.

    Raises:
        SinkExitedError: If it raised SystemExit. Anything else that it raises goes through.
    """
    try:
        return await work
    except SystemExit:
        raise SinkExitedError("a sink tried to end the program") from None
