"""Turns as they stand in a transcript."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flows_analytics.calls.events import BotStarted, BotStopped, CallerVoiceStarted, CallerVoiceStopped, Moment
from flows_analytics.calls.kinds import of_kinds
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.turns import Turn
from flows_analytics.report.times import Duration, Stamp, duration, stamp
from flows_analytics.report.visible import Name, PageText, page_name, page_text
from flows_analytics.report.waits import Wait, wait
from flows_analytics.report.words import MEASURED_FROM

CutBy = Literal["caller", "end"]
"""What cut a turn off: the other side, or the end of the call."""


_EDGES: tuple[type[Moment], ...] = (BotStarted, BotStopped, CallerVoiceStarted, CallerVoiceStopped)


@dataclass(frozen=True)
class TurnItem:
    """One side speaking.

    Attributes:
        kind: Always ``turn``.
        anchor: Id of the turn on the page.
        at: When it began; None if the record holds no finite time.
        speaker: ``caller`` or ``bot``.
        text: What was said; of the bot, what was heard. None if transcripts are switched off.
        unspoken: What the bot was going to say when it was cut off; None if nothing is known to be missing.
        cut_by: What cut it off; None if nothing did.
        cut_at: When the caller cut it off; None unless he did.
        lasted: How long it took; None if its end was not seen.
        wait: How long the caller waited for it, and for what; None if it answers nothing, or if that was not
            measured.
        slow: Whether the wait is one of the call's findings.
        waited_since: What the wait is measured from, in words; None without one.
        typed: Whether it was typed.
        backchannel: Whether it only acknowledged what the other side was saying.
        language: Language code of a caller's turn; None if not told.
        user: Who spoke it; None unless the call tells several people apart.
    """

    kind: str
    anchor: str
    at: Stamp | None
    speaker: str
    text: PageText | None
    unspoken: PageText | None
    cut_by: CutBy | None
    cut_at: Stamp | None
    lasted: Duration | None
    wait: Wait | None
    slow: bool
    waited_since: str | None
    typed: bool
    backchannel: bool
    language: Name | None
    user: Name | None


def turn_items(record: CallRecord) -> tuple[TurnItem, ...]:
    """Show the turns of a call.

    Args:
        record: The call.

    Returns:
        One item per turn, in the order of `CallRecord.turns`.
    """
    unfinished = _unfinished(record)
    slow = {finding.evidence.get("turn") for finding in record.findings if finding.code == "slow_answer"}
    several = len({turn.user_id for turn in record.turns if turn.user_id}) > 1
    return tuple(_item(record, turn, unfinished, several=several, slow=turn.seq in slow) for turn in record.turns)


def cuts(record: CallRecord) -> tuple[CutBy | None, ...]:
    """Say what cut the turns of a call off.

    Args:
        record: The call.

    Returns:
        For each turn, in the order of `CallRecord.turns`, what cut it off; None if nothing did.
    """
    unfinished = _unfinished(record)
    return tuple(_cut_by(turn, unfinished) for turn in record.turns)


def turn_anchor(seq: int) -> str:
    """Name a turn on the page.

    Args:
        seq: Number of the turn in the call, from 0.

    Returns:
        The id of its element.
    """
    return f"turn-{seq + 1}"


def _item(record: CallRecord, turn: Turn, unfinished: set[int], *, several: bool, slow: bool) -> TurnItem:
    return TurnItem(
        kind="turn",
        anchor=turn_anchor(turn.seq),
        at=stamp(turn.start_ms),
        speaker=turn.speaker,
        text=page_text(turn.text) if turn.text else None,
        unspoken=page_text(turn.unspoken) if turn.unspoken else None,
        cut_by=_cut_by(turn, unfinished),
        cut_at=stamp(turn.interrupted_ms),
        lasted=duration(turn.end_ms - turn.start_ms) if turn.end_ms is not None else None,
        wait=wait(turn.latency_ms, turn.contributions),
        slow=slow,
        waited_since=MEASURED_FROM[turn.latency_from] if turn.latency_from else None,
        typed=turn.typed,
        backchannel=turn.backchannel,
        language=page_name(turn.language) if turn.language else None,
        user=page_name(turn.user_id) if several and turn.user_id else None,
    )


def _cut_by(turn: Turn, unfinished: set[int]) -> CutBy | None:
    if turn.interrupted:
        return "caller"
    return "end" if turn.seq in unfinished or (turn.speaker == "bot" and turn.unspoken) else None


def _unfinished(record: CallRecord) -> set[int]:
    """Find what each side said last, if it was never seen to stop: that ended with the call."""
    last: dict[type[Moment], float] = dict.fromkeys(_EDGES, -1.0)
    for event in of_kinds(record.events, *_EDGES):
        last[type(event)] = max(last[type(event)], event.at_ms)
    speaking = {
        "bot": last[BotStarted] > last[BotStopped],
        "caller": last[CallerVoiceStarted] > last[CallerVoiceStopped],
    }
    ended_ms = record.duration_ms
    newest = {turn.speaker: turn for turn in record.turns if not turn.typed and not turn.backchannel}
    return {
        turn.seq
        for speaker, turn in newest.items()
        if speaking[speaker] and ended_ms is not None and turn.end_ms is not None and turn.end_ms >= ended_ms
    }
