"""Asking the bot why its call was over."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from flows_analytics.calls.ending import DisconnectionReason
from flows_analytics.calls.values import text_of
from flows_analytics.observer.call_writer import CallWriter

Resolver = Callable[[], Any]
"""Returns a str, an enum or None; or something to await that does."""


class ReasonResolver:
    """Asks a bot's ``disconnection_reason_resolver`` until it says something.

    Args:
        resolver: What is asked; None if the bot has none.
        writer: Where the answer goes, and failures.
    """

    def __init__(self, resolver: Resolver | None, writer: CallWriter) -> None:
        self._resolver = resolver
        self._writer = writer

    @property
    def open(self) -> bool:
        """Whether there is still something to ask for."""
        reason = self._writer.recorder.disconnection_reason
        return self._resolver is not None and reason in (None, DisconnectionReason.UNKNOWN)

    def ask(self) -> None:
        """Ask at once, for whoever cannot wait. A coroutine function is not asked."""
        if self.open and not _is_async(self._resolver):
            self._take(self._call())

    async def ask_finally(self, timeout_secs: float) -> None:
        """Ask for the last time, and wait for the answer.

        Args:
            timeout_secs: How long to wait for a coroutine.
        """
        if not self.open:
            return
        answer = self._call()
        if inspect.isawaitable(answer):
            answer = await self._wait(answer, timeout_secs)
        self._take(answer)

    def _call(self) -> Any:
        try:
            return self._resolver() if self._resolver else None
        except (Exception, asyncio.CancelledError) as error:
            # It may ask a task that was cancelled.
            self._failed(type(error).__name__)
            return None

    async def _wait(self, answer: Awaitable[Any], timeout_secs: float) -> Any:
        task = asyncio.ensure_future(answer)
        done, _ = await asyncio.wait([task], timeout=timeout_secs)
        if not done:
            # Not awaited: one that swallows its cancellation would hold the call.
            task.cancel()
            task.add_done_callback(_read_outcome)
            self._failed("timeout")
            return None
        if task.cancelled():
            self._failed("CancelledError")
            return None
        error = task.exception()
        if error is not None:
            self._failed(type(error).__name__)
            return None
        return task.result()

    def _take(self, answer: Any) -> None:
        if inspect.iscoroutine(answer):
            # A plain function that made a coroutine: it is asked again when there is time to wait for it.
            answer.close()
            return
        if answer is None or inspect.isawaitable(answer):
            return
        reason = text_of(answer).strip()
        if reason:
            self._writer.recorder.tell_disconnection_reason(reason)

    def _failed(self, how: str) -> None:
        # Its message may quote the call.
        why = f"the disconnection_reason_resolver did not answer: {how}"
        self._writer.recorder.lose("resolver_failed", why)
        self._writer.guard.say(why)


def _is_async(resolver: Resolver | None) -> bool:
    # An object with an async __call__ is one, too.
    call = getattr(type(resolver), "__call__", None)  # noqa: B004  # the method itself is what is asked about
    return inspect.iscoroutinefunction(resolver) or inspect.iscoroutinefunction(call)


def _read_outcome(task: asyncio.Future[Any]) -> None:
    # An exception nobody reads is printed by asyncio, with the content it may quote.
    if not task.cancelled():
        task.exception()
