"""Virtual time and seeded chance for code that asks the `time`, `uuid` and `random` modules.

Pipecat stamps frames, metrics and transcripts with `time.time()` and friends. Inside `virtual_time` these
functions are replaced by dispatchers: they read the clock of the running `VirtualLoop`, and the real clock
in every thread that runs no such loop. Because they decide on every call, it does no harm when a module
that is imported meanwhile keeps one of them for ever.
"""

import asyncio
import collections
import datetime
import itertools
import random
import sys
import threading
import time
import types
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Self, TypeVar

import pipecat.utils.time
import pipecat.utils.utils

from flows_analytics.testing.captures import CaptureFinder
from flows_analytics.testing.clock import VirtualLoop

PACKAGES = ("pipecat", "pipecat_flows", "flows_analytics")
"""The packages whose captured references to the time functions are rebound by default."""

_T = TypeVar("_T")

# Chance and time belong to the whole process, so two runs in two threads take turns.
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def virtual_time(*, seed: int = 0, packages: Sequence[str] = PACKAGES) -> Generator[None]:
    """Make time virtual and chance repeatable inside every `VirtualLoop`, until the block ends.

    Replaced are the clocks of the `time` module and `uuid.uuid4`; the `random` module is seeded and
    Pipecat's counters of object ids and names start again. References that modules of `packages` captured
    before (dataclass default factories, keyword defaults, `from time import time`) are rebound as well.
    Everything is put back at the end, also after an exception.

    Not reached: callables compiled away into C or Rust, such as a pydantic `default_factory=time.time`.

    Args:
        seed: Seed of the `random` module. The UUIDs are seeded by the loop that draws them.
        packages: Names of the packages to search for captured references. Modules imported later see the
            replaced functions anyway.

    Yields:
        Nothing; the swap holds inside the block.
    """
    with _ONE_AT_A_TIME, ExitStack() as undo:
        for module, names in _SWAPPED.items():
            for name, replacement in names.items():
                _put(undo, module, name, replacement)
        for module in _modules_of(packages):
            _rebind(undo, module)
        # time_now_iso8601, which stamps all transcripts and turns, asks the datetime class, not the time
        # module. The class itself is immutable, so the one module gets a stand-in for it.
        _put(undo, pipecat.utils.time, "datetime", _DATETIME_MODULE)
        # Private, but ids and "#n" names come from nowhere else, and they are part of what a run repeats.
        _put(undo, pipecat.utils.utils, "_ID", itertools.count())
        _put(undo, pipecat.utils.utils, "_COUNTS", collections.defaultdict(itertools.count))
        undo.callback(random.setstate, random.getstate())
        random.seed(seed)
        yield


class _Ambient(threading.local):
    """The loop whose clock holds in this thread while no loop runs."""

    loop: VirtualLoop | None = None


_AMBIENT = _Ambient()


@contextmanager
def ambient(loop: VirtualLoop | None) -> Generator[None]:
    """Let the clock of a loop hold in this thread also while no loop runs, until the block ends.

    Args:
        loop: The loop; None lets the real clock hold.

    Yields:
        Nothing; inside `virtual_time`, code that is not async sees the clock of the loop.
    """
    before, _AMBIENT.loop = _AMBIENT.loop, loop
    try:
        yield
    finally:
        _AMBIENT.loop = before


def _virtual_loop() -> VirtualLoop | None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _AMBIENT.loop
    return loop if isinstance(loop, VirtualLoop) else None


_real_sleep = time.sleep


def _sleep(secs: float) -> None:
    """Block: for no time at all, unless no loop runs; then somebody may wait for the real world."""
    loop = _virtual_loop()
    if loop is not None:
        loop.advance(secs)
    if loop is None or (loop is _AMBIENT.loop and not loop.is_running()):
        _real_sleep(secs)


def _dispatcher(real: Callable[[], _T], virtual: Callable[[VirtualLoop], _T]) -> Callable[[], _T]:
    def read() -> _T:
        loop = _virtual_loop()
        return real() if loop is None else virtual(loop)

    read.__name__ = read.__qualname__ = real.__name__
    read.__doc__ = real.__doc__
    return read


def _seeded_uuid4(loop: VirtualLoop) -> uuid.UUID:
    return uuid.UUID(int=loop.uuids.getrandbits(128), version=4)


# Made once, at import: a second run meets the same dispatchers in modules that captured them in the first.
_DISPATCHERS: dict[Callable[..., Any], Callable[..., Any]] = {
    time.time: _dispatcher(time.time, lambda loop: loop.wall_ns() / 1e9),
    time.time_ns: _dispatcher(time.time_ns, VirtualLoop.wall_ns),
    time.monotonic: _dispatcher(time.monotonic, VirtualLoop.time),
    time.monotonic_ns: _dispatcher(time.monotonic_ns, VirtualLoop.monotonic_ns),
    time.perf_counter: _dispatcher(time.perf_counter, VirtualLoop.time),
    time.perf_counter_ns: _dispatcher(time.perf_counter_ns, VirtualLoop.monotonic_ns),
    time.sleep: _sleep,
    uuid.uuid4: _dispatcher(uuid.uuid4, _seeded_uuid4),
}
_FINDER = CaptureFinder(_DISPATCHERS)
_SWAPPED: dict[types.ModuleType, dict[str, Callable[..., Any]]] = {
    time: {real.__name__: new for real, new in _DISPATCHERS.items() if real is not uuid.uuid4},
    uuid: {"uuid4": _DISPATCHERS[uuid.uuid4]},
}


class _AnyDatetime(type):
    """Moments made by the real class are instances, too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime.datetime)


class _AnyDate(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime.date)


class _Datetime(datetime.datetime, metaclass=_AnyDatetime):
    """`datetime.datetime` that asks `time.time`, and so the virtual clock."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Self:
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def today(cls) -> Self:
        return cls.fromtimestamp(time.time())

    @classmethod
    def utcnow(cls) -> Self:
        return cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)


class _Date(datetime.date, metaclass=_AnyDate):
    """`datetime.date` that asks `time.time`, and so the virtual clock."""

    @classmethod
    def today(cls) -> Self:
        return cls.fromtimestamp(time.time())


_DATETIME_MODULE = types.SimpleNamespace(**{**vars(datetime), "datetime": _Datetime, "date": _Date})
_DATES: tuple[tuple[Any, Any], ...] = (
    (datetime, _DATETIME_MODULE),
    (datetime.datetime, _Datetime),
    (datetime.date, _Date),
)


@contextmanager
def virtual_modules(modules: Sequence[types.ModuleType]) -> Generator[None]:
    """Rebind what modules outside `PACKAGES` captured of time, dates included, until the block ends.

    Args:
        modules: The modules, such as those of a bot and its tests.

    Yields:
        Nothing; needs `virtual_time` around it.
    """
    with ExitStack() as undo:
        for module in modules:
            _rebind(undo, module)
            for name, value in list(vars(module).items()):
                for real, replacement in _DATES:
                    if value is real:
                        _put(undo, module, name, replacement)
        yield


def _put(undo: ExitStack, owner: Any, name: str, value: Any) -> None:
    undo.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)


def _modules_of(packages: Sequence[str]) -> list[types.ModuleType]:
    prefixes = tuple(f"{package}." for package in packages)
    return [
        module
        for name, module in sys.modules.copy().items()
        if name.startswith(prefixes) or name in packages
        if name != __name__
    ]


def _rebind(undo: ExitStack, module: types.ModuleType) -> None:
    """Rebind what a module captured."""
    captures = _FINDER.find(module)
    for owner, name in (
        *((module, name) for name in captures.names),
        *((cell, "cell_contents") for cell in captures.cells),
    ):
        _put(undo, owner, name, _replaced(getattr(owner, name)))
    for function in captures.functions:
        defaults = function.__kwdefaults__ or {}
        _put(undo, function, "__kwdefaults__", {name: _replaced(value) for name, value in defaults.items()})


def _replaced(value: Any) -> Any:
    """The dispatcher that stands in for a function, and anything else as it is."""
    return _DISPATCHERS[value] if _FINDER.is_wanted(value) else value
