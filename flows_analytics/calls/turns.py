"""Turns: who said what, when, and in which visit, read from the moments."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from flows_analytics.calls.events import (
    BotStarted,
    BotStopped,
    BotText,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerVoiceStarted,
    CallerVoiceStopped,
    Events,
    InferenceStarted,
    Interrupted,
    Moment,
    SpeakRequested,
)
from flows_analytics.calls.visits import VisitTimes, speaking_for

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
        latency_ms: How long the caller waited for it (docs/metrics.md); None if it was not measured.
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


@dataclass
class _Draft:
    """A turn being put together."""

    speaker: Speaker
    start_ms: float
    end_ms: float | None = None
    visit: int | None = None
    interrupted: bool = False
    pieces: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    # A bot stretch holds no text until it speaks; a caller stretch none until it is transcribed.
    spoke: bool = False

    def text(self) -> str:
        return join_pieces(self.pieces)


def read_turns(events: Events, times: VisitTimes, *, ended_ms: float | None) -> tuple[Turn, ...]:
    """Read the turns of a call, both sides, in the order in which they began.

    Args:
        events: The moments of the call.
        times: When its visits were.
        ended_ms: When the call ended, and with it whatever was being said; None while it runs.

    Returns:
        The turns. A stretch of sound that was never transcribed is no turn, nor is an answer nobody heard.
    """
    drafts = [*_caller_turns(events, times), *_bot_turns(events, times)]
    drafts.sort(key=lambda draft: (draft.start_ms, draft.speaker == "bot"))
    return tuple(
        Turn(
            seq=seq,
            speaker=draft.speaker,
            text=draft.text(),
            unspoken=None,
            start_ms=draft.start_ms,
            end_ms=_end(draft, ended_ms),
            visit=draft.visit,
            interrupted=draft.interrupted,
            latency_ms=None,
        )
        for seq, draft in enumerate(drafts)
    )


def _end(draft: _Draft, ended_ms: float | None) -> float | None:
    if draft.end_ms is not None or ended_ms is None:
        return draft.end_ms
    return max(ended_ms, draft.start_ms)


def join_pieces(pieces: Iterable[tuple[str, bool]]) -> str:
    """Join pieces of speech as they were meant to be read.

    Args:
        pieces: Pairs of a text and whether it brings its own spaces. Pieces that do are glued together,
            others are joined by a space.

    Returns:
        The text, without spaces at its ends.
    """
    text = ""
    glued = False
    for piece, spaced in pieces:
        if text and not (glued and spaced) and not text[-1].isspace() and not piece[:1].isspace():
            text += " "
        text += piece
        glued = spaced
    return text.strip()


def _by_time(events: Events, kinds: tuple[type[Moment], ...]) -> list[Moment]:
    # Frames of one call come in the order in which they were pushed, whatever their delay; sorting by time
    # only matters for records put together from several sources. The sort is stable, so ties keep `seq`.
    return sorted((event for event in events if isinstance(event, kinds)), key=lambda event: event.at_ms)


_CLAIM_MS = 2000.0
"""How long after a stretch of voice a turn may still be begun because of it: strategies that wait for a transcript
decide after the voice has stopped."""


def _caller_turns(events: Events, times: VisitTimes) -> list[_Draft]:
    """Join the caller's speech into turns."""
    caller = _Caller()
    kinds = (CallerVoiceStarted, CallerVoiceStopped, CallerTurnStarted, CallerTurnStopped, CallerText, BotStarted)
    for event in _by_time(events, kinds):
        caller.take(event)
    for turn in caller.turns:
        turn.start_ms = round(max(turn.start_ms, 0.0), 3)
        turn.end_ms = None if turn.end_ms is None else round(max(turn.end_ms, turn.start_ms), 3)
        turn.visit = times.at(turn.start_ms)
    return [turn for turn in caller.turns if turn.spoke]


class _Caller:
    """Puts the caller's turns together, moment by moment.

    A turn is what Pipecat's turn strategy says it is, stretched back to where the voice behind it began. Voice
    that no turn claims is a cough. Without a strategy, a turn is what is transcribed until the bot speaks.
    """

    def __init__(self) -> None:
        self.turns: list[_Draft] = []
        self._open: _Draft | None = None
        # The turn that a transcript may still come for, when none is open.
        self._last: _Draft | None = None
        self._by_strategy = False
        # A stretch of voice that no turn has claimed yet: its start, and its end once it has stopped.
        self._voice: tuple[float, float | None] | None = None

    def take(self, event: Moment) -> None:
        match event:
            case CallerVoiceStarted():
                if self._open is None:
                    self._voice = (event.at_ms - event.lag_ms, None)
            case CallerVoiceStopped():
                self._silent(event.at_ms - event.lag_ms)
            case CallerTurnStarted():
                if self._open is None or not self._by_strategy:
                    self._begin(event.at_ms)
                    self._by_strategy = True
            case CallerTurnStopped():
                self._close(event.at_ms)
            case CallerText(source="typed"):
                self._close(event.at_ms)
                self._voice = None
                self._say(self._begin(event.at_ms), event)
                self._close(event.at_ms)
                self._last = None
            case CallerText():
                # Speech recognition is always late, never early: a transcript belongs to the turn last begun.
                last = self._open or (self._last if self._voice is None else None)
                self._say(last or self._begin(event.at_ms), event)
            case BotStarted():
                if not self._by_strategy:
                    self._close(event.at_ms)
                    self._last = None
            case _:
                pass

    def _begin(self, at_ms: float) -> _Draft:
        start_ms, end_ms = self._voice or (at_ms, None)
        if end_ms is not None and at_ms - end_ms > _CLAIM_MS:
            start_ms, end_ms = at_ms, None
        self._voice = None
        self._by_strategy = False
        self._open = self._last = _Draft(speaker="caller", start_ms=start_ms, end_ms=end_ms)
        self.turns.append(self._open)
        return self._open

    def _silent(self, at_ms: float) -> None:
        if self._open is not None:
            self._open.end_ms = at_ms
        elif self._voice is not None:
            self._voice = (self._voice[0], at_ms)

    def _close(self, at_ms: float) -> None:
        if self._open is not None and self._open.end_ms is None:
            self._open.end_ms = at_ms
        self._open = None

    @staticmethod
    def _say(turn: _Draft, event: CallerText) -> None:
        turn.spoke = True
        if event.text:
            turn.pieces.append((event.text, False))


def _bot_turns(events: Events, times: VisitTimes) -> list[_Draft]:
    """Join the bot's words into turns: one for each stretch of speech, split where the visit changes."""
    visit_of = _Origins(events, times)
    turns: list[_Draft] = []
    speech_began: float | None = None
    current: _Draft | None = None

    kinds = (BotStarted, BotStopped, BotText, Interrupted)
    for event in _by_time(events, kinds):
        match event:
            case BotStarted():
                if current is not None and speech_began is None:
                    # The transport may release the first word before it says that it speaks.
                    current.start_ms = event.at_ms
                else:
                    current = None
                speech_began = event.at_ms
            case BotStopped():
                if current is not None:
                    current.end_ms = event.at_ms
                speech_began, current = None, None
            case Interrupted():
                if current is not None:
                    current.interrupted = True
            case BotText():
                visit = visit_of(event)
                if current is None or current.visit != visit:
                    start_ms = event.at_ms
                    if current is None and speech_began is not None:
                        start_ms = speech_began
                    elif current is not None:
                        current.end_ms = event.at_ms
                    current = _Draft(speaker="bot", start_ms=start_ms, visit=visit)
                    turns.append(current)
                if event.text:
                    current.pieces.append((event.text, event.spaced))
                if event.source == "context":
                    # Nothing speaks in a text pipeline, so a text is a turn of its own.
                    current.end_ms = event.at_ms
                    current = None
            case _:
                pass
    return turns


class _Origins:
    """Finds the visit whose inference, or other request, produced a piece of the bot's speech."""

    def __init__(self, events: Events, times: VisitTimes) -> None:
        self._times = times
        self._inferences = sorted(e.at_ms for e in events if isinstance(e, InferenceStarted))
        ahead = speaking_for(events)
        self._visit_of = {
            event.seq: self._requested_in(event, ahead)
            for event in events
            if isinstance(event, InferenceStarted | SpeakRequested)
        }

    def __call__(self, text: BotText) -> int | None:
        if text.origin in self._visit_of:
            return self._visit_of[text.origin]
        # The words of a service that speaks for itself name no request: take the last inference before them.
        earlier = bisect_right(self._inferences, text.at_ms)
        return self._times.at(self._inferences[earlier - 1] if earlier else text.at_ms)

    def _requested_in(self, request: Moment, ahead: list[tuple[float, float, int]]) -> int | None:
        if isinstance(request, SpeakRequested):
            for began_ms, entered_ms, visit in ahead:
                if began_ms <= request.at_ms <= entered_ms:
                    return visit
        return self._times.at(request.at_ms)
