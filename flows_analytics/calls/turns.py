"""Turns: who said what, when, and in which visit, read from the moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flows_analytics.calls.answers import Answers
from flows_analytics.calls.bot_turns import BotTurn
from flows_analytics.calls.caller_turns import CallerTurn, read_caller_turns
from flows_analytics.calls.events import Events
from flows_analytics.calls.intervals import Contribution
from flows_analytics.calls.latency import Latency, MeasuredFrom, Waits
from flows_analytics.calls.visits import VisitTimes

Speaker = Literal["caller", "bot"]


@dataclass(frozen=True)
class Turn:
    """One side speaking.

    Attributes:
        seq: Number of the turn in the call, from 0, by the time it began.
        speaker: ``caller`` or ``bot``.
        text: What was said; of the bot, what was heard. Empty if transcripts are switched off.
        unspoken: What the bot was going to say when it was cut off; None if nothing is known to be missing.
        start_ms: When the speech began.
        end_ms: When it ended, at the latest with the call; None while the call runs, if that was not seen.
        visit: Position in ``record.visits`` of the visit it belongs to; None outside any. A caller's turn
            belongs to the visit in which it was spoken, a bot's turn to the visit whose inference or
            ``tts_say`` produced it.
        interrupted: Whether the caller cut it off.
        interrupted_ms: When he did; None if he did not.
        latency_ms: How long the caller waited for it (docs/metrics.md); None if it answers nothing, or if that was
            not measured.
        latency_from: What the wait is measured from; None without one.
        contributions: What the wait consisted of, in order, adding up to it exactly; empty without one.
        typed: Whether it was typed.
        backchannel: Whether it only acknowledged what the other side was saying.
        language: Language code of a caller's turn; None if not told.
        user_id: Who spoke a caller's turn, if the transport tells people apart.
    """

    seq: int
    speaker: Speaker
    text: str
    unspoken: str | None
    start_ms: float
    end_ms: float | None
    visit: int | None
    interrupted: bool
    latency_ms: float | None
    interrupted_ms: float | None = None
    latency_from: MeasuredFrom | None = None
    contributions: tuple[Contribution, ...] = ()
    typed: bool = False
    backchannel: bool = False
    language: str | None = None
    user_id: str | None = None


def read_turns(
    events: Events,
    times: VisitTimes,
    bot_turns: Sequence[BotTurn],
    answers: Answers,
    *,
    ended_ms: float | None,
    divide: bool = True,
) -> tuple[Turn, ...]:
    """Read the turns of a call, both sides, in the order in which they began.

    Args:
        events: The moments of the call.
        times: When its visits were.
        bot_turns: The bot's turns.
        answers: What the bot did to answer.
        ended_ms: When the call ended, and with it whatever was being said; None while it runs.
        divide: Whether to tell what each wait consisted of.

    Returns:
        The turns. A stretch of sound that was never transcribed is no turn, nor is an answer nobody heard.
    """
    caller = read_caller_turns(events)
    answering = [position for position, turn in enumerate(bot_turns) if turn.opens and not turn.backchannel]
    waits = Waits(events, caller, answers, divide=divide).of(
        (bot_turns[position].start_ms, bot_turns[position].origin) for position in answering
    )
    waited_for = dict(zip(answering, waits, strict=True))
    both: list[tuple[CallerTurn | BotTurn, Latency | None]] = [(turn, None) for turn in caller if turn.spoke]
    both.extend((turn, waited_for.get(position)) for position, turn in enumerate(bot_turns))
    # The sort is stable: the caller comes first where both begin at once.
    both.sort(key=lambda said: said[0].start_ms)
    return tuple(
        _bot_turn(seq, turn, latency, ended_ms)
        if isinstance(turn, BotTurn)
        else _caller_turn(seq, turn, times, ended_ms)
        for seq, (turn, latency) in enumerate(both)
    )


def _caller_turn(seq: int, turn: CallerTurn, times: VisitTimes, ended_ms: float | None) -> Turn:
    return Turn(
        seq=seq,
        speaker="caller",
        text=str(turn.pieces),
        unspoken=None,
        start_ms=turn.start_ms,
        end_ms=_end(turn, ended_ms),
        visit=times.at(turn.start_ms),
        interrupted=False,
        latency_ms=None,
        typed=turn.typed,
        backchannel=turn.backchannel,
        language=turn.language,
        user_id=turn.user_id,
    )


def _bot_turn(seq: int, turn: BotTurn, latency: Latency | None, ended_ms: float | None) -> Turn:
    return Turn(
        seq=seq,
        speaker="bot",
        text=str(turn.pieces),
        unspoken=turn.unspoken,
        start_ms=turn.start_ms,
        end_ms=_end(turn, ended_ms),
        visit=turn.visit,
        interrupted=turn.interrupted_ms is not None,
        interrupted_ms=turn.interrupted_ms,
        latency_ms=latency.ms if latency else None,
        latency_from=latency.measured_from if latency else None,
        contributions=latency.contributions if latency else (),
        backchannel=turn.backchannel,
    )


def _end(turn: CallerTurn | BotTurn, ended_ms: float | None) -> float | None:
    if turn.end_ms is not None or ended_ms is None:
        return turn.end_ms
    return max(ended_ms, turn.start_ms)
