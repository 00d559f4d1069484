"""JSONFileSink: one JSON file per call."""

from __future__ import annotations

import threading
from pathlib import Path

from flows_analytics.calls.record import CallRecord
from flows_analytics.files.atomic import replace, write_new
from flows_analytics.files.layout import RECORD_SUFFIX
from flows_analytics.files.names import safe_name
from flows_analytics.files.threads import in_own_thread

# All threads compete with the bots of the process for the interpreter: calls that end together are put into
# words one at a time. Pages have a turn of their own, so that no file waits for a drawing.
_turn = threading.Lock()


class JSONFileSink:
    """Writes each finished call to ``<safe id>.json`` in a directory.

    The file is flushed to the disk and appears whole or not at all. A second call with an id already there
    becomes ``<safe id>~2.json``. The directory is created when the first call is delivered.

    Args:
        directory: The calls directory.
    """

    keeps = True
    """Served before sinks that only show or send the call (see `deliver`)."""

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)

    async def deliver(self, record: CallRecord) -> Path:
        """Write a call.

        Args:
            record: The call.

        Returns:
            The file.

        Raises:
            OSError: If the file cannot be written; nothing is left behind.
        """
        return await in_own_thread(lambda: self._write(record))

    async def amend(self, file: Path, record: CallRecord) -> None:
        """Write a call once more, because more is known of what was lost. A file that is gone stays so.

        Args:
            file: What `deliver` returned.
            record: The call.

        Raises:
            OSError: If the file cannot be written; it stays as it was.
        """
        await in_own_thread(lambda: self._rewrite(file, record))

    async def close(self) -> None:
        """Nothing stays open."""

    def _write(self, record: CallRecord) -> Path:
        return write_new(self.directory, safe_name(record.call_id), RECORD_SUFFIX, _as_bytes(record))

    def _rewrite(self, file: Path, record: CallRecord) -> None:
        content = _as_bytes(record)
        if file.exists():
            replace(file, content)


def _as_bytes(record: CallRecord) -> bytes:
    with _turn:
        return record.to_json().encode("utf-8")
