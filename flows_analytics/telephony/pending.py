"""Pending calls: what a webhook told, until the websocket of the same call comes."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from loguru import logger

Call = TypeVar("Call")


@dataclass(frozen=True)
class _Parked(Generic[Call]):
    call: Call
    expires: float


class PendingCalls(Generic[Call]):
    """Keeps what webhooks told of calls, for the websockets to fetch.

    Both come from the carrier on connections of their own, so either may be first. Use one store in one event
    loop; several processes behind a load balancer need a store that they share instead.

    Args:
        ttl_seconds: How long a call is kept; parking it again begins anew.
        max_calls: How many are kept; then the one parked longest ago makes room.
        clock: Reads a clock that never goes back, in seconds.

    Raises:
        ValueError: A limit is not above zero.
    """

    def __init__(
        self,
        ttl_seconds: float = 30.0,
        *,
        max_calls: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not ttl_seconds > 0 or max_calls < 1:
            raise ValueError("PendingCalls: ttl_seconds= and max_calls= must be above zero")
        self._ttl_seconds = ttl_seconds
        self._max_calls = max_calls
        self._clock = clock
        # In the order in which they expire, for all have the same time to live.
        self._parked: OrderedDict[str, _Parked[Call]] = OrderedDict()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def __len__(self) -> int:
        """How many calls are kept."""
        self._expire()
        return len(self._parked)

    def park(self, call: Call, call_sid: str | None = None) -> None:
        """Keep a call, and wake whoever waits for it.

        Args:
            call: What is known of it, such as a `JambonzCallContext`.
            call_sid: The carrier's id of it; None takes ``call.call_sid``. Without one nothing is kept.
        """
        key: Any = call_sid if call_sid is not None else getattr(call, "call_sid", None)
        if not isinstance(key, str) or not key:
            logger.debug("flows_analytics: a call without an id cannot be parked")
            return
        self._expire()
        self._parked.pop(key, None)
        while len(self._parked) >= self._max_calls:
            self._parked.popitem(last=False)
            logger.warning(f"flows_analytics: more than {self._max_calls} calls are parked; the oldest is dropped")
        self._parked[key] = _Parked(call, self._clock() + self._ttl_seconds)
        for waiter in self._waiting.get(key, ()):
            if not waiter.done():
                waiter.set_result(None)

    async def wait_and_pop(self, call_sid: str | None, timeout: float | None = 5.0) -> Call | None:  # noqa: ASYNC109  # the caller's patience is the question
        """Fetch a call, waiting for it if its webhook is not there yet.

        Args:
            call_sid: The carrier's id of it.
            timeout: How long to wait, in seconds; 0 only looks, None waits for as long as it takes.

        Returns:
            What was parked, which is then forgotten; None if nothing was in time, or the id is empty.
        """
        if not call_sid:
            return None
        loop = asyncio.get_running_loop()
        until = math.inf if timeout is None else loop.time() + timeout
        while (call := self._take(call_sid)) is None:
            left = until - loop.time()
            if left <= 0:
                return None
            await self._parking_of(call_sid, None if left == math.inf else left)
        return call.call

    async def _parking_of(self, call_sid: str, secs: float | None) -> None:
        waiter = asyncio.get_running_loop().create_future()
        waiters = self._waiting.setdefault(call_sid, set())
        waiters.add(waiter)
        try:
            await asyncio.wait({waiter}, timeout=secs)
        finally:
            waiter.cancel()
            waiters.discard(waiter)
            if not waiters and self._waiting.get(call_sid) is waiters:
                del self._waiting[call_sid]

    def _take(self, call_sid: str) -> _Parked[Call] | None:
        self._expire()
        return self._parked.pop(call_sid, None)

    def _expire(self) -> None:
        now = self._clock()
        while self._parked:
            call_sid, parked = next(iter(self._parked.items()))
            if parked.expires > now:
                return
            del self._parked[call_sid]
