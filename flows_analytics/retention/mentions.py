"""Mentions: files in which the id of a call stands."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from flows_analytics.files.layout import RECORDING_SUFFIX
from flows_analytics.files.names import safe_name
from flows_analytics.retention.places import Places, look_at, read

_WORD = rb"[A-Za-z0-9_-]"


class Pattern:
    """Finds an id as JSON, HTML and URLs write it, and as files are named.

    An id inside a longer word is another one.

    Args:
        call_id: The call.
    """

    def __init__(self, call_id: str) -> None:
        ways = {
            call_id,
            json.dumps(call_id)[1:-1],
            json.dumps(call_id, ensure_ascii=False)[1:-1],
            html.escape(call_id),
            # Jinja writes quotes as numbers.
            html.escape(call_id, quote=False).replace('"', "&#34;").replace("'", "&#39;"),
            quote(call_id, safe="", errors="replace"),
            safe_name(call_id),
        }
        self._ways = sorted((way.encode("utf-8", "replace") for way in ways if way), key=len, reverse=True)
        any_way = b"|".join(map(re.escape, self._ways))
        self._pattern = re.compile(rb"(?<!" + _WORD + rb")(?:" + any_way + rb")(?!" + _WORD + rb")")

    def is_in(self, content: bytes) -> bool:
        """Tell whether the id stands in a text."""
        # A plain search is many times as fast as a pattern, and nearly always enough.
        return any(way in content for way in self._ways) and self._pattern.search(content) is not None


def find_mentions(call_id: str, places: Places) -> Iterator[Path]:
    """Find the files whose name or content has the id of a call. Sound says no ids.

    Args:
        call_id: The call.
        places: Where to look, folders in them included. Links are not followed.

    Yields:
        The files, and the links whose name has it.

    Raises:
        OSError: If a file cannot be read.
    """
    pattern = Pattern(call_id)
    seen: set[Path] = set()
    for place in places.all:
        for folder, folders, names in os.walk(place):
            folders.sort()
            for path in (Path(folder, name) for name in sorted(names)):
                where = path.parent.resolve() / path.name
                if where in seen:
                    continue
                seen.add(where)
                if pattern.is_in(os.fsencode(path.name)) or _holds(path, pattern):
                    yield path


def mentions(path: Path, call_id: str) -> bool:
    """Tell whether the id of a call stands in a file.

    Args:
        path: The file.
        call_id: The call.
    """
    try:
        return _holds(path, Pattern(call_id))
    except OSError:
        return False


def _holds(path: Path, pattern: Pattern) -> bool:
    if path.suffix == RECORDING_SUFFIX or look_at(path) is None:
        return False
    try:
        return pattern.is_in(read(path))
    except FileNotFoundError:
        return False
