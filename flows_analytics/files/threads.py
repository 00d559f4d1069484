"""Writing without holding up the loop, and without waiting for anybody's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


async def in_own_thread(work: Callable[[], _T]) -> _T:
    """Do blocking work in a thread of its own.

    The loop's default executor is shared with the whole program, and a few slow tasks there would hold up a write
    for good. Work begun here is finished even if nobody waits for it any more, also when the process exits.

    Args:
        work: The work.

    Returns:
        What it returns.
    """
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="flows_analytics")
    try:
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(executor, work))
    finally:
        executor.shutdown(wait=False)
