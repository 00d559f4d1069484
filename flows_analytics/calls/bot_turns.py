"""The bot's turns, put together from the words that its transport released."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from flows_analytics.calls.events import (
    AnswerDropped,
    BotStarted,
    BotStopped,
    BotText,
    CallEnded,
    Events,
    Interrupted,
    Moment,
    SpeakRequested,
)
from flows_analytics.calls.inferences import Inference
from flows_analytics.calls.kinds import of_kind
from flows_analytics.calls.pieces import Pieces, by_time
from flows_analytics.calls.unspoken import Unspoken
from flows_analytics.calls.visits import VisitTimes, speaking_for

_AT_ONCE = 8
"""Node changes that may be under way at once: one for each flow of the call."""

_EARLY_MS = 1000.0
"""How far a transport's word may be from its saying that it speaks, or has stopped."""


@dataclass
class BotTurn:
    """A turn of the bot, being put together.

    Attributes:
        start_ms: When its audio began; in a pipeline without speech, when its text did.
        end_ms: When it ended; None while it was not seen to.
        visit: Position of the visit that produced it; None outside any.
        origin: ``seq`` of the inference or request that produced its first words; None if unknown.
        opens: Whether it begins a stretch of speech; not where the visit changes in the middle of one.
        pieces: The words that were heard.
        unspoken: What it was going to say when it was cut off; None if nothing is known to be missing.
        interrupted_ms: When the caller cut it off; None if he did not.
        backchannel: Whether it only acknowledged what the caller was saying.
    """

    start_ms: float
    end_ms: float | None = None
    visit: int | None = None
    origin: int | None = None
    opens: bool = True
    pieces: Pieces = field(default_factory=Pieces)
    unspoken: str | None = None
    interrupted_ms: float | None = None
    backchannel: bool = False


def read_bot_turns(events: Events, times: VisitTimes, inferences: Sequence[Inference]) -> tuple[BotTurn, ...]:
    """Join the bot's words into turns: one for each stretch of speech, split where the visit changes.

    Args:
        events: The moments of the call.
        times: When its visits were.
        inferences: Its inferences.

    Returns:
        The turns. An answer of which nothing was heard is none.
    """
    bot = _Bot(events, times, inferences)
    for event in by_time(events, (BotStarted, BotStopped, BotText, Interrupted, AnswerDropped, CallEnded)):
        bot.take(event)
    return tuple(bot.turns)


class _Bot:
    """Puts the bot's turns together, moment by moment."""

    def __init__(self, events: Events, times: VisitTimes, inferences: Sequence[Inference]) -> None:
        self.turns: list[BotTurn] = []
        self._visit_of = _Origins(events, times, inferences)
        self._unspoken = Unspoken(events, inferences)
        self._first_token_ms = {one.seq: one.first_token_ms for one in inferences}
        self._backchannels = {e.seq for e in of_kind(events, SpeakRequested) if e.backchannel}
        self._speech_began: float | None = None
        self._current: BotTurn | None = None
        # The turn that spoke last, and what its last words were of, while more of them may be released: a
        # transport that takes sound ahead of playing it has stopped before the caller has heard the end.
        self._ending: tuple[BotTurn, int | None] | None = None

    def take(self, event: Moment) -> None:
        match event:
            # By far the most frequent.
            case BotText():
                self._says(event)
            case BotStarted():
                early = self._current is not None and self._speech_began is None
                if early and self._current and event.at_ms - self._current.start_ms <= _EARLY_MS:
                    # The transport may release the first word before it says that it speaks.
                    self._current.start_ms = event.at_ms
                else:
                    self._current = None
                self._speech_began, self._ending = event.at_ms, None
            case BotStopped():
                if self._current is not None:
                    self._current.end_ms = event.at_ms
                self._speech_began, self._current = None, None
            case Interrupted():
                self._ending = None
                self._begin_without_words(event)
                unspoken = self._unspoken.cut_at(event)
                if self._current is not None:
                    self._current.interrupted_ms = event.at_ms
                    self._current.unspoken = unspoken
            case AnswerDropped():
                self._unspoken.cut_at(event)
            case CallEnded():
                self._begin_without_words(event)
                if self._current is not None and self._current.unspoken is None:
                    self._current.unspoken = self._unspoken.cut_at(event)
            case _:
                pass

    def _says(self, event: BotText) -> None:
        visit = self._visit_of(event)
        if event.source == "context":
            # Nothing speaks in a text pipeline, so a text is a turn of its own.
            began_ms = self._first_token_ms.get(event.origin) if event.origin is not None else None
            start_ms = event.at_ms if began_ms is None else began_ms
            turn = BotTurn(start_ms=start_ms, end_ms=event.at_ms, visit=visit, origin=event.origin)
            self.turns.append(turn)
        else:
            turn = self._current
            if turn is None and self._ending is not None and self._goes_on(event):
                turn = self._ending[0]
                turn.end_ms = event.at_ms
            elif turn is None or turn.visit != visit:
                turn = self._begin(event.at_ms, event.origin, visit)
            self._ending = (turn, event.origin)
        if event.text:
            turn.pieces.add(event.text, spaced=event.spaced)

    def _goes_on(self, event: BotText) -> bool:
        if self._ending is None or self._ending[1] != event.origin:
            return False
        turn, origin = self._ending
        return origin is not None or event.at_ms - (turn.end_ms or event.at_ms) <= _EARLY_MS

    def _begin_without_words(self, event: Moment) -> None:
        """Begin the turn of a speech that ends before any of its words was released.

        A voice that does not say when each word comes releases a sentence when it was heard to its end.
        """
        if self._speech_began is None or self._current is not None:
            return
        origin = self._unspoken.under_way(event)
        if origin is not None:
            self._begin(event.at_ms, origin, self._visit_of.requested(origin))

    def _begin(self, at_ms: float, origin: int | None, visit: int | None) -> BotTurn:
        opens = self._current is None
        start_ms = at_ms
        if self._current is not None:
            self._current.end_ms = at_ms
        elif self._speech_began is not None:
            start_ms = self._speech_began
        turn = BotTurn(
            start_ms=start_ms,
            visit=visit,
            origin=origin,
            opens=opens,
            backchannel=origin in self._backchannels,
        )
        self.turns.append(turn)
        self._current = turn
        return turn


class _Origins:
    """Finds the visit whose inference, or other request, produced a piece of the bot's speech."""

    def __init__(self, events: Events, times: VisitTimes, inferences: Sequence[Inference]) -> None:
        self._times = times
        self._inferences = inferences
        ahead = sorted(speaking_for(events))
        self._visit_of = {one.seq: one.visit for one in inferences} | {
            event.seq: self._requested_in(event, ahead) for event in of_kind(events, SpeakRequested)
        }

    def __call__(self, text: BotText) -> int | None:
        if text.origin in self._visit_of:
            return self._visit_of[text.origin]
        # The words of a service that speaks for itself name no request: take the last inference before them.
        earlier = bisect_right(self._inferences, text.at_ms, key=lambda inference: inference.start_ms)
        return self._inferences[earlier - 1].visit if earlier else self._times.at(text.at_ms)

    def requested(self, origin: int) -> int | None:
        return self._visit_of.get(origin)

    def _requested_in(self, request: SpeakRequested, ahead: list[tuple[float, float, int]]) -> int | None:
        # Node changes of one flow follow each other, so few are under way at a time.
        last = bisect_right(ahead, (request.at_ms, float("inf"), 0))
        for began_ms, entered_ms, visit in ahead[max(last - _AT_ONCE, 0) : last]:
            if began_ms <= request.at_ms <= entered_ms:
                return visit
        return self._times.at(request.at_ms)
