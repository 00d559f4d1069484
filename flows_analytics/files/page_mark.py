"""The mark by which a call's page is known again: which call it shows, without the call's id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from flows_analytics.files.names import id_digest

MARK_NAME = "flows-analytics-call"
"""The page's meta element of this name holds the mark."""

_META = re.compile(
    rb'<meta name="' + MARK_NAME.encode() + rb'" content="([0-9a-f]{32}) (\S{1,40}) (\S{1,40})">',
)
_NEVER = "-"


@dataclass(frozen=True)
class PageMark:
    """Whose page it is.

    Attributes:
        call: The digest of the call's id (see `id_digest`). A hostile id has no place in the head of a page.
        began: When the call began, UTC.
        ended: When it ended, UTC; None if it was not over when the page was made.
    """

    call: str
    began: datetime
    ended: datetime | None

    def __str__(self) -> str:
        ended = _NEVER if self.ended is None else self.ended.isoformat()
        return f"{self.call} {self.began.isoformat()} {ended}"


def mark_of(call_id: str, began: datetime, ended: datetime | None) -> PageMark:
    """Make the mark of a call's page.

    Args:
        call_id: The call.
        began: When it began.
        ended: When it ended; None if it is not over.

    Returns:
        The mark.
    """
    return PageMark(id_digest(call_id), as_utc(began), None if ended is None else as_utc(ended))


def read_mark(page: bytes) -> PageMark | None:
    """Find the mark of a page.

    Args:
        page: The page, or its beginning as far as its style.

    Returns:
        The mark; None if it has none.
    """
    # What callers said comes after the head, so that it cannot take the mark's place.
    found = _META.search(page.partition(b"<style")[0])
    if found is None:
        return None
    call, began, ended = (part.decode("ascii", "replace") for part in found.groups())
    try:
        over = None if ended == _NEVER else as_utc(datetime.fromisoformat(ended))
        return PageMark(call, as_utc(datetime.fromisoformat(began)), over)
    except ValueError:
        return None


def as_utc(moment: datetime) -> datetime:
    """Give a time in UTC. One without a zone, as in a record that was edited by hand, is taken for UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # The first or last day there is.
        return moment.replace(tzinfo=UTC)
