"""Timing observers on a stream of pushes, and weighing what they hold."""

from __future__ import annotations

import asyncio
import gc
import inspect
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from pipecat.frames.frames import Frame
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.worker_observer import WorkerObserver
from pipecat.utils.asyncio.task_manager import TaskManager, TaskManagerParams

from benchmarks.recorders import Recorder
from benchmarks.stream import MS, CallStream
from flows_analytics import FlowsObserver
from flows_analytics.testing import ScriptedBot

NOBODY = "no observer"

Feed = Callable[[BaseObserver, Sequence[FramePushed]], Any]
_BLOCK = 100
"""Pushes timed at once: a fifth of a second of the call."""
Progress = Callable[[float], Any]
"""Told the share of the work that is done."""


@dataclass
class Timings:
    """Nanoseconds per push of each observer, one figure a round or a minute.

    Attributes:
        direct: Calls of ``on_push_frame``.
        queued: Pushes through Pipecat's own observer, its queue and its task.
    """

    direct: dict[str, list[float]] = field(default_factory=dict)
    queued: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Weight:
    """What our observer holds at a point of the call.

    Attributes:
        minutes: The point.
        held: Bytes allocated since before the call and not freed.
        moments: Moments recorded.
        frames: Frames of the call that are still alive.
    """

    minutes: float
    held: int
    moments: int
    frames: int


async def time_rounds(
    recorders: Sequence[Recorder], *, minutes: float, rounds: int, seed: int, progress: Progress
) -> Timings:
    """Time the observers in turn, exchange by exchange, so that a slow spell of the machine meets them all.

    Args:
        recorders: What to time; each gets new observers every round.
        minutes: Length of a round's call.
        rounds: Number of rounds.
        seed: Of the first round's call; each further round adds 1.
        progress: Told how far it is.

    Returns:
        A figure a round for each; `NOBODY` is among those that are queued.
    """
    timings = Timings()
    for number in range(rounds):
        bot = ScriptedBot()
        stream = CallStream(bot, seed=seed + number)
        direct = {recorder.name: recorder.make(bot) for recorder in recorders}
        queued: dict[str, list[BaseObserver]] = {NOBODY: []}
        queued.update({recorder.name: [recorder.make(bot)] for recorder in recorders})
        async with proxied(queued) as proxies:
            pushed = 0
            spent: dict[tuple[str, str], int] = {}
            for turn, pushes in enumerate(stream.turns(minutes)):
                pushed += len(pushes)
                contests = [("direct", name, feed_directly, direct[name]) for name in direct]
                contests += [("queued", name, feed_as_pipecat_does, proxies[name]) for name in proxies]
                for way, name, feed, observer in _rotated(contests, turn):
                    spent[way, name] = spent.get((way, name), 0) + await _timed(feed, observer, pushes)
                progress((number + min(1, stream.now_ns / (minutes * 60_000 * MS))) / rounds)
        for (way, name), ns in spent.items():
            getattr(timings, way).setdefault(name, []).append(ns / pushed)
    return timings


async def time_call(
    recorders: Sequence[Recorder], *, minutes: float, seed: int, progress: Progress
) -> dict[str, list[float]]:
    """Time each minute of one call, to see whether an observer grows slower.

    Args:
        recorders: What to time.
        minutes: Length of the call.
        seed: Of the call.
        progress: Told how far it is.

    Returns:
        Nanoseconds per direct push, a figure for each exchange.
    """
    bot = ScriptedBot()
    stream = CallStream(bot, seed=seed)
    observers = [(recorder.name, recorder.make(bot)) for recorder in recorders]
    figures: dict[str, list[float]] = {name: [] for name, _ in observers}
    for turn, pushes in enumerate(stream.turns(minutes)):
        for name, observer in _rotated(observers, turn):
            figures[name].append(await _timed(feed_directly, observer, pushes) / len(pushes))
        progress(stream.now_ns / (minutes * 60_000 * MS))
    return figures


async def weigh_call(
    recorder: Recorder, *, minutes: float, points: Sequence[float], seed: int, progress: Progress
) -> list[Weight]:
    """Weigh what our observer holds as a call goes on.

    Args:
        recorder: Ours.
        minutes: Length of the call.
        points: When to weigh, in minutes, ascending.
        seed: Of the call.
        progress: Told how far it is.

    Returns:
        What it holds at each point.
    """
    bot = ScriptedBot()
    await _rehearse(recorder.make(bot), CallStream(bot, seed=seed))
    stream = CallStream(bot, seed=seed)
    observer = recorder.make(bot)
    assert isinstance(observer, FlowsObserver)
    weights: list[Weight] = []
    gc.collect()
    before = _frames_alive()
    tracemalloc.start()
    try:
        for pushes in stream.turns(minutes):
            await feed_directly(observer, pushes)
            pushes.clear()
            while len(weights) < len(points) and stream.now_ns >= points[len(weights)] * 60_000 * MS:
                gc.collect()
                held = tracemalloc.get_traced_memory()[0]
                alive = _frames_alive() - before - stream.frames_ahead
                weights.append(Weight(points[len(weights)], held, len(observer.record.events), alive))
            progress(stream.now_ns / (minutes * 60_000 * MS))
    finally:
        tracemalloc.stop()
    return weights


def growth(figures: Sequence[float], share: float) -> tuple[float, float]:
    """Compare the beginning of a call with its end.

    Args:
        figures: One for each exchange.
        share: How much of the call is its beginning, and its end.

    Returns:
        The medians of the two.
    """
    count = max(1, round(len(figures) * share))
    return median(figures[:count]), median(figures[-count:])


async def feed_directly(observer: BaseObserver, pushes: Sequence[FramePushed]) -> None:
    """Call an observer for each push."""
    for push in pushes:
        await observer.on_push_frame(push)


async def feed_as_pipecat_does(observer: BaseObserver, pushes: Sequence[FramePushed]) -> None:
    """Push as a pipeline does: the loop goes round after each, as the next processor's task takes the frame."""
    for push in pushes:
        await observer.on_push_frame(push)
        await asyncio.sleep(0)
    # The observer's own task is at most a round behind.
    for _ in range(3):
        await asyncio.sleep(0)


def _frames_alive() -> int:
    # The type, because `isinstance` would also ask an object's `__class__`, and wake lazy modules.
    return sum(issubclass(type(thing), Frame) for thing in gc.get_objects())


async def _rehearse(observer: BaseObserver, stream: CallStream) -> None:
    # What the first call of a process leaves behind, such as modules imported on demand, is no call's weight.
    for pushes in stream.turns(0.5):
        await feed_directly(observer, pushes)


async def _timed(feed: Feed, observer: BaseObserver, pushes: Sequence[FramePushed]) -> int:
    spent = 0
    with _undisturbed():
        for first in range(0, len(pushes), _BLOCK):
            block = pushes[first : first + _BLOCK]
            for push in block:
                # An observer is told of a frame that a processor has just had in hand. Without this, an observer
                # that looks at its frames is charged for fetching them from memory, and an empty one is not.
                _ = push.timestamp, push.frame.id
            began = time.perf_counter_ns()
            await feed(observer, block)
            spent += time.perf_counter_ns() - began
    return spent


@contextmanager
def _undisturbed() -> Any:
    # As timeit does: a collection would be charged to whoever is measured when it comes.
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@asynccontextmanager
async def proxied(observers: dict[str, list[BaseObserver]]) -> AsyncIterator[dict[str, BaseObserver]]:
    """Put each list of observers behind Pipecat's own, with its queues and tasks."""
    tasks: Any = _task_manager()
    proxies: dict[str, BaseObserver] = {}
    for name, those in observers.items():
        proxy: Any = WorkerObserver(observers=those)
        await proxy.setup(tasks)
        if hasattr(proxy, "start"):
            # Until Pipecat 1.4 the proxies' tasks began with the pipeline.
            await proxy.start()
        proxies[name] = proxy
    await asyncio.sleep(0)
    try:
        yield proxies
    finally:
        # Their cleanup would deliver calls that nobody held; only the tasks end here.
        for task in list(tasks.current_tasks()):
            await tasks.cancel_task(task)


def _task_manager() -> Any:
    manager: Any = TaskManager()
    if "loop" not in inspect.signature(TaskManager.__init__).parameters:
        manager.setup(TaskManagerParams(loop=asyncio.get_running_loop()))
    return manager


def _rotated(things: Sequence[Any], by: int) -> list[Any]:
    by %= len(things)
    return [*things[by:], *things[:by]]
