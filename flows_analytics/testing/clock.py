"""An event loop on virtual time: waiting costs nothing, and every run is the same.

`VirtualLoop` is an ordinary selector loop with one difference: when nothing is ready to run, it moves its
clock to the next timer instead of sleeping. A three-minute call takes a fraction of a second, and because
nothing races against the real clock, two runs take the same steps in the same order.
"""

import asyncio
import contextvars
import math
import random
import selectors
import types
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar, TypeVarTuple

# The default wall clock at the start of a run: 2025-10-09 09:00:00 UTC.
EPOCH = 1_760_000_400.0

# Virtual monotonic time starts here, not at 0, because Pipecat's SystemClock takes a start of 0 for
# "not started" and then reports 0 for ever.
MONOTONIC_START_NS = 1_000 * 10**9

_ASYNCIO = str(Path(asyncio.__file__).parent)

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class Deadlock(RuntimeError):
    """Every task waits, and no timer or socket will ever wake one of them."""


class VirtualTimeLimit(RuntimeError):
    """The run wanted to go past its limit of virtual time."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector event loop whose time jumps to the next timer as soon as nothing else can run.

    Sockets inside the loop work: bytes on loopback are there at once, and the selector is asked for them
    before every jump. What does not work is waiting for another thread or process, because virtual time
    passes while it works. `run_in_executor` therefore calls the function in place.
    """

    def __init__(self, *, epoch: float = EPOCH, seed: int = 0, max_virtual: float | None = None) -> None:
        """Create a loop whose clock stands still until it runs.

        Args:
            epoch: Wall clock at the start of the loop, in seconds since 1970.
            seed: Seed of `uuids`.
            max_virtual: How many virtual seconds may pass before `VirtualTimeLimit` is raised. None means
                no limit.
        """
        self._now_ns = MONOTONIC_START_NS
        self._epoch_ns = round(epoch * 1e9)
        self.uuids = random.Random(seed)
        """The source of the UUIDs drawn inside this loop."""
        self.max_virtual = max_virtual
        super().__init__(_JumpingSelector(self))

    @property
    def elapsed(self) -> float:
        """Virtual seconds since the loop was created."""
        return (self._now_ns - MONOTONIC_START_NS) / 1e9

    def time(self) -> float:
        """Return the virtual monotonic clock in seconds."""
        return self._now_ns / 1e9

    def monotonic_ns(self) -> int:
        """Return the virtual monotonic clock in nanoseconds."""
        return self._now_ns

    def wall_ns(self) -> int:
        """Return the virtual wall clock in nanoseconds since 1970."""
        return self._epoch_ns + self._now_ns - MONOTONIC_START_NS

    def advance(self, secs: float) -> None:
        """Move the clock forward, as waiting would.

        Args:
            secs: How far; rounded up to a whole nanosecond, and to one at least, because a timer that a
                float rounds to "not quite due" would otherwise keep the loop spinning in place.

        Raises:
            VirtualTimeLimit: The clock would pass `max_virtual`.
        """
        now_ns = self._now_ns + max(1, math.ceil(secs * 1e9))
        limit = self.max_virtual
        if limit is not None and now_ns - MONOTONIC_START_NS > limit * 1e9:
            raise VirtualTimeLimit(
                f"the run did not end within {limit:g} virtual seconds; {self.describe_waiting()}"
            )
        self._now_ns = now_ns

    def continue_from(self, other: "VirtualLoop") -> None:
        """Set the clock to that of a loop that ran before.

        Args:
            other: The other loop, with the same start.
        """
        self._now_ns = max(self._now_ns, other.monotonic_ns())

    def describe_waiting(self) -> str:
        """Say which tasks are not done and where each of them waits."""
        lines = sorted(_where(task) for task in asyncio.all_tasks(self))
        return "\n  ".join(["waiting:", *lines]) if lines else "no task is waiting"

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[*_Ts], _T],
        *args: *_Ts,
    ) -> asyncio.Future[_T]:
        """Call `func` in place and return its outcome as a finished future.

        Args:
            executor: Ignored. A thread would race against jumps of the clock.
            func: The function to call, in a copy of the current context.
            *args: Its positional arguments.

        Returns:
            A future that already holds the result or the exception.
        """
        future: asyncio.Future[_T] = self.create_future()
        try:
            future.set_result(contextvars.copy_context().run(func, *args))
        except Exception as error:
            future.set_exception(error)
        return future


class _JumpingSelector(selectors.DefaultSelector):
    """The selector of a `VirtualLoop`: it never blocks, it advances the clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            # Raised here, out of the loop's own code: raised inside a callback it would only be logged.
            raise Deadlock(f"nothing is scheduled any more; {self._loop.describe_waiting()}")
        self._loop.advance(timeout)
        return events


def _where(task: asyncio.Task[object]) -> str:
    """Name a task and the line it waits at: the innermost one that is not asyncio's own."""
    place = "not started"
    waiting: object = task.get_coro()
    while isinstance(waiting, types.CoroutineType):
        if waiting.cr_frame is not None and not waiting.cr_code.co_filename.startswith(_ASYNCIO):
            place = f"{waiting.cr_code.co_filename}:{waiting.cr_frame.f_lineno}"
        waiting = waiting.cr_await
    return f"{task.get_name()} at {place}"
