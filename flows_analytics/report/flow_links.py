"""Where the pages of calls lie, as seen from the page of their flow."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from flows_analytics.files.layout import REPORT_SUFFIX
from flows_analytics.files.names import safe_name

FindPage: TypeAlias = Callable[[str], str | None]
"""Finds the page of a call: given its id, gives a relative address, or None if it has no page."""

_REPORTS = "reports"


def no_page(call_id: str) -> None:
    """Find no page, for a flow's page that may end up anywhere.

    Args:
        call_id: A call.
    """


def pages_seen_from(page_dir: Path, calls_dir: Path) -> FindPage:
    """Look for pages beside the flow's page, beside the records, and in ``reports`` beside the calls directory.

    Args:
        page_dir: The folder of the flow's page.
        calls_dir: The calls directory.

    Returns:
        What finds them.
    """
    # What the demo writes has its pages in a folder beside that of its calls.
    folders = (page_dir, calls_dir, calls_dir.absolute().parent / _REPORTS)

    def find(call_id: str) -> str | None:
        name = f"{safe_name(call_id)}{REPORT_SUFFIX}"
        return next((way for folder in folders if (way := _way(page_dir, folder / name)) is not None), None)

    return find


def _way(page_dir: Path, file: Path) -> str | None:
    try:
        if not file.is_file():
            return None
        way = Path(os.path.relpath(file.absolute(), page_dir.absolute())).as_posix()
    except (OSError, ValueError):
        # It is on another drive.
        return None
    return quote(way if way.startswith("../") else f"./{way}")
