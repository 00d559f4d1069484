"""Holding the calls of a demo, on every core."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from flows_analytics.demo.calls import DemoCall
from flows_analytics.demo.quiet import quiet_pipecat
from flows_analytics.demo.summary import CallSummary


def hold_call(call: DemoCall, out: Path) -> CallSummary:
    """Hold one call and write its record and its report. It takes a fraction of a second, however long it lasts.

    Args:
        call: What to hold.
        out: Directory in which ``calls/`` and ``reports/`` are.

    Returns:
        What came of it. A call that could not be held is one with status ``failed``.
    """
    with quiet_pipecat():
        try:
            # Only here, in the silence: Pipecat greets whoever imports it, and takes its time.
            from flows_analytics.demo.conversation import converse  # noqa: PLC0415

            return CallSummary.of(call, converse(call, out))
        except Exception as error:
            return CallSummary.failed(call, error)


def hold_calls(calls: Sequence[DemoCall], out: Path, *, processes: int | None = None) -> Iterator[CallSummary]:
    """Hold calls, several at once.

    Args:
        calls: What to hold.
        out: Directory in which ``calls/`` and ``reports/`` are.
        processes: How many processes hold calls; None takes one for each core, and 1 the one that asks.

    Yields:
        What came of each call, as they finish.
    """
    workers = min(processes or os.cpu_count() or 1, len(calls))
    if workers <= 1:
        for call in calls:
            yield hold_call(call, out)
        return
    # Spawned, because a fork would inherit the locks and threads of whoever asks.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_parent)
    try:
        futures = {pool.submit(hold_call, call, out): call for call in calls}
        for future in as_completed(futures):
            yield _summary(future, futures[future])
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _summary(future: Future[CallSummary], call: DemoCall) -> CallSummary:
    # Only a process that died leaves an exception here.
    error = future.exception()
    return CallSummary.failed(call, error) if error else future.result()
