"""Deaths: the moments in which a process is killed by chance too rarely, so it is killed there on purpose."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flows_analytics.delivery import json_file
from flows_analytics.delivery.claim import Claim
from flows_analytics.observer import call_journal
from flows_analytics.recording import journal, recovery

PLACES = (
    "within a line of the journal",
    "record written",
    "entry written",
    "call sent",
    "entry removed",
    "before the journal is removed",
    "leftover's record written",
    "leftover's entry written",
)


@dataclass(frozen=True)
class Death:
    """Where a process dies.

    Attributes:
        place: One of `PLACES`.
        passage: The how manieth time it comes there.
    """

    place: str
    passage: int


def die(death: Death) -> None:
    """Have this process killed there."""
    left = death.passage

    def passed() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    def after(owner: Any, name: str) -> None:
        done = getattr(owner, name)

        def then_die(*args: Any, **options: Any) -> Any:
            result = done(*args, **options)
            if passed():
                _kill()
            return result

        setattr(owner, name, then_die)

    def before(owner: Any, name: str) -> None:
        done = getattr(owner, name)

        def die_first(*args: Any, **options: Any) -> Any:
            if passed():
                _kill()
            return done(*args, **options)

        setattr(owner, name, die_first)

    arrangements: dict[str, Callable[[], None]] = {
        PLACES[0]: lambda: _within_a_line(passed),
        PLACES[1]: lambda: after(json_file, "write_new"),
        PLACES[2]: lambda: after(Claim, "write"),
        PLACES[3]: lambda: before(Claim, "finish"),
        PLACES[4]: lambda: after(Claim, "finish"),
        PLACES[5]: lambda: before(journal.Journal, "end"),
        PLACES[6]: lambda: after(recovery, "write_new"),
        PLACES[7]: lambda: after(call_journal, "keep_leftover"),
    }
    arrangements[death.place]()


def _within_a_line(passed: Callable[[], bool]) -> None:
    class Dying:
        """The operating system as a journal knows it."""

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def write(self, descriptor: int, content: bytes) -> int:
            if passed():
                os.write(descriptor, bytes(content[: -len(content) // 3]))
                _kill()
            return os.write(descriptor, content)

    journal.os = Dying()  # type: ignore[assignment]


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
