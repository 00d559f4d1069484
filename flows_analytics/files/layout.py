"""Finding calls in a calls directory."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from flows_analytics.errors import CallNotFoundError
from flows_analytics.files.names import safe_name

RECORD_SUFFIX = ".json"
"""One call, one ``<safe id>.json``; a calls directory holds no other ``*.json`` at its top."""

REPORT_SUFFIX = ".html"
"""One call's page."""

RECORDING_SUFFIX = ".wav"
"""One call's sound."""


JOURNAL_DIRECTORY = "journal"
"""Where the journals of calls that are still running lie, and those that a dead process left behind."""

OUTBOX_DIRECTORY = "outbox"
"""Where calls wait to be sent."""

FAILED_DIRECTORY = "failed"
"""Where calls lie that a receiver refused for good."""

TABLES_DIRECTORY = "tables"
"""Where the tables made of the calls lie."""

JOURNAL_SUFFIX = ".jsonl"
"""One call's journal."""

JOURNAL_LOCK_SUFFIX = ".lock"
"""Held by the process that writes the journal of the same name."""

UNREADABLE_SUFFIX = ".unreadable"
"""A journal that no call could be read from; kept, and never looked at again."""


class Beside(Enum):
    """A place that is not named but found."""

    FILES = "beside the files of the first sink that writes records"


def find_call(call: str, directory: Path) -> Path:
    """Find a call's record by file name or id.

    Args:
        call: A file, a directory and an id (``calls/abc``), or an id in ``directory``.
        directory: Where to look for an id.

    Returns:
        The file.

    Raises:
        CallNotFoundError: If there is none; the message names every directory looked at.
    """
    given = Path(call)
    candidates = [
        given,
        given.parent / f"{given.name}{RECORD_SUFFIX}",
        directory / f"{safe_name(call)}{RECORD_SUFFIX}",
        directory / given.name,
        directory / f"{given.name}{RECORD_SUFFIX}",
    ]
    for candidate in candidates:
        if _is_file(candidate):
            return candidate
    near = ", ".join(sorted({str(path.parent) for path in candidates}))
    raise CallNotFoundError(
        "call_not_found", f"no call {call!r} in {near}. Name a file, or an id with --dir DIRECTORY."
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        # No file has this name: it is too long, or holds a NUL.
        return False


def list_namesakes(directory: Path, name: str) -> list[Path]:
    """List the records that calls of one id have: ``name.json``, ``name~2.json`` and so on.

    Args:
        directory: The calls directory.
        name: The call's name, made by `safe_name`.

    Returns:
        The files.
    """
    first = directory / f"{name}{RECORD_SUFFIX}"
    # A safe name has none of the characters that mean something in a pattern.
    return [*([first] if _is_file(first) else []), *sorted(directory.glob(f"{name}~*{RECORD_SUFFIX}"))]


def list_calls(directory: Path) -> list[Path]:
    """List the records of a calls directory.

    Args:
        directory: The directory.

    Returns:
        The files, in order of name.
    """
    return sorted(path for path in directory.glob(f"*{RECORD_SUFFIX}") if not path.name.startswith("."))
