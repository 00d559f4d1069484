"""Blocking work without holding up the loop, and without waiting for anybody's thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
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


async def in_daemon_thread(work: Callable[[], _T]) -> _T:
    """Do blocking work that writes nothing, in a thread of its own that nobody waits for.

    Work that hangs, such as a name server that does not answer, then holds up neither the loop nor the exit of the
    process: it is abandoned where it is. What writes files belongs into `in_own_thread`.

    Args:
        work: The work.

    Returns:
        What it returns.
    """
    return await asyncio.get_running_loop().run_in_executor(_DaemonThread(), work)


class _DaemonThread(Executor):
    """Runs work in threads that end with the process, unlike those of a ThreadPoolExecutor."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        future: Future[_T] = Future()

        def run() -> None:
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        # From here on a waiting task that is cancelled leaves the future alone: its thread may still set it.
        future.set_running_or_notify_cancel()
        threading.Thread(target=run, name="flows_analytics", daemon=True).start()
        return future
