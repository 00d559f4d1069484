"""The course of a call: what happened in it, told by nothing of ours, so that two of them can be compared."""

from __future__ import annotations

import asyncio
import gc
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    Frame,
    LLMMessagesAppendFrame,
    LLMMessagesUpdateFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed

from flows_analytics import FlowsObserver
from flows_analytics.testing import ScriptedBot, run_virtual
from tests.bots import PIZZA_CALL, initial_node
from tests.testing.flows_line import FlowManager

_TASK = re.compile(r"You are in (.*)\.", re.DOTALL)


@dataclass
class Course:
    """What happened in a call.

    Attributes:
        pushes: Every push of every frame: time on the pipeline's clock, kind, from where, to where.
        path: The nodes, by the task that each gave to the LLM.
        leftover: The steps of the script that nobody took.
        secs: What holding and delivering it took, in seconds of the processor.
    """

    pushes: list[tuple[int, str, str, str]] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    leftover: Sequence[Any] = ()
    secs: float = 0.0

    @property
    def push_secs(self) -> float:
        """What a push took, everything that the call did included."""
        return self.secs / len(self.pushes)


class Watching(BaseObserver):
    """An observer that keeps the course of the call, and does nothing else."""

    def __init__(self, course: Course) -> None:
        super().__init__()
        self._course = course
        self._seen: set[int] = set()

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        self._course.pushes.append((data.timestamp, type(frame).__name__, str(data.source), str(data.destination)))
        if frame.id not in self._seen:
            self._seen.add(frame.id)
            self._course.path += _nodes_of(frame)


async def take_course(
    course: Course,
    make: Callable[[], FlowsObserver] | None,
    *,
    initial: Any = None,
    steps: Sequence[Any] = PIZZA_CALL,
    arrange: Any = None,
    **bot_options: Any,
) -> FlowsObserver | None:
    """Hold a call and note its course; with nothing but an empty observer if `make` is None."""
    observer = make() if make is not None else None
    bot = ScriptedBot(
        observers=[Watching(course), observer or BaseObserverThatDoesNothing()],
        flow_manager_class=FlowManager,
        arrange=(lambda bot: arrange(bot, observer)) if arrange else None,
        **bot_options,
    )
    if observer is not None:
        observer.attach_flow_manager(bot.flow_manager)
    script = await bot.run(initial() if callable(initial) else initial or initial_node(), steps)
    course.leftover = script.leftover
    return observer


class BaseObserverThatDoesNothing(BaseObserver):
    """The least an observer can be."""

    async def on_push_frame(self, data: FramePushed) -> None:
        pass


@dataclass
class Both:
    """The same call, held twice: recorded in spite of a fault, and beside an empty observer.

    Attributes:
        observer: What recorded the first.
        faulty: Its course.
        alone: The course of the second.
    """

    observer: FlowsObserver
    faulty: Course
    alone: Course

    def assert_same_frames(self) -> None:
        """The fault cost the call nothing: not a frame, not a microsecond of the pipeline's time, not a node."""
        assert self.faulty.leftover == self.alone.leftover
        assert self.faulty.path == self.alone.path
        assert list(self.observer.record.path) == self.alone.path
        assert [push[1:] for push in self.faulty.pushes] == [push[1:] for push in self.alone.pushes]
        # Waking at other times rounds a virtual clock to another nanosecond.
        both = zip(self.faulty.pushes, self.alone.pushes, strict=True)
        assert max(abs(one[0] - other[0]) for one, other in both) < 1000

    def assert_unhurt(self, ratio: float = 6.0) -> None:
        """As `assert_same_frames`; and recording took no more than some times what the call itself did."""
        self.assert_same_frames()
        assert self.faulty.push_secs < ratio * self.alone.push_secs


def hold_both(make: Callable[[], FlowsObserver], *, meanwhile: Any = None, **options: Any) -> Both:
    """Hold a call twice on virtual time, where whatever holds up a frame shows in its time.

    `meanwhile()` makes a coroutine, which runs beside both from their beginning on.
    """
    if not _alone:
        # What the first call of a process loads is not the observer's to pay.
        _held(None, None, {})
    key = (meanwhile, options.get("initial"), id(options.get("steps")), *sorted(options))
    if key not in _alone:
        _alone[key], _ = _held(None, meanwhile, options)
        _kept.append(options.get("steps"))
    faulty, observer = _held(make, meanwhile, options)
    assert observer is not None
    return Both(observer, faulty=faulty, alone=_alone[key])


_alone: dict[tuple[Any, ...], Course] = {}
"""Calls beside an empty observer. On virtual time, every one is like the first."""

_kept: list[Any] = []
"""Their scripts, so that no other comes to have the id of one."""


def _held(make: Any, meanwhile: Any, options: Any) -> tuple[Course, FlowsObserver | None]:
    course = Course()

    async def main() -> FlowsObserver | None:
        beside = asyncio.ensure_future(meanwhile()) if meanwhile is not None else None
        observer = await take_course(course, make, **options)
        if beside is not None:
            await beside
        return observer

    # The collector goes through all that the suite keeps, which is not the call's to pay.
    gc.disable()
    try:
        # Of the processor, so that a busy machine does not matter.
        began = time.process_time()
        observer = run_virtual(main)
        course.secs = time.process_time() - began
    finally:
        gc.enable()
    return course, observer


def _nodes_of(frame: Frame) -> list[str]:
    if not isinstance(frame, LLMMessagesAppendFrame | LLMMessagesUpdateFrame):
        return []
    told = [str(message.get("content")) for message in frame.messages if isinstance(message, dict)]
    return [found[1] for content in told if (found := _TASK.fullmatch(content))]
