"""What happened besides talk and tool calls, as it stands in a transcript."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from flows_analytics.calls.events import (
    AnswerDropped,
    AnswererDetected,
    ClientConnected,
    ClientDisconnected,
    ErrorSeen,
    MenuStatusChanged,
    Moment,
    ServiceSwitched,
    ServiceSwitchRequested,
    TransferRequested,
    WorkerActivated,
    WorkerDeactivated,
)
from flows_analytics.calls.record import CallRecord
from flows_analytics.report.json_text import json_text
from flows_analytics.report.times import Stamp, stamp
from flows_analytics.report.visible import Name, PageText, page_name, page_text
from flows_analytics.report.words import ANSWERED, counted, ordinal


@dataclass(frozen=True)
class EventItem:
    """Something that happened on the line, or in the bot.

    Attributes:
        kind: Always ``event``.
        anchor: Id of the event on the page.
        at: When; None if the record holds no finite time.
        words: What happened.
        detail: The keys, the service, the worker that it happened to; None if there is nothing to name.
        data: What came with it, as JSON; None if nothing did, or if it was not recorded.
    """

    kind: str
    anchor: str
    at: Stamp | None
    words: str
    detail: Name | None = None
    data: PageText | None = None


@dataclass(frozen=True)
class ErrorItem:
    """An error that a processor reported.

    Attributes:
        kind: Always ``error``.
        anchor: Id of the error on the page.
        at: When; None if the record holds no finite time.
        message: What it said.
        fatal: Whether it ended the call.
        processor: The processor; None if unknown.
        category: What kind of failure; None if unknown.
    """

    kind: str
    anchor: str
    at: Stamp | None
    message: PageText
    fatal: bool
    processor: Name | None
    category: Name | None


PlacedItem = tuple[int | None, float, EventItem | ErrorItem]
"""The visit it belongs to, when it happened in milliseconds, and the item."""


def event_items(record: CallRecord) -> Iterator[PlacedItem]:
    """Show what happened besides talk and tool calls.

    Args:
        record: The call.

    Yields:
        Each item with its place, in no order.
    """
    for number, (visit, at_ms, item) in enumerate(_items(record), start=1):
        yield visit, at_ms, replace(item, anchor=f"event-{number}")


def _items(record: CallRecord) -> Iterator[PlacedItem]:
    for keys in record.keys:
        pressed = "The caller pressed" if keys.side == "caller" else "The bot sent"
        words = f"{pressed} {counted(keys.count, 'key')}{'' if keys.keys else '; which ones was not recorded'}"
        detail = page_name(keys.keys) if keys.keys else None
        yield keys.visit, keys.start_ms, EventItem("event", "", stamp(keys.start_ms), words, detail)
    for idle in record.idles:
        row = f", for the {ordinal(idle.in_a_row)} time in a row" if idle.in_a_row > 1 else ""
        words = f"The caller was silent for as long as the bot allows{row}"
        yield idle.visit, idle.at_ms, EventItem("event", "", stamp(idle.at_ms), words)
    connected = False
    for event in record.events:
        item = _error(record, event) if isinstance(event, ErrorSeen) else _event(event, again=connected)
        connected = connected or isinstance(event, ClientConnected)
        if item is not None:
            yield record.visit_at(event.at_ms), event.at_ms, item


def _error(record: CallRecord, event: ErrorSeen) -> ErrorItem:
    return ErrorItem(
        kind="error",
        anchor="",
        at=stamp(event.at_ms),
        message=page_text(event.message or ""),
        fatal=event.fatal,
        processor=page_name(event.processor) if event.processor else None,
        category=page_name(event.category) if event.category else None,
    )


def _event(event: Moment, *, again: bool) -> EventItem | None:
    words: str
    name: str | None = None
    data: PageText | None = None
    match event:
        case ServiceSwitchRequested():
            words, name = "The bot asked for another service", event.service
        case ServiceSwitched():
            words, name = "Another service took over", event.service
        case WorkerActivated():
            words, name = "The call was handed to a worker", event.worker
        case WorkerDeactivated():
            words, name = "A worker gave the call away", event.worker
        case AnswererDetected():
            words = ANSWERED[event.answerer]
        case MenuStatusChanged():
            words, name = "Phone menu", event.status
        case TransferRequested():
            words, name, data = "The bot asked for a transfer", event.method, json_text(event.settings)
        case ClientDisconnected():
            words = "The caller was gone"
        case ClientConnected() if again:
            words = "A client connected"
        case AnswerDropped():
            words = "The caller spoke, and an answer on its way was dropped before any of it was heard"
        case _:
            return None
    return EventItem("event", "", stamp(event.at_ms), words, page_name(name) if name else None, data)
