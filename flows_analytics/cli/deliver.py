"""``flows-analytics deliver``: send what waits in the outbox of a calls directory."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flows_analytics.cli.console import ERRORS, RESULTS
from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.report.visible import one_line

if TYPE_CHECKING:
    from flows_analytics.delivery.outbox import Outbox
    from flows_analytics.delivery.outcome import Outcome
    from flows_analytics.delivery.round import Round
    from flows_analytics.delivery.upload import UploadSink


def deliver(
    directory: Annotated[Path, typer.Argument(help="The calls directory.", metavar="DIR", file_okay=False)],
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C, sending what comes.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Put the calls that were refused back first.")
    ] = False,
    sinks: Annotated[
        str | None,
        typer.Option(
            "--sinks",
            metavar="MODULE:NAME",
            help="Where the sinks are in your code, such as bot:sinks or bot.py:make_sinks. Default: as the "
            "outbox says, with FLOWS_ANALYTICS_HTTP_TOKEN as the token.",
        ),
    ] = None,
    at_once: Annotated[
        int, typer.Option("--at-once", min=1, max=64, help="How many calls to send at a time.")
    ] = 4,
) -> None:
    """Send the calls that wait in DIR/outbox, and say what came of it.

    What is sent leaves the outbox; what cannot be sent stays there; what a receiver refuses for good is put aside
    in DIR/failed. Safe beside running bots. The exit code is 1 if anything is left in either.
    """
    from flows_analytics.cli.sinks_option import load_sinks
    from flows_analytics.delivery.outbox import Outbox

    if not directory.is_dir() and not watch:
        raise FlowsAnalyticsError("no_calls_directory", f"{directory} is not there: name a calls directory")
    outbox = Outbox(directory, say=_say)
    delivering = _Delivering(outbox, [] if sinks is None else load_sinks(sinks))
    if retry_failed:
        RESULTS.print(f"{_calls(outbox.retry_failed())} put back into the outbox.")
    if watch:
        asyncio.run(_watch(delivering, at_once))
    else:
        asyncio.run(delivering.send(at_once))
    if delivering.print_summary(watched=watch):
        raise typer.Exit(1)


class _Delivering:
    """One run of the command.

    Args:
        outbox: What it sends.
        sinks: Sinks from the user's code.
    """

    def __init__(self, outbox: Outbox, sinks: list[UploadSink]) -> None:
        self.outbox = outbox
        self._given = sinks
        self._made: dict[str, UploadSink] = {}
        self._missing: dict[str, str] = {}
        self._states: Counter[str] = Counter()
        self._told: set[str] = set()
        self._set_aside = 0

    def sinks(self) -> list[UploadSink]:
        """The sinks that calls wait for now."""
        from flows_analytics.delivery.targets import sinks_of

        known = [sink.name for sink in self._given]
        made, self._missing = sinks_of(self.outbox.entries(), os.environ, known)
        for sink in made:
            self._made.setdefault(sink.name, sink)
        return [*self._given, *(sink for name, sink in self._made.items() if name not in known)]

    async def send(self, at_once: int) -> None:
        """Send all that waits, once."""
        waiting = len(self.outbox.entries())
        columns = (TextColumn("Sending calls"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=ERRORS, transient=True, disable=not waiting) as progress:
            task = progress.add_task("", total=waiting)

            def each(outcome: Outcome) -> None:
                progress.advance(task)
                self.note(outcome)

            self.note_round(await self.outbox.send_waiting(self.sinks(), early=True, at_once=at_once, each=each))

    def note(self, outcome: Outcome) -> None:
        """Take note of an attempt. A receiver that refuses all calls for one reason is told of once."""
        self._states[outcome.state] += 1
        if outcome.why and outcome.why not in self._told:
            self._told.add(outcome.why)
            _say(f"{'refused' if outcome.state == 'failed' else 'not sent'}: {outcome.call_id}: {outcome.why}")

    def note_round(self, result: Round) -> None:
        """Take note of a round."""
        self._set_aside += len(result.set_aside)

    def print_summary(self, *, watched: bool) -> bool:
        """Say what came of it, and whether anything is left."""
        from flows_analytics.recording.recovery import find_journals

        waiting = self.outbox.entries()
        failures = self.outbox.failures()
        failed = self.outbox.failed
        for name, why in self._missing.items():
            number = sum(entry.sink == name for entry in waiting)
            if number:
                _say(f"{_calls(number)} for {name}: {why}")
        unreadable = self.outbox.unreadable()
        if unreadable:
            _say(f"Left as they are, because they cannot be read: {', '.join(path.name for path in unreadable)}")
        if journals := find_journals(self.outbox.directory):
            _say(f"{_calls(len(journals))} under way or of killed processes: see flows-analytics recover.")
        if not (waiting or failures or self._states or self._set_aside or unreadable or watched):
            RESULTS.print("Nothing to send.")
            return False
        told = [f"sent {self._states['sent']}", f"left {len(waiting)}", f"put aside {len(failures)}"]
        RESULTS.print(", ".join(told))
        if failures:
            _say(f"Why is in {failed}; --retry-failed sends them once more.")
        return bool(waiting or failures or self._set_aside or unreadable)


async def _watch(delivering: _Delivering, at_once: int) -> None:
    _say(f"Watching {delivering.outbox.waiting}. Ctrl-C stops.")

    async def send_for_ever() -> None:
        await delivering.send(at_once)
        await delivering.outbox.watch(
            delivering.sinks, at_once=at_once, each=delivering.note, passed=delivering.note_round
        )

    sending = asyncio.ensure_future(send_for_ever())
    with _stopped_by_signals(sending.cancel):
        await asyncio.wait({sending})
    if not sending.cancelled():
        sending.result()


@contextmanager
def _stopped_by_signals(stop: Callable[[], object]) -> Generator[None]:
    """Let Ctrl-C and SIGTERM call a function, instead of ending the program in the middle of a call."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    # Windows has no such handlers: there Ctrl-C ends the program, and the outbox is as after a kill.
    with suppress(NotImplementedError):
        for number in numbers:
            loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for number in numbers:
                loop.remove_signal_handler(number)


def _say(message: str) -> None:
    # On one line: a call id with a line break in it is not to look like a notice of ours.
    ERRORS.print(one_line(message), soft_wrap=True)


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number} calls"
