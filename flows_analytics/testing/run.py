"""Run a coroutine on virtual time, from ordinary synchronous code."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from flows_analytics.testing.clock import EPOCH, Deadlock, VirtualLoop, VirtualTimeLimit
from flows_analytics.testing.patching import virtual_time

_T = TypeVar("_T")

# What tasks that are cancelled at the end may still spend on tidying up.
_CLEANUP_SECS = 60.0


def run_virtual(
    main: Callable[[], Awaitable[_T]],
    *,
    epoch: datetime | float = EPOCH,
    seed: int = 0,
    max_virtual_secs: float = 3600.0,
) -> _T:
    """Run `main()` to its end on a fresh `VirtualLoop` and return its result.

    The same `main` with the same `epoch` and `seed` takes the same steps in the same order, draws the same
    ids and sees the same times, however often it is run in one process. Tasks that are still alive when
    `main` returns are cancelled.

    Args:
        main: Called without arguments inside the loop; what it returns is awaited.
        epoch: Wall clock at the start: an aware datetime, or seconds since 1970.
        seed: Seed of the `random` module and of `uuid.uuid4`.
        max_virtual_secs: Virtual seconds after which the run is given up.

    Returns:
        The result of `main`.

    Raises:
        Deadlock: Everything waits and no timer is left to end the waiting.
        VirtualTimeLimit: The run did not end within `max_virtual_secs`.
        RuntimeError: An event loop is already running in this thread.
        ValueError: `epoch` is a datetime without a time zone.
    """
    _refuse_running_loop()
    loop = VirtualLoop(epoch=_seconds(epoch), seed=seed, max_virtual=max_virtual_secs)

    async def call_main() -> _T:
        return await main()

    try:
        with virtual_time(seed=seed):
            try:
                return loop.run_until_complete(call_main())
            finally:
                loop.max_virtual = loop.elapsed + _CLEANUP_SECS
                _cancel_leftovers(loop)
    finally:
        loop.close()


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        "run_virtual starts a loop of its own and cannot be called while another one is running; "
        "call it from a plain function (for example a test that is not async)"
    )


def _seconds(epoch: datetime | float) -> float:
    if not isinstance(epoch, datetime):
        return epoch
    if epoch.tzinfo is None:
        raise ValueError("epoch needs a time zone, for example datetime(2026, 1, 1, tzinfo=UTC)")
    return epoch.timestamp()


def _cancel_leftovers(loop: VirtualLoop) -> None:
    leftovers = asyncio.all_tasks(loop)
    for task in leftovers:
        task.cancel()

    async def settle() -> None:
        await asyncio.gather(*leftovers, return_exceptions=True)
        await loop.shutdown_asyncgens()

    try:
        loop.run_until_complete(settle())
    except (Deadlock, VirtualTimeLimit):
        # A task that refuses to be cancelled must not hide how the run itself ended.
        return
