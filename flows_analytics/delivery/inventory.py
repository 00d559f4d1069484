"""Inventory: what lies in an outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from flows_analytics.delivery.claim import claim
from flows_analytics.delivery.entry import REF_SUFFIX, Entry, at
from flows_analytics.delivery.limits import Limits, Waiting
from flows_analytics.delivery.round import Round
from flows_analytics.delivery.torn import TORN_SUFFIX, rebuilt, set_aside
from flows_analytics.delivery.upload import UploadSink
from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.files.atomic import replace
from flows_analytics.files.directories import make_directory
from flows_analytics.files.layout import FAILED_DIRECTORY, OUTBOX_DIRECTORY, RECORD_SUFFIX


class Inventory:
    """Lists, mends and bounds the entries of a calls directory. All of it blocks.

    Args:
        directory: The calls directory.
        limits: When calls are given up.
        now: The wall clock, in seconds since 1970.
        say: Takes warnings.
    """

    def __init__(
        self, directory: Path, limits: Limits, *, now: Callable[[], float], say: Callable[[str], None]
    ) -> None:
        self._directory = directory
        self._waiting = directory / OUTBOX_DIRECTORY
        self._failed = directory / FAILED_DIRECTORY
        self._limits = limits
        self._now = now
        self._say = say

    def take(self, sinks: Mapping[str, UploadSink], result: Round) -> dict[Path, Entry]:
        """List what waits, after mending what is torn and giving up what exceeds the limits.

        Args:
            sinks: Where calls can go, by name.
            result: Takes note of what was set aside and dropped.

        Returns:
            The entries by file.

        Raises:
            OSError: If the directory cannot be read.
        """
        entries = self._entries(sinks, result)
        self._keep_limits(entries, result)
        return entries

    def waiting(self) -> list[Entry]:
        """List what waits.

        Returns:
            The entries, in order of name; files that are none are left out.
        """
        return _readable(self._waiting)

    def failures(self) -> list[Entry]:
        """List what was put aside.

        Returns:
            The entries, each with the reason.
        """
        return _readable(self._failed)

    def retry_failed(self) -> int:
        """Put what was put aside back among what waits.

        Returns:
            How many.

        Raises:
            OSError: If a file cannot be moved.
        """
        number = 0
        for path in sorted(self._failed.glob(f"*{REF_SUFFIX}")):
            target = self._waiting / path.name
            make_directory(self._waiting)
            held = claim(target, self._failed)
            if held is None:
                continue
            try:
                try:
                    entry = Entry.load(path)
                except (FileNotFoundError, FlowsAnalyticsError):
                    continue
                else:
                    again = {"attempts": 0, "next_at": at(self._now()), "not_before": None}
                    replace(target, entry.model_copy(update=again).to_bytes())
                    path.unlink(missing_ok=True)
                    number += 1
            finally:
                held.release()
        return number

    def _entries(self, sinks: Mapping[str, UploadSink], result: Round) -> dict[Path, Entry]:
        """All entries; what is none is set aside, and made anew if its call and its sink are known."""
        found: dict[Path, Entry] = {}
        for path in sorted(self._waiting.glob(f"*{REF_SUFFIX}")):
            try:
                found[path] = Entry.load(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._say(f"an entry of the outbox cannot be read ({error.strerror}): {path.name}")
            except FlowsAnalyticsError:
                held = claim(path, self._failed)
                if held is not None:
                    result.set_aside.append(set_aside(path, self._failed))
                    self._say(f"a file of the outbox is torn and lies in {self._failed} now: {path.name}")
                    held.release()
        self._adopt(found, sinks, result)
        return found

    def _adopt(self, found: dict[Path, Entry], sinks: Mapping[str, UploadSink], result: Round) -> None:
        """Make entries for calls that lost theirs: the process died between the two, or the entry was torn."""
        orphans = [path.with_suffix(REF_SUFFIX) for path in self._waiting.glob(f"*{RECORD_SUFFIX}")]
        torn = [self._waiting / path.name.removesuffix(TORN_SUFFIX) for path in result.set_aside]
        for path in dict.fromkeys([*orphans, *torn]):
            if path in found or path.exists() or (self._failed / path.name).exists():
                continue
            held = claim(path, self._failed)
            if held is None:
                continue
            try:
                made = None if path.exists() else rebuilt(path, self._directory, sinks.values(), self._now())
                if made is not None:
                    held.write(made)
                    found[path] = made
            finally:
                held.release()

    def _keep_limits(self, entries: dict[Path, Entry], result: Round) -> None:
        if self._limits == Limits():
            return
        now = self._now()
        waiting = [
            Waiting(path, entry.first_at.timestamp(), _size(self._directory / entry.record))
            for path, entry in entries.items()
        ]
        warning = self._limits.warning(waiting, now)
        if warning is not None:
            self._say(warning)
        for given_up in self._limits.exceeded_by(waiting, now):
            held = claim(given_up.path, self._failed)
            if held is None:
                continue
            entry = entries.pop(given_up.path)
            self._say(f"call {entry.call_id!r} is given up and will not be sent to {entry.sink}")
            held.finish(self._directory / entry.record if entry.kept else None)
            result.dropped.append(entry.call_id)


def _readable(directory: Path) -> list[Entry]:
    entries: list[Entry] = []
    for path in sorted(directory.glob(f"*{REF_SUFFIX}")):
        try:
            entries.append(Entry.load(path))
        except (FileNotFoundError, FlowsAnalyticsError):
            continue
    return entries


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
