"""The record of a call as its page carries it: once, and small."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flows_analytics.calls.record import CallRecord
from flows_analytics.files.layout import RECORD_SUFFIX
from flows_analytics.files.names import safe_name

MOST_BYTES = 4_000_000
"""Size of a record beyond which its page does not carry it."""

_REPEATED = 3
"""How often words must be repeated, on average, for a position to be shorter than the word itself."""


class PackedKind(NamedTuple):
    """How the moments of one kind are packed.

    Attributes:
        kind: The kind.
        same: Fields that have one value in all these moments, with that value.
        fields: Names of the other fields, in the order of their values.
        words: For a field of few words, often repeated, these words: its values are positions in them.
    """

    kind: str
    same: dict[str, Any]
    fields: tuple[str, ...]
    words: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class PackedRecord:
    """The record, for the page's own script.

    Attributes:
        document: The record without its moments and without ``summary``, which can be computed again; None if the
            record is too large for a page.
        kinds: How the moments of each kind are packed; empty without a document.
        moments: Each moment in order: the position of its kind in ``kinds``, then the values of its fields. A
            field that the record leaves out is null; values missing at the end are null too. What a kind's
            ``same`` says is in none of them. ``seq`` is left out where it is the moment's place in this list.
        file_name: What a file of it is called.
        size: The size of the record without ``summary``, in words.
        left_out: Why the page does not carry it, as a sentence; None if it does.
    """

    document: dict[str, Any] | None
    kinds: tuple[PackedKind, ...]
    moments: tuple[tuple[Any, ...], ...]
    file_name: str
    size: str
    left_out: str | None


def pack_record(record: CallRecord, most_bytes: int = MOST_BYTES) -> PackedRecord:
    """Pack a record for its page: what is the same in many moments of a kind, names first, is written once.

    Args:
        record: The call.
        most_bytes: Size beyond which it is left to the file.

    Returns:
        The packed record.
    """
    file_name = safe_name(record.call_id) + RECORD_SUFFIX
    document, bytes_in_all = _document(record)
    size = f"{bytes_in_all / 1000:,.0f} kB" if bytes_in_all >= 1000 else f"{bytes_in_all} bytes"
    if bytes_in_all > most_bytes:
        return PackedRecord(
            None, (), (), file_name, size, f"At {size} the record is too large to stand in its page."
        )
    moments: list[dict[str, Any]] = document.pop("events")
    of_kind: dict[str, list[dict[str, Any]]] = {}
    for place, moment in enumerate(moments):
        if moment["seq"] == place:
            del moment["seq"]
        of_kind.setdefault(moment["kind"], []).append(moment)
    kinds = tuple(_packed_kind(kind, same_kind) for kind, same_kind in of_kind.items())
    codes = [
        {name: {word: code for code, word in enumerate(kind.words[name])} for name in kind.words} for kind in kinds
    ]
    position = {kind.kind: index for index, kind in enumerate(kinds)}
    return PackedRecord(
        document=document,
        kinds=kinds,
        moments=tuple(
            _row(moment, index, kinds[index].fields, codes[index])
            for moment in moments
            for index in (position[moment["kind"]],)
        ),
        file_name=file_name,
        size=size,
        left_out=None,
    )


def _packed_kind(kind: str, moments: Sequence[dict[str, Any]]) -> PackedKind:
    values: dict[str, list[Any]] = {}
    for moment in moments:
        for name, value in moment.items():
            values.setdefault(name, []).append(value)
    del values["kind"]
    same = {name: told[0] for name, told in values.items() if len(told) == len(moments) > 1 and _alike(told)}
    words = {
        name: tuple(dict.fromkeys(told))
        for name, told in values.items()
        if name not in same and all(type(value) is str for value in told)
    }
    return PackedKind(
        kind=kind,
        same=same,
        fields=tuple(name for name in values if name not in same),
        words={name: few for name, few in words.items() if len(few) * _REPEATED <= len(values[name])},
    )


def _alike(values: Sequence[Any]) -> bool:
    """Say whether values are one, as JSON writes them: 1, 1.0 and true are three."""
    first = values[0]
    return type(first) in (str, bool, int, float) and all(
        type(value) is type(first) and value == first for value in values
    )


def _document(record: CallRecord) -> tuple[dict[str, Any], int]:
    """Give the record as JSON has it, and its size in bytes."""
    try:
        document = record.model_dump(mode="json", exclude={"events", "summary"}, warnings=False)
        document |= record.model_dump(mode="json", include={"events"}, exclude_none=True, warnings=False)
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return document, len(text.encode("utf-8"))
    except ValueError:
        document = _document_by_hand(record)
        return document, len(json.dumps(document, separators=(",", ":")))


def _document_by_hand(record: CallRecord) -> dict[str, Any]:
    """Take what was changed behind the models' back, such as half of a character, which is no UTF-8.

    JSON has no word for a number that is none, and one such would make the whole record unreadable: it is null.
    """
    document = record.model_dump(mode="python", exclude={"events", "summary"}, warnings=False)
    document["events"] = [event.model_dump(mode="python", exclude_none=True) for event in record.events]
    return json.loads(json.dumps(document, default=str), parse_constant=lambda _: None)


def _row(
    moment: dict[str, Any], kind: int, fields: Sequence[str], codes: dict[str, dict[str, int]]
) -> tuple[Any, ...]:
    values = [moment.get(name) for name in fields]
    for place, name in enumerate(fields):
        if name in codes and name in moment:
            values[place] = codes[name][moment[name]]
    while values and values[-1] is None:
        values.pop()
    return (kind, *values)
