"""How a page reaches the recording beside a record."""

from __future__ import annotations

import os
from pathlib import Path

from flows_analytics.calls.record import CallRecord


def record_dir_seen_from(page_dir: Path, folder: Path, record: CallRecord) -> str | None:
    """Find the folder of a record's recording as seen from a page.

    Args:
        page_dir: The folder of the page.
        folder: The folder in which the recording should be.
        record: The call.

    Returns:
        A relative path with forward slashes, for `render_call_report`; None if there is no such file.
    """
    file = record.recording.file if record.recording else None
    try:
        if not file or not (folder / file).is_file():
            return None
        way = os.path.relpath(folder.absolute(), page_dir.absolute())
    except (OSError, ValueError):
        # No file has this name, or it is on another drive.
        return None
    return "" if way == "." else Path(way).as_posix()
