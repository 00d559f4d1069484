"""The head of a call's page: who, when, how long, and how it ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flows_analytics.calls.events import ErrorSeen
from flows_analytics.calls.record import CallRecord
from flows_analytics.report.json_text import json_text
from flows_analytics.report.moves import moves
from flows_analytics.report.times import Duration, duration, in_utc, iso_utc
from flows_analytics.report.visible import Name, PageText, one_line, page_name, page_text, shorten
from flows_analytics.report.words import HOW_CALLS_END, WHO_TOLD, counted

# Not strftime: its month names follow the locale of the process.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Fact:
    """One labelled fact.

    Attributes:
        label: What it is: a label of ours, or a key of the metadata.
        value: The fact as text.
    """

    label: Name
    value: PageText


@dataclass(frozen=True)
class Header:
    """Who, when, how long, and how it ended.

    Attributes:
        title: Title of the document: the bot and the call, on one line.
        heading: The bot's name, else its id, else a stand-in.
        call_id: The call's id.
        status: The record's status: ``started``, ``completed``, ``cancelled`` or ``error``.
        exit_kind: How the last visit was left, as docs/metrics.md names it.
        ending: How the call ended, as a sentence without its full stop.
        ended_in: The node in which it ended, or is; None if no node was entered.
        ended_in_anchor: Id of that visit on the page; None if no node was entered.
        reason: The end reason given by the bot or the transport; None if none was.
        began: When the call began, UTC, for people: ``5 January 2026, 09:00:12 UTC``.
        began_iso: The same, ISO 8601; None if it lies outside what a date can hold.
        lasted: Length of the call; None while it runs.
        disconnection: Why the call was over; None while it runs.
        told_by: Who told so, in words; None while it runs.
        counts: The size of the call in words: visits, turns, tool calls, interruptions.
        troubles: What went wrong in it, in words and numbers: functions, moves, errors. Empty if nothing did.
        goals: Whether a goal node was reached, in words; None if the record names no goals.
        facts: What else identifies the call: ids, versions, the kind of call.
        metadata: What the bot attached, and the SIP headers.
    """

    title: str
    heading: Name
    call_id: PageText
    status: str
    exit_kind: str
    ending: str
    ended_in: Name | None
    ended_in_anchor: str | None
    reason: PageText | None
    disconnection: PageText | None
    told_by: str | None
    began: str
    began_iso: str | None
    lasted: Duration | None
    counts: tuple[str, ...]
    troubles: tuple[str, ...]
    goals: str | None
    facts: tuple[Fact, ...]
    metadata: tuple[Fact, ...]


def header(record: CallRecord) -> Header:
    """Compute the head of a call's page.

    Args:
        record: The call.

    Returns:
        The head.
    """
    bot = record.agent.name or record.agent.id or "Call"
    last = len(record.visits)
    over = record.disconnection
    return Header(
        title=shorten(one_line(f"{bot} · {record.call_id}"), 120),
        heading=page_name(bot),
        call_id=page_text(record.call_id),
        status=record.status,
        exit_kind=record.exit_kind,
        ending=HOW_CALLS_END[record.exit_kind],
        ended_in=page_name(record.visits[-1].node) if record.visits else None,
        ended_in_anchor=f"visit-{last}" if record.visits else None,
        reason=page_text(record.end_reason) if record.end_reason else None,
        disconnection=page_text(over.reason) if over else None,
        told_by=(WHO_TOLD[over.source] if over.source else "nobody told") if over else None,
        began=_date(record.started_at),
        began_iso=iso_utc(record.started_at),
        lasted=duration(record.duration_ms),
        counts=_counts(record),
        troubles=_troubles(record),
        goals=_goals(record),
        facts=_facts(record),
        metadata=_metadata(record),
    )


def _counts(record: CallRecord) -> tuple[str, ...]:
    nodes = len({(visit.flow, visit.node) for visit in record.visits})
    interruptions = sum(turn.interrupted for turn in record.turns)
    counts = [
        f"{counted(len(record.visits), 'visit')} to {counted(nodes, 'node')}",
        counted(len(record.turns), "turn"),
        counted(len(record.tool_calls), "tool call"),
    ]
    if interruptions:
        counts.append(counted(interruptions, "interruption"))
    return tuple(counts)


def _troubles(record: CallRecord) -> tuple[str, ...]:
    outcomes = Counter(call.outcome for call in record.tool_calls)
    fates = Counter(move.fate for move in moves(record))
    errors = [event for event in record.events if isinstance(event, ErrorSeen)]
    fatal = sum(error.fatal for error in errors)
    found = (
        (outcomes["failed"], "function failed", "functions failed"),
        (outcomes["timed_out"], "function timed out", "functions timed out"),
        (outcomes["cancelled"], "function was cancelled", "functions were cancelled"),
        (outcomes["never_ran"], "function never ran", "functions never ran"),
        (fates["failed"], "move failed", "moves failed"),
        (fates["lost"], "move was lost", "moves were lost"),
        (fates["troubled"], "move had a failing action", "moves had a failing action"),
        (fatal, "error ended the call", "errors ended the call"),
        (len(errors) - fatal, "other error" if fatal else "error", "other errors" if fatal else "errors"),
    )
    return tuple(counted(number, one, many) for number, one, many in found if number)


def _goals(record: CallRecord) -> str | None:
    if not record.goals:
        return None
    reached = [goal for goal in record.goals if any(visit.node == goal for visit in record.visits)]
    named = ", ".join(page_name(goal).text for goal in (reached or record.goals)[:5])
    return f"reached: {named}" if reached else f"not reached: {named}"


def _facts(record: CallRecord) -> tuple[Fact, ...]:
    facts = [
        ("Call id", record.call_id),
        ("Kind of call", record.call_type),
        ("Bot id", record.agent.id),
        ("Bot version", record.agent.version),
        ("Pipecat", record.pipecat),
        ("Flows", record.flows),
        *_telephony(record),
    ]
    return tuple(Fact(Name(label), page_text(value)) for label, value in facts if value)


def _telephony(record: CallRecord) -> tuple[tuple[str, str | None], ...]:
    told = record.telephony
    if told is None:
        return ()
    return (
        ("Carrier", told.provider),
        ("SIP Call-ID", told.sip_call_id),
        ("Carrier's call id", told.carrier_call_id),
        ("From", told.from_number),
        ("To", told.to_number),
        ("Direction", told.direction),
        ("Stream id", told.stream_id),
    )


def _metadata(record: CallRecord) -> tuple[Fact, ...]:
    entries: Any = record.metadata
    if not isinstance(entries, dict):
        # A record edited by hand can hold anything here.
        entries = {"metadata": entries}
    facts: list[Fact] = []
    for key, value in cast(dict[str, Any], entries).items():
        shown = page_text(value) if isinstance(value, str) else json_text(value)
        facts.append(Fact(page_name(key), shown or PageText("null")))
    if record.telephony is not None:
        headers = record.telephony.sip_headers
        facts.extend(Fact(page_name(f"SIP {name}"), page_text(value)) for name, value in headers.items())
    return tuple(facts)


def _date(moment: datetime) -> str:
    utc = in_utc(moment)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M:%S} UTC"
