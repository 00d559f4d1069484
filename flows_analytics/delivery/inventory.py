"""Inventory: what lies in an outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows_analytics.delivery.claim import claim
from flows_analytics.delivery.entry import REF_SUFFIX, Entry, at
from flows_analytics.delivery.limits import Limits, Waiting
from flows_analytics.delivery.round import Round
from flows_analytics.delivery.torn import entry_name, rebuilt, set_aside
from flows_analytics.delivery.upload import UploadSink
from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.files.atomic import remove_stale, replace
from flows_analytics.files.directories import make_directory
from flows_analytics.files.layout import FAILED_DIRECTORY, OUTBOX_DIRECTORY, RECORD_SUFFIX


@dataclass
class Noticed:
    """What was found before, so that it is not said again.

    Attributes:
        unreadable: Files that could not be read.
        warned: When it was warned of entries that could not be written, in seconds since 1970.
    """

    unreadable: set[Path] = field(default_factory=set[Path])
    warned: dict[Path, float] = field(default_factory=dict[Path, float])


class Inventory:
    """Lists, mends and bounds the entries of a calls directory. All of it blocks.

    Args:
        directory: The calls directory.
        limits: When calls are given up.
        now: The wall clock, in seconds since 1970.
        say: Takes warnings.
        noticed: What was found before.
    """

    def __init__(
        self,
        directory: Path,
        limits: Limits,
        *,
        now: Callable[[], float],
        say: Callable[[str], None],
        noticed: Noticed | None = None,
    ) -> None:
        self._directory = directory
        self._waiting = directory / OUTBOX_DIRECTORY
        self._failed = directory / FAILED_DIRECTORY
        self._limits = limits
        self._now = now
        self._say = say
        self._noticed = noticed or Noticed()

    def take(self, sinks: Mapping[str, UploadSink], result: Round) -> dict[Path, Entry]:
        """List what waits, after mending what is torn and giving up what exceeds the limits.

        Temporary files of processes that died while they wrote are removed.

        Args:
            sinks: Where calls can go, by name.
            result: Takes note of what was set aside and dropped.

        Returns:
            The entries by file.

        Raises:
            OSError: If the directory cannot be read.
        """
        for directory in (self._waiting, self._failed):
            remove_stale(directory, self._now())
        entries = self._entries(sinks, result)
        self._keep_limits(entries, result)
        return entries

    def waiting(self) -> list[Entry]:
        """List what waits.

        Returns:
            The entries, in order of name; files that are none, or cannot be read, are left out.
        """
        return self._readable(self._waiting)

    def failures(self) -> list[Entry]:
        """List what was put aside.

        Returns:
            The entries, each with the reason; files that are none, or cannot be read, are left out.
        """
        return self._readable(self._failed)

    def unreadable(self) -> list[Path]:
        """List the files of the outbox that may be entries, but cannot be read.

        Returns:
            The files, in order of name.
        """
        refs = sorted(self._waiting.glob(f"*{REF_SUFFIX}"))
        return [path for path in refs if self._load(path) is None and path.exists()]

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
                entry = self._load(path)
                if entry is None:
                    continue
                again = {"attempts": 0, "next_at": at(self._now()), "not_before": None, "warned_at": None}
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
                entry = self._read(path)
            except FlowsAnalyticsError:
                held = claim(path, self._failed)
                if held is None:
                    continue
                try:
                    result.set_aside.append(set_aside(path, self._failed))
                    self._say(f"a file of the outbox is torn and lies in {self._failed} now: {path.name}")
                finally:
                    held.release()
            else:
                if entry is not None:
                    found[path] = entry
        self._adopt(found, sinks, result)
        return found

    def _adopt(self, found: dict[Path, Entry], sinks: Mapping[str, UploadSink], result: Round) -> None:
        """Make entries for calls that lost theirs: the process died between the two, or the entry was torn."""
        orphans = [path.with_suffix(REF_SUFFIX) for path in self._waiting.glob(f"*{RECORD_SUFFIX}")]
        torn = [self._waiting / entry_name(path) for path in result.set_aside]
        if not orphans and not torn:
            return
        # A record may have another entry than its name says.
        keys = {entry.key for entry in [*found.values(), *self.failures()]}
        for path in dict.fromkeys([*orphans, *torn]):
            if path in found or path.exists() or (self._failed / path.name).exists():
                continue
            held = claim(path, self._failed)
            if held is None:
                continue
            try:
                made = None if path.exists() else rebuilt(path, self._directory, sinks.values(), self._now())
                if made is not None and made.key not in keys:
                    held.write(made)
                    found[path] = made
                    keys.add(made.key)
            finally:
                held.release()

    def _keep_limits(self, entries: dict[Path, Entry], result: Round) -> None:
        if self._limits == Limits():
            return
        now = self._now()
        waiting = [self._as_waiting(path, entry, now) for path, entry in entries.items()]
        unwarned = [entry for entry in self._limits.near(waiting, now) if entry.warned_at is None]
        warning = self._limits.warning(waiting, now)
        if unwarned and warning is not None:
            self._say(warning)
        for given_up in self._limits.given_up(waiting, now):
            held = claim(given_up.path, self._failed)
            if held is None:
                continue
            entry = entries.pop(given_up.path)
            self._say(f"call {entry.call_id!r} is given up and will not be sent to {entry.sink}")
            held.finish(self._directory / entry.record if entry.kept else None)
            self._noticed.warned.pop(given_up.path, None)
            result.dropped.append(entry.call_id)
        for entry in unwarned:
            self._note_warning(entry.path, now)

    def _as_waiting(self, path: Path, entry: Entry, now: float) -> Waiting:
        warned = entry.warned_at.timestamp() if entry.warned_at is not None else self._noticed.warned.get(path)
        if warned is not None and warned > now:
            # The clock was ahead when it was written.
            warned = None
        return Waiting(path, entry.first_at.timestamp(), _size(self._directory / entry.record), warned)

    def _note_warning(self, path: Path, now: float) -> None:
        """Keep in the entry that it was warned of; what is being sent, or gone, may be warned of again."""
        held = claim(path, self._failed)
        if held is None:
            return
        try:
            entry = self._load(path)
            if entry is not None:
                held.write(entry.model_copy(update={"warned_at": at(now)}))
        except OSError:
            # On a full disk, which giving up calls may free, this process has to remember.
            self._noticed.warned[path] = now
        finally:
            held.release()

    def _readable(self, directory: Path) -> list[Entry]:
        entries = (self._load(path) for path in sorted(directory.glob(f"*{REF_SUFFIX}")))
        return [entry for entry in entries if entry is not None]

    def _load(self, path: Path) -> Entry | None:
        """An entry; None if it is none."""
        try:
            return self._read(path)
        except FlowsAnalyticsError:
            return None

    def _read(self, path: Path) -> Entry | None:
        """An entry; None if it is gone, or cannot be read, which is said once."""
        try:
            entry = Entry.load(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            if path not in self._noticed.unreadable:
                self._noticed.unreadable.add(path)
                self._say(f"an entry of the outbox cannot be read ({error.strerror}): {path.name}")
            return None
        self._noticed.unreadable.discard(path)
        return entry


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
