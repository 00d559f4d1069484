"""A slot: the file that one call's entry for one receiver has in an outbox."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from flows_analytics.delivery.claim import Claim, claim
from flows_analytics.delivery.entry import REF_SUFFIX, Entry
from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.files.layout import RECORD_SUFFIX
from flows_analytics.files.names import safe_name

AT = "@"
"""Between a call's name and its receiver's. No safe name has one, so no two of them make one name."""


@dataclass(frozen=True)
class Slot:
    """A file that is claimed for a call.

    Attributes:
        held: The claim.
        entry: The call's entry; None if there is none yet.
        refused: Whether its entry was put aside.
    """

    held: Claim
    entry: Entry | None
    refused: bool


def claim_slot(waiting: Path, failed: Path, *, stem: str, sink: str, key: str) -> Slot | None:
    """Claim the file of a call's entry: ``stem@sink.ref``, or ``stem@sink~2.ref`` if another call has that.

    Calls of one name come from two directories, or one after the other when a record was removed while its entry
    waited.

    Args:
        waiting: The directory of what waits; it is there.
        failed: The directory of what was put aside.
        stem: The call's name.
        sink: The sink's name.
        key: See `Upload`; it tells the call from others.

    Returns:
        The slot; None if the call's entry is claimed by somebody else, who sends it.

    Raises:
        OSError: If no lock can be opened.
    """
    name = f"{stem}{AT}{safe_name(sink)}"
    for number in count(1):
        path = waiting / f"{name if number == 1 else f'{name}~{number}'}{REF_SUFFIX}"
        held = claim(path, failed)
        if held is None:
            if _key(path) == key:
                return None
            continue
        try:
            slot = _slot(held, failed / path.name, key)
        except BaseException:
            held.release()
            raise
        if slot is not None:
            return slot
        held.release()
    raise AssertionError("unreachable: numbers do not end")


def _slot(held: Claim, aside: Path, key: str) -> Slot | None:
    """The slot if it is free or the call's own; a file that cannot be read may be another call's."""
    if _key(held.path) == key:
        return Slot(held, Entry.load(held.path), refused=False)
    if held.path.exists():
        return None
    if aside.exists():
        return Slot(held, None, refused=True) if _key(aside) == key else None
    # A record without an entry is one whose process died between the two; it gets its entry under this name.
    return None if held.path.with_suffix(RECORD_SUFFIX).exists() else Slot(held, None, refused=False)


def _key(path: Path) -> str | None:
    try:
        return Entry.load(path).key
    except (OSError, FlowsAnalyticsError):
        return None
