"""Virtual time for one test, from its first fixture to its last."""

from __future__ import annotations

import asyncio
import asyncio.events
import os
import sys
import types
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from flows_analytics.testing.clock import VirtualLoop
from flows_analytics.testing.patching import PACKAGES, ambient, virtual_modules, virtual_time

# A test that waits for an event that never comes, beside a timer that always does, would never end.
_LONGEST_TEST_SECS = 7 * 24 * 3600.0


class ItemTime:
    """The clock of one test: every loop made for it is virtual, and each goes on where the last one stopped.

    pytest-asyncio, anyio and our own runner all make their loops through `asyncio.Runner`, so one place is enough.
    """

    def __init__(self) -> None:
        """Begin with a loop that nobody has taken."""
        self._loop = _virtual_loop()
        self._taken = False

    @contextmanager
    def running(self, root: Path) -> Generator[None]:
        """Let the clock hold until the block ends.

        Args:
            root: The directory of the tests and of what they test; its modules' own references to the time
                functions are replaced as well.

        Yields:
            Nothing.
        """
        with virtual_time(), virtual_modules(_modules_under(root)), ambient(self._loop), self._making_loops():
            yield
        if not self._taken:
            self._loop.close()

    @contextmanager
    def suspended(self) -> Generator[None]:
        """Let the real clock hold until the block ends, for what outlives the test.

        Yields:
            Nothing.
        """
        ours, asyncio.events.new_event_loop = asyncio.events.new_event_loop, _real_new_event_loop
        try:
            with ambient(None):
                yield
        finally:
            asyncio.events.new_event_loop = ours

    @contextmanager
    def _making_loops(self) -> Generator[None]:
        before, asyncio.events.new_event_loop = asyncio.events.new_event_loop, self._new_loop
        try:
            yield
        finally:
            asyncio.events.new_event_loop = before

    def _new_loop(self) -> VirtualLoop:
        if self._taken:
            loop = _virtual_loop()
            loop.continue_from(self._loop)
            self._loop = loop
        self._taken = True
        return self._loop


_real_new_event_loop = asyncio.events.new_event_loop


def _virtual_loop() -> VirtualLoop:
    return VirtualLoop(max_virtual=_LONGEST_TEST_SECS)


def _modules_under(root: Path) -> list[types.ModuleType]:
    """The modules of a project, without what is installed in an environment inside it."""
    # As texts: there are thousands of modules, and this is done for each test.
    inside = str(root / "_").removesuffix("_")
    installed = f"{os.sep}site-packages{os.sep}"
    return [
        module
        for name, module in sys.modules.copy().items()
        if isinstance(file := getattr(module, "__file__", None), str)
        and file.startswith(inside)
        and installed not in file
        and name.partition(".")[0] not in PACKAGES
    ]
