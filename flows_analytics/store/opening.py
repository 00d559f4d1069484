"""Opening the tables of a calls directory, to read them or to write them anew."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from flows_analytics.errors import StoreError
from flows_analytics.files.layout import TABLES_DIRECTORY
from flows_analytics.files.locks import take_lock, try_lock
from flows_analytics.store.duck import Database
from flows_analytics.store.manifest import Manifest
from flows_analytics.store.snapshot import Snapshot
from flows_analytics.store.writing import remove_unlisted

_LOCK = ".lock"
_WORK = ".work-"


@dataclass(frozen=True)
class Opened:
    """Tables that are open.

    Attributes:
        work: An empty directory that goes when they are closed; for a writer, on the same disk as the tables.
        database: Where the views are.
        snapshot: The tables as they are now.
    """

    work: Path
    database: Database
    snapshot: Snapshot

    def folder(self, name: str) -> Path:
        """Make a directory in `work`.

        Args:
            name: Its name.

        Returns:
            The directory.
        """
        folder = self.work / name
        folder.mkdir()
        return folder


@contextmanager
def open_to_read(directory: Path, manifest: Manifest) -> Generator[Opened]:
    """Open tables, leaving the calls directory as it is.

    Args:
        directory: The calls directory.
        manifest: Its manifest.

    Yields:
        The tables.
    """
    with ExitStack() as held:
        work = Path(held.enter_context(TemporaryDirectory(prefix="flows-analytics-")))
        yield held.enter_context(_opened(directory, manifest, work))


@contextmanager
def open_to_write(directory: Path) -> Generator[Opened]:
    """Open tables for the only writer; others wait. What dead writers left is cleared away.

    Args:
        directory: The calls directory.

    Yields:
        The tables.

    Raises:
        StoreError: ``store_not_there``, or the manifest cannot be read.
        OSError: A file cannot be written.
    """
    require_directory(directory)
    root = directory / TABLES_DIRECTORY
    root.mkdir(mode=0o700, exist_ok=True)
    lock = take_lock(root / _LOCK)
    try:
        manifest = Manifest.load(directory)
        _clear(directory, manifest)
        with ExitStack() as held:
            work = Path(held.enter_context(TemporaryDirectory(prefix=_WORK, dir=root, ignore_cleanup_errors=True)))
            yield held.enter_context(_opened(directory, manifest, work))
    finally:
        lock.release()


def clear_leftovers(directory: Path) -> None:
    """Clear away what dead writers left, unless somebody is writing: he does so himself.

    Args:
        directory: A calls directory with tables.
    """
    lock = try_lock(directory / TABLES_DIRECTORY / _LOCK)
    if lock is not None:
        try:
            _clear(directory, Manifest.load(directory))
        finally:
            lock.release()


def require_directory(directory: Path) -> None:
    """Say so if a calls directory is not there.

    Args:
        directory: The calls directory.

    Raises:
        StoreError: ``store_not_there``.
    """
    if not directory.is_dir():
        raise StoreError("store_not_there", f"{directory} is not there: name a calls directory")


def _clear(directory: Path, manifest: Manifest) -> None:
    for left in (directory / TABLES_DIRECTORY).glob(f"{_WORK}*"):
        # Of one who died here: nobody alive but us is writing.
        shutil.rmtree(left, ignore_errors=True)
    remove_unlisted(directory, manifest)


@contextmanager
def _opened(directory: Path, manifest: Manifest, work: Path) -> Generator[Opened]:
    spill = work / "spill"
    spill.mkdir()
    database = Database(spill)
    try:
        yield Opened(work, database, Snapshot(database, directory, manifest))
    finally:
        database.close()
