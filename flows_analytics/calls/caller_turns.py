"""The caller's turns, put together from voice activity, turn decisions and transcripts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from flows_analytics.calls.events import (
    BotStarted,
    BotStopped,
    CallerBackchannel,
    CallerText,
    CallerTextBegan,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerVoiceStarted,
    CallerVoiceStopped,
    Events,
    FirstAudio,
    Interrupted,
    Moment,
    SynthesisStarted,
    TurnDecided,
)
from flows_analytics.calls.kinds import of_kind, of_kinds
from flows_analytics.calls.pieces import Pieces, by_time

_CLAIM_MS = 2000.0
"""How long after a stretch of voice a turn may still be begun because of it: strategies that wait for a transcript
decide after the voice has stopped."""

_LATE_MS = 5000.0
"""How long after a turn's voice a transcript may still come for it, once the next turn has begun."""

_OVER_MS = 500.0
"""How soon after the bot's speech nobody can have said something and been transcribed."""

_CLASSIFIED_MS = 2000.0
"""How long after a transcript something may still say that it was but an acknowledgement."""

_DECIDED_MS = 250.0
"""How far from the end of a turn the event that names its strategy may be: Pipecat runs its handlers in tasks."""


@dataclass
class Voice:
    """A stretch of voice.

    Attributes:
        start_ms: When it began: the decision minus the time it took to decide.
        end_ms: When it ended, likewise; None while it lasts.
        silent_ms: When it was decided that it had ended; None while it lasts.
    """

    start_ms: float
    end_ms: float | None = None
    silent_ms: float | None = None


@dataclass
class CallerTurn:
    """A turn of the caller, being put together.

    Attributes:
        start_ms: When the speech began.
        end_ms: When it ended; None while it was not seen to.
        voices: The stretches of voice in it; empty without voice activity detection.
        pieces: The words.
        texts_ms: When each final transcript came.
        stopped_ms: When it was decided that the turn was over; None if it was not.
        strategy: What decided so; None if nobody told.
        spoke: Whether anything was transcribed or typed.
        typed: Whether it was typed.
        backchannel: Whether it only acknowledged what the bot was saying.
        language: Language code; None if not told.
        user_id: Who spoke; None if not told.
        partial: Whether a partial transcript waits for its final one.
    """

    start_ms: float
    end_ms: float | None = None
    voices: list[Voice] = field(default_factory=list[Voice])
    pieces: Pieces = field(default_factory=Pieces)
    texts_ms: list[float] = field(default_factory=list[float])
    stopped_ms: float | None = None
    strategy: str | None = None
    spoke: bool = False
    typed: bool = False
    backchannel: bool = False
    language: str | None = None
    user_id: str | None = None
    partial: bool = False

    def says(self, event: CallerText | CallerBackchannel) -> None:
        """Add words.

        Args:
            event: A transcript.
        """
        if not self.texts_ms and not self.voices:
            # A strategy that decides on words does so after them.
            self.start_ms = min(self.start_ms, event.at_ms)
        self.spoke = True
        self.partial = False
        self.texts_ms.append(event.at_ms)
        self.user_id = self.user_id or event.user_id
        if isinstance(event, CallerText):
            self.language = self.language or event.language
        if event.text:
            self.pieces.add(event.text)


def read_caller_turns(events: Events) -> list[CallerTurn]:
    """Join the caller's speech into turns.

    Args:
        events: The moments of the call.

    Returns:
        The turns in the order in which they were noticed, also those in which nothing was transcribed.
    """
    caller = _Caller(late=_only_the_model_hears(events))
    replaced = _acknowledgements(events)
    for event in _after_their_voice(by_time(events, _KINDS)):
        if event.seq not in replaced:
            caller.take(event)
    for turn in caller.turns:
        turn.start_ms = round(max(turn.start_ms, 0.0), 3)
        turn.end_ms = None if turn.end_ms is None else round(max(turn.end_ms, turn.start_ms), 3)
    _name_strategies(events, caller.turns)
    return caller.turns


_KINDS = (
    CallerVoiceStarted,
    CallerVoiceStopped,
    CallerTurnStarted,
    CallerTurnStopped,
    CallerText,
    CallerTextBegan,
    CallerBackchannel,
    BotStarted,
    BotStopped,
    Interrupted,
)


def _after_their_voice(events: list[Moment]) -> Iterator[Moment]:
    """Put what was recognised before the voice was decided upon behind that decision.

    It takes some 200 ms of voice to decide that there is one, and recognition may be faster.
    """
    early: list[Moment] = []
    speaking = False
    for event in events:
        if isinstance(event, CallerText | CallerTextBegan) and not speaking:
            early.append(event)
            continue
        if isinstance(event, CallerVoiceStarted):
            since_ms = event.at_ms - event.lag_ms
            yield from (word for word in early if word.at_ms < since_ms)
            yield event
            yield from (word for word in early if word.at_ms >= since_ms)
        elif isinstance(event, CallerTurnStarted) and not speaking:
            # A strategy that decides on words decides right after them.
            since_ms = event.at_ms - _DECIDED_MS
            yield from (word for word in early if word.at_ms < since_ms)
            yield event
            yield from (word for word in early if word.at_ms >= since_ms)
        else:
            yield from early
            yield event
        early = []
        if isinstance(event, CallerVoiceStarted | CallerVoiceStopped):
            speaking = isinstance(event, CallerVoiceStarted)
    yield from early


def _acknowledgements(events: Events) -> set[int]:
    """Find the transcripts that a filter behind the recognizer replaced by an acknowledgement."""
    replaced: set[int] = set()
    last: CallerText | None = None
    # Both are frames, so their order is that of recording.
    for event in of_kinds(events, CallerText, CallerBackchannel):
        if isinstance(event, CallerText):
            last = event if event.source == "speech" else last
        elif last is None:
            continue
        elif 0 <= event.at_ms - last.at_ms <= _CLASSIFIED_MS and last.text == event.text:
            replaced.add(last.seq)
    return replaced


def _only_the_model_hears(events: Events) -> bool:
    """Tell whether a speech-to-speech LLM decides on turns and nothing says when the caller speaks."""
    synthesized = {event.origin for event in of_kind(events, SynthesisStarted)}
    return any(event.origin not in synthesized for event in of_kind(events, FirstAudio)) and not (
        of_kind(events, CallerVoiceStarted) or of_kind(events, CallerTurnStarted)
    )


class _Caller:
    """Puts the caller's turns together, moment by moment.

    A turn is what Pipecat's turn strategy says it is, stretched back to where the voice behind it began. Voice
    that no turn claims is a cough. Without a strategy, a turn is what is transcribed until the bot speaks.

    Args:
        late: Whether what is transcribed while the bot goes on speaking came late, and is what the bot answers. So
            it is where only the model hears the caller: words said over the bot would have made it stop.
    """

    def __init__(self, *, late: bool) -> None:
        self.turns: list[CallerTurn] = []
        self._late = late
        # If so: when the bot's speech began, what it answers, as far as known, and until when words are of that.
        self._answer_ms: float | None = None
        self._answered: CallerTurn | None = None
        self._late_until: float | None = None
        self._open: CallerTurn | None = None
        # The turn that a transcript may still come for, when none is open.
        self._last: CallerTurn | None = None
        self._by_strategy = False
        # A stretch of voice that no turn has claimed yet.
        self._voice: Voice | None = None
        # Whether a partial transcript of that stretch has come.
        self._voice_partial = False

    def take(self, event: Moment) -> None:
        match event:
            case CallerVoiceStarted():
                voice = Voice(event.at_ms - event.lag_ms)
                if self._open is not None:
                    self._open.voices.append(voice)
                else:
                    self._voice, self._voice_partial = voice, False
            case CallerVoiceStopped():
                self._silent(event)
            case CallerTurnStarted():
                if not self._by_strategy or self._open is None:
                    self._start(event.at_ms)
            case CallerTurnStopped():
                self._close(event.at_ms, stopped=True)
            case CallerTextBegan():
                self._partial()
            case CallerText(source="typed"):
                self._close(event.at_ms)
                self._voice = None
                turn = self._begin(event.at_ms)
                turn.typed = True
                turn.says(event)
                self._close(event.at_ms)
                self._last = None
            case CallerText():
                turn = self._answered_late(event.at_ms) or self._turn_of_text(event.at_ms)
                (turn or self._begin(event.at_ms)).says(event)
            case CallerBackchannel():
                self._acknowledge(event)
            case _:
                self._bot_speaks(event)

    def _bot_speaks(self, event: Moment) -> None:
        match event:
            case BotStarted():
                if self._late:
                    self._answer_ms, self._answered, self._late_until = event.at_ms, self._open, None
                if not self._by_strategy:
                    self._close(event.at_ms)
                    self._last = None
            case BotStopped():
                self._late_until = event.at_ms + _OVER_MS
            case Interrupted():
                self._answer_ms = None
            case _:
                pass

    def _start(self, at_ms: float) -> None:
        turn = self._open
        if turn is None or at_ms - max([turn.start_ms, *turn.texts_ms]) > _CLAIM_MS:
            self._close(at_ms)
            self._begin(at_ms)
        # Else words were recognised before the strategy decided on them, and the turn is theirs.
        self._by_strategy = True

    def _begin(self, at_ms: float) -> CallerTurn:
        turn = CallerTurn(start_ms=at_ms)
        voice = self._claim(at_ms)
        if voice is not None:
            turn.start_ms, turn.end_ms, turn.voices = voice.start_ms, voice.end_ms, [voice]
            turn.partial = self._voice_partial
        self._by_strategy = False
        self._open = self._last = turn
        self.turns.append(turn)
        return turn

    def _claim(self, at_ms: float) -> Voice | None:
        voice, self._voice = self._voice, None
        if voice is not None and voice.end_ms is not None and at_ms - voice.end_ms > _CLAIM_MS:
            return None
        return voice

    def _silent(self, event: CallerVoiceStopped) -> None:
        end_ms = event.at_ms - event.lag_ms
        turn = self._open
        voice = self._voice if turn is None else (turn.voices[-1] if turn.voices else None)
        if turn is None and voice is None:
            # A strategy may be sure that the turn is over before silence has lasted long enough to be one.
            turn = self.turns[-1] if self.turns else None
            voice = turn.voices[-1] if turn is not None and turn.voices else None
            if voice is None or voice.end_ms is not None:
                return
        if turn is not None:
            turn.end_ms = end_ms
            if voice is None or voice.end_ms is not None:
                # It began before we looked.
                voice = Voice(turn.start_ms)
                turn.voices.append(voice)
        if voice is not None:
            voice.end_ms, voice.silent_ms = end_ms, event.at_ms

    def _close(self, at_ms: float, *, stopped: bool = False) -> None:
        turn = self._open
        if turn is not None:
            if turn.end_ms is None:
                turn.end_ms = at_ms if stopped or not turn.texts_ms else turn.texts_ms[-1]
            if stopped:
                turn.stopped_ms = at_ms
        self._open = None

    def _partial(self) -> None:
        if self._open is not None:
            self._open.partial = True
        elif self._voice is not None:
            self._voice_partial = True
        elif self._last is not None:
            self._last.partial = True

    def _answered_late(self, at_ms: float) -> CallerTurn | None:
        """Find the turn of words that were transcribed when the bot was answering them already."""
        if self._answer_ms is None or (self._late_until is not None and at_ms > self._late_until):
            return None
        if self._answered is None:
            self._answered = CallerTurn(start_ms=self._answer_ms, end_ms=self._answer_ms)
            self.turns.append(self._answered)
        return self._answered

    def _turn_of_text(self, at_ms: float) -> CallerTurn | None:
        """Find the turn of a final transcript: the last begun, unless it came late for the one before.

        Speech recognition is always late, never early. A transcript that comes while the caller's first words of a
        turn are still being said, and nothing of them has been recognised, was made of what was said before.
        """
        if self._open is None and self._voice is None:
            last = self._last
            ended_ms = last.stopped_ms or last.end_ms if last is not None else None
            return last if ended_ms is None or at_ms - ended_ms <= _LATE_MS else None
        before = self._before(self._open)
        if before is None or not before.voices or at_ms - (before.voices[-1].silent_ms or at_ms) > _LATE_MS:
            return self._open
        if not before.spoke and before.partial:
            return before
        if self._open is not None:
            unheard = len(self._open.voices) == 1 and self._open.voices[0].end_ms is None
            unheard = unheard and not self._open.partial and not self._open.spoke
        else:
            unheard = self._voice is not None and self._voice.end_ms is None and not self._voice_partial
        return before if unheard and (before.partial or not before.spoke) else self._open

    def _before(self, turn: CallerTurn | None) -> CallerTurn | None:
        # A turn that was typed waits for no transcript.
        spoken = [earlier for earlier in self.turns[-2:] if earlier is not turn and not earlier.typed]
        return spoken[-1] if spoken else None

    def _acknowledge(self, event: CallerBackchannel) -> None:
        turn = CallerTurn(start_ms=event.at_ms, end_ms=event.at_ms, backchannel=True)
        voice = self._claim(event.at_ms) if self._open is None else None
        if voice is not None:
            turn.start_ms, turn.end_ms, turn.voices = voice.start_ms, voice.end_ms, [voice]
        turn.says(event)
        self.turns.append(turn)


def _name_strategies(events: Events, turns: list[CallerTurn]) -> None:
    stopped = sorted(
        (turn.stopped_ms, position) for position, turn in enumerate(turns) if turn.stopped_ms is not None
    )
    for event in of_kind(events, TurnDecided):
        if event.decision == "started":
            continue
        after = bisect_left(stopped, (event.at_ms, -1))
        near = stopped[max(after - 1, 0) : after + 1]
        stopped_ms, position = min(near, key=lambda stop: abs(stop[0] - event.at_ms), default=(None, -1))
        if stopped_ms is not None and abs(stopped_ms - event.at_ms) <= _DECIDED_MS:
            turn = turns[position]
            turn.strategy = turn.strategy or event.strategy or event.decision
