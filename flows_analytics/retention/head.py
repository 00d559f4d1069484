"""Head: what a record says of itself, read without its content."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from pydantic_core import from_json

from flows_analytics.files.names import id_digest
from flows_analytics.files.page_mark import as_utc

_OURS = re.compile(rb'\s*\{[^{}\[\]]{0,200}"(?:schema_version|call_id)"')


@dataclass(frozen=True)
class Head:
    """What a record says of itself.

    Attributes:
        who: Digest of the call's id.
        began: When the call began, UTC.
        ended: When it ended: the latest time the record speaks of, UTC.
        over: Whether it is over; a call whose process was lost is.
        recording: Name of the file beside the record that has its sound; None without one.
        url: Where a recording made elsewhere is; None if none was named.
    """

    who: str
    began: datetime
    ended: datetime
    over: bool
    recording: str | None
    url: str | None


def read_head(content: bytes) -> Head | None:
    """Read the head of a record, whatever release made it.

    Args:
        content: The record's file.

    Returns:
        The head; None if there is none to be read.
    """
    try:
        document = from_json(content)
        call_id, began = document["call_id"], as_utc(datetime.fromisoformat(document["started_at"]))
        if not isinstance(call_id, str):
            return None
        return Head(
            who=id_digest(call_id),
            began=began,
            ended=_ended(document, began),
            over=document.get("status") != "started" or document.get("end_reason") == "process_lost",
            recording=_file(document.get("recording")),
            url=_text(document.get("recording"), "url"),
        )
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
        return None


def is_ours(content: bytes) -> bool:
    """Tell a record that cannot be read from a JSON file that never was one.

    Args:
        content: The file, or its beginning.
    """
    return _OURS.match(content) is not None


def _ended(document: dict[str, Any], began: datetime) -> datetime:
    times = [began]
    if document.get("ended_at"):
        times.append(as_utc(datetime.fromisoformat(document["ended_at"])))
    events = cast("list[dict[str, Any]]", document.get("events") or [])
    last_ms = max((event.get("at_ms", 0.0) for event in events), default=0.0)
    times.append(began + timedelta(milliseconds=last_ms))
    return max(times)


def _file(recording: Any) -> str | None:
    """The name of the file, if it is one beside the record: what a record says may be hostile."""
    name = _text(recording, "file")
    return name if name and not set(name) & set("/\\\0:") and name not in {".", ".."} else None


def _text(document: Any, key: str) -> str | None:
    value: Any = cast("dict[str, Any]", document).get(key) if isinstance(document, dict) else None
    return value if isinstance(value, str) else None
