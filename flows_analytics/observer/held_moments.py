"""HeldMoments: pieces of a text wait until the whole is known, because a redactor has to see the whole."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flows_analytics.calls.events import (
    AnswerDropped,
    BotStarted,
    BotStopped,
    BotText,
    CallEnded,
    CallerBackchannel,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    InferenceEnded,
    InferenceStarted,
    Interrupted,
    KeysPressed,
    KeysSent,
    Moment,
    SpeakRequested,
)
from flows_analytics.calls.keys import KEY_GAP_MS
from flows_analytics.calls.pieces import join_pieces
from flows_analytics.recording.recorder import CallRecorder
from flows_analytics.redaction.redaction import RedactedText, Redaction
from flows_analytics.redaction.written import WrittenText

_KEPT = 256
"""Written texts remembered; a bot speaks one or two at a time."""

_MOST = 5000
"""Pieces that wait at most, more than a speech or a turn has. They are then taken as a whole."""

_DIGITS_KEPT = 80
"""Characters of a turn in which digits at its end are looked for: a card, digit by digit."""

_DIGITS_AT_THE_END = re.compile(r"\d(?:[\W_]{0,4}\d)*+(?=[\W_]*\Z)")

_PIECES: dict[type[Moment], str] = {
    BotText: "text",
    CallerText: "text",
    CallerBackchannel: "text",
    KeysPressed: "keys",
    KeysSent: "keys",
}
"""The moments that are pieces of a text, and the field that has it."""


@dataclass
class _Piece:
    """A moment that waits.

    Attributes:
        kind: Its class.
        at_ns: When it happened.
        fields: The rest of it, as it came.
        loose: Whether it is known to belong to no text that was written.
        told: What may be told of it; None while that is not known.
    """

    kind: type[Moment]
    at_ns: int
    fields: dict[str, Any]
    loose: bool = False
    told: str | None = None

    @property
    def text(self) -> str:
        """What it says."""
        return str(self.fields[_PIECES[self.kind]])


class HeldMoments:
    """Records moments; those that are pieces of a text wait until that text has been redacted as a whole.

    - A word of the bot waits until the LLM has written its answer to the end; one that is in no text that was
      written, until the end of the speech.
    - A transcript of the caller waits until the turn is over. Digits at its end are remembered, and read together
      with those that the next turn begins with unless the bot has spoken to its end in between.
    - A key of the phone waits until no other has followed for three seconds.

    They keep their times; only ``seq`` tells that they waited.

    Args:
        recorder: Where moments go.
        redaction: What hides.
    """

    def __init__(self, recorder: CallRecorder, redaction: Redaction) -> None:
        self._recorder = recorder
        self._bot = _BotWords(self._record, redaction)
        self._caller = _CallerWords(self._record, redaction)
        self._redaction = redaction
        # What either side is dialling.
        self._dialled: dict[type[Moment], _Keys] = {}

    def add(self, kind: type[Moment], at_ns: int, fields: dict[str, Any]) -> int:
        """Record a moment, now or later.

        Args:
            kind: Its class.
            at_ns: When it happened, as a reading of the clock.
            fields: The rest of it.

        Returns:
            Its ``seq``; -1 if it waits.
        """
        if self._dialled:
            self._pass_time(at_ns)
        if kind in _PIECES and fields.get(_PIECES[kind]) is not None and not self._recorder.closed:
            self._take(_Piece(kind, at_ns, fields))
            return -1
        if kind is CallEnded:
            self.release()
        self._bot.before(kind)
        self._caller.before(kind)
        seq = self._recorder.add(kind, at_ns, **fields)
        self._bot.after(kind, seq, fields)
        return seq

    def release(self) -> None:
        """Record all that waits."""
        self._bot.release()
        self._caller.release()
        for keys in self._dialled.values():
            keys.release()
        self._dialled.clear()

    def _take(self, piece: _Piece) -> None:
        if piece.kind is BotText:
            self._bot.take(piece)
            if piece.fields.get("source") == "context":
                self._caller.answered()
        elif piece.kind in (KeysPressed, KeysSent):
            keys = self._dialled.get(piece.kind) or _Keys(self._record, self._redaction)
            self._dialled[piece.kind] = keys
            keys.take(piece)
        else:
            self._caller.take(piece)

    def _pass_time(self, at_ns: int) -> None:
        for kind, keys in tuple(self._dialled.items()):
            if keys.are_over(at_ns):
                keys.release()
                del self._dialled[kind]

    def _record(self, piece: _Piece, told: str) -> None:
        fields = piece.fields
        fields[_PIECES[piece.kind]] = RedactedText(told)
        self._recorder.add(piece.kind, piece.at_ns, **fields)


_Record = Callable[[_Piece, str], None]


class _BotWords:
    """The bot's words, in the order in which they were heard."""

    def __init__(self, record: _Record, redaction: Redaction) -> None:
        self._record = record
        self._redaction = redaction
        # By the moment that asked for it; None while the LLM is still writing.
        self._written: OrderedDict[Any, WrittenText | None] = OrderedDict()
        self._waiting: deque[_Piece] = deque()

    def take(self, piece: _Piece) -> None:
        self._waiting.append(piece)
        self._settle()
        if piece.fields.get("source") == "context" or len(self._waiting) > _MOST:
            # An answer that nothing speaks comes as a whole.
            self._settle(speech_over=True)

    def before(self, kind: type[Moment]) -> None:
        if kind in (BotStopped, Interrupted, AnswerDropped):
            self._settle(speech_over=True)

    def after(self, kind: type[Moment], seq: int, fields: dict[str, Any]) -> None:
        if kind is InferenceStarted:
            self._know(seq, None)
        elif kind is SpeakRequested:
            self._know(seq, fields.get("text") or "")
        elif kind is InferenceEnded:
            self._know(fields["origin"], fields.get("text") or "")
            self._settle()

    def release(self) -> None:
        # What is being written is not written on.
        for origin in [origin for origin, written in self._written.items() if written is None]:
            self._know(origin, "")
        self._settle(speech_over=True)

    def _know(self, origin: Any, text: str | None) -> None:
        self._written[origin] = None if text is None else WrittenText(text, self._redaction.text(text))
        if len(self._written) > _KEPT:
            self._written.popitem(last=False)

    def _settle(self, *, speech_over: bool = False) -> None:
        while self._waiting:
            piece = self._waiting[0]
            told = self._told(piece)
            if told is not None:
                self._record(self._waiting.popleft(), told)
            elif piece.loose and speech_over:
                self._tell_loose()
            else:
                return

    def _told(self, piece: _Piece) -> str | None:
        """What may be told of a piece; None if that is not known yet, or if it is a loose one."""
        if piece.loose or piece.told is not None:
            return piece.told
        origin = piece.fields.get("origin")
        if origin in self._written:
            written = self._written[origin]
            if written is None:
                return None
            piece.told = written.take(piece.text)
        piece.loose = piece.told is None
        return piece.told

    def _tell_loose(self) -> None:
        # What was heard is all there is of the text.
        run = [self._waiting.popleft()]
        while self._waiting and self._told(self._waiting[0]) is None and self._waiting[0].loose:
            run.append(self._waiting.popleft())
        text = join_pieces((piece.text, bool(piece.fields.get("spaced"))) for piece in run)
        _tell(self._record, text, self._redaction.text(text), run)


class _CallerWords:
    """The caller's words in one turn, behind the digits of a number that was begun in the ones before."""

    def __init__(self, record: _Record, redaction: Redaction) -> None:
        self._record = record
        self._redaction = redaction
        self._waiting: list[_Piece] = []
        # What was told of this turn already: a transcript may come late.
        self._told: list[str] = []
        self._open = False
        # Whether the caller cut in on what the bot is saying.
        self._cut_in = False

    def take(self, piece: _Piece) -> None:
        if piece.fields.get("source") == "typed":
            # It comes as a whole.
            self.release()
            self._told = []
            self._waiting.append(piece)
            self.release()
            self._told = []
            return
        self._waiting.append(piece)
        if len(self._waiting) > _MOST:
            self.release()

    def before(self, kind: type[Moment]) -> None:
        if kind is CallerTurnStopped:
            self.release()
            self._open = False
        elif not self._open and kind in (CallerTurnStarted, BotStarted, InferenceStarted):
            self.release()
            if kind is not InferenceStarted:
                self._told = _digits_at_the_end(self._told)
        if kind is CallerTurnStarted:
            self._open = True
        elif kind is BotStarted:
            self._cut_in = False
        elif kind is Interrupted:
            self._cut_in = True
        elif kind is BotStopped and not self._cut_in and not self._open:
            self.answered()

    def answered(self) -> None:
        """The bot has had its say: what comes now is an answer to that."""
        self._told = []

    def release(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        texts = [piece.text for piece in waiting]
        text = " ".join((*self._told, *texts))
        _tell(self._record, text, self._redaction.text(text), waiting, before=self._told)
        self._told = [*self._told, *texts][-_KEPT:]


class _Keys:
    """The keys that one side presses one after the other."""

    def __init__(self, record: _Record, redaction: Redaction) -> None:
        self._record = record
        self._redaction = redaction
        self._waiting: list[_Piece] = []

    def take(self, piece: _Piece) -> None:
        self._waiting.append(piece)

    def are_over(self, at_ns: int) -> bool:
        return at_ns - self._waiting[-1].at_ns > KEY_GAP_MS * 1e6

    def release(self) -> None:
        waiting, self._waiting = self._waiting, []
        keys = "".join(piece.text for piece in waiting)
        text = WrittenText(keys, self._redaction.text(keys))
        for piece in waiting:
            self._record(piece, text.take(piece.text) or "")


def _digits_at_the_end(told: list[str]) -> list[str]:
    found = _DIGITS_AT_THE_END.search(" ".join(told)[-_DIGITS_KEPT:])
    return [found[0]] if found else []


def _tell(
    record: _Record, text: str, redacted: str, pieces: Iterable[_Piece], *, before: Iterable[str] = ()
) -> None:
    whole = WrittenText(text, redacted)
    for said in before:
        whole.skip(said)
    for piece in pieces:
        record(piece, whole.take(piece.text) or "")
