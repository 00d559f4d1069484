"""The record of a call as its page carries it: once, and small."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from flows_analytics.calls.record import CallRecord
from flows_analytics.files.layout import RECORD_SUFFIX
from flows_analytics.files.names import safe_name

MOST_BYTES = 4_000_000
"""Size of a record beyond which its page does not carry it."""


@dataclass(frozen=True)
class PackedRecord:
    """The record, for the page's own script.

    Attributes:
        document: The record without its moments and without ``summary``, which can be computed again; None if the
            record is too large for a page.
        kinds: For each kind of moment, its name and then the names of its fields; empty without a document.
        moments: Each moment in order: the position of its kind in ``kinds``, then the values of its fields. A
            field that the record leaves out is null; values missing at the end are null too. ``seq`` is left out
            where it is the moment's place in this list.
        file_name: What a file of it is called.
        size: The size of the record without ``summary``, in words.
        left_out: Why the page does not carry it, as a sentence; None if it does.
    """

    document: dict[str, Any] | None
    kinds: tuple[tuple[str, ...], ...]
    moments: tuple[tuple[Any, ...], ...]
    file_name: str
    size: str
    left_out: str | None


def pack_record(record: CallRecord, most_bytes: int = MOST_BYTES) -> PackedRecord:
    """Pack a record for its page: names of fields are written once for a kind, not once for a moment.

    Args:
        record: The call.
        most_bytes: Size beyond which it is left to the file.

    Returns:
        The packed record.
    """
    file_name = safe_name(record.call_id) + RECORD_SUFFIX
    try:
        text = _written(record)
    except ValueError:
        text = _written_by_hand(record)
    size = f"{len(text) / 1000:,.0f} kB" if len(text) >= 1000 else f"{len(text)} bytes"
    if len(text) > most_bytes:
        return PackedRecord(
            None, (), (), file_name, size, f"At {size} the record is too large to stand in its page."
        )
    document: dict[str, Any] = json.loads(text)
    moments: list[dict[str, Any]] = document.pop("events")
    fields: dict[str, dict[str, int]] = {}
    for place, moment in enumerate(moments):
        if moment["seq"] == place:
            del moment["seq"]
        of_kind = fields.setdefault(moment["kind"], {})
        for name in moment:
            if name != "kind":
                of_kind.setdefault(name, len(of_kind))
    position = {kind: index for index, kind in enumerate(fields)}
    return PackedRecord(
        document=document,
        kinds=tuple((kind, *names) for kind, names in fields.items()),
        moments=tuple(_row(moment, position, fields) for moment in moments),
        file_name=file_name,
        size=size,
        left_out=None,
    )


def _written(record: CallRecord) -> bytes:
    document = record.model_dump(mode="json", exclude={"events", "summary"}, warnings=False)
    document["events"] = [event.model_dump(mode="json", exclude_none=True) for event in record.events]
    # JSON has no word for a number that is none, and one such would make the whole record unreadable.
    return to_json(document, inf_nan_mode="null")


def _written_by_hand(record: CallRecord) -> bytes:
    """Write what was changed behind the models' back, such as half of a character, which is no UTF-8."""
    document = record.model_dump(mode="python", exclude={"events", "summary"}, warnings=False)
    document["events"] = [event.model_dump(mode="python", exclude_none=True) for event in record.events]
    loose = json.dumps(document, default=str)
    return json.dumps(json.loads(loose, parse_constant=lambda _: None)).encode("ascii")


def _row(moment: dict[str, Any], position: dict[str, int], fields: dict[str, dict[str, int]]) -> tuple[Any, ...]:
    names = fields[moment["kind"]]
    values = [moment.get(name) for name in names]
    while values and values[-1] is None:
        values.pop()
    return (position[moment["kind"]], *values)
