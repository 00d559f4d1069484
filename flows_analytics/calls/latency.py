"""Latency: how long the caller waited for the bot, and for what."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from flows_analytics.calls.answers import Answers
from flows_analytics.calls.caller_turns import CallerTurn
from flows_analytics.calls.events import CallerMuted, CallerUnmuted, ClientConnected, Events
from flows_analytics.calls.intervals import Contribution, Interval, divide
from flows_analytics.calls.kinds import of_kind, of_kinds

MeasuredFrom = Literal["speech", "turn", "typed", "connected"]
"""Where a wait begins: the end of the caller's speech, the end of his turn where no voice was detected, the
arrival of what he typed, or his connection."""

_ANSWERED_MS = 2000.0
"""How long after a turn without words an inference may still begin because of it."""


@dataclass(frozen=True)
class Latency:
    """How long the caller waited for the bot's first audio.

    Attributes:
        ms: How long.
        measured_from: Where the wait begins.
        contributions: What it consisted of, in order, adding up to it exactly; empty if that was not asked for.
    """

    ms: float
    measured_from: MeasuredFrom
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True)
class _Start:
    at_ms: float
    # When it was known: a wait ends no earlier.
    known_ms: float
    # None if it is known only that the caller had spoken by then.
    measured_from: MeasuredFrom | None
    before_llm: tuple[Interval, ...] = ()


class Waits:
    """Measures how long the caller waited for each turn of the bot that answers him.

    Args:
        events: The moments of a call.
        turns: The caller's turns.
        answers: What the bot did to answer.
        divide: Whether to tell what each wait consisted of.
    """

    def __init__(
        self, events: Events, turns: Sequence[CallerTurn], answers: Answers, *, divide: bool = True
    ) -> None:
        self._answers = answers
        self._divide = divide
        self._connected = sorted(event.at_ms for event in of_kind(events, ClientConnected))
        muted = _muted(events)
        self._starts = sorted(
            (
                start
                for turn in turns
                if not turn.backchannel
                for start in _starts(turn)
                if not _within(muted, start.known_ms)
                # A turn in which nothing was transcribed may be a cough; one that was answered was none.
                and (turn.spoke or answers.began_within(start.known_ms, start.known_ms + _ANSWERED_MS))
            ),
            key=lambda start: start.known_ms,
        )
        self._known = [start.known_ms for start in self._starts]

    def of(self, speeches: Iterable[tuple[float, int | None]]) -> list[Latency | None]:
        """Measure the waits for stretches of the bot's speech.

        Args:
            speeches: When each began, in order of time, and the ``seq`` of what produced its first words.

        Returns:
            The wait for each; None if the caller had said nothing since the one before, so that nothing of another
            turn is ever measured.
        """
        waits: list[Latency | None] = []
        before_ms: float | None = None
        for began_ms, origin in speeches:
            start = self._start_of(began_ms, before_ms)
            measured_from = start and start.measured_from
            waits.append(
                self._measure(start, measured_from, began_ms, origin) if start and measured_from else None
            )
            before_ms = began_ms
        return waits

    def _start_of(self, began_ms: float, before_ms: float | None) -> _Start | None:
        position = bisect_left(self._known, began_ms) - 1
        if position >= 0 and (before_ms is None or self._known[position] >= before_ms):
            return self._starts[position]
        connected = bisect_right(self._connected, began_ms) - 1
        if connected >= 0 and (before_ms is None or self._connected[connected] > before_ms):
            return _Start(self._connected[connected], self._connected[connected], "connected")
        return None

    def _measure(self, start: _Start, measured_from: MeasuredFrom, began_ms: float, origin: int | None) -> Latency:
        waited_ms = round(began_ms - start.at_ms, 3)
        if not self._divide:
            return Latency(waited_ms, measured_from, ())
        decided_ms = max([interval.end_ms for interval in start.before_llm], default=start.at_ms)
        answering = self._answers.until(began_ms, origin, since_ms=start.at_ms, decided_ms=decided_ms)
        contributions = divide(start.at_ms, began_ms, [*start.before_llm, *answering])
        return Latency(waited_ms, measured_from, contributions)


def _starts(turn: CallerTurn) -> Iterable[_Start]:
    """Find where waits for an answer to a turn can begin: each end of speech in it, its end, or its arrival."""
    if turn.typed:
        yield _Start(turn.start_ms, turn.start_ms, "typed")
    for voice in turn.voices:
        if voice.end_ms is not None and voice.silent_ms is not None:
            # A strategy may be sure of the end before silence has lasted long enough.
            known_ms = min(voice.silent_ms, turn.stopped_ms or voice.silent_ms)
            after = _after_speech(turn, voice.end_ms, max(known_ms, voice.end_ms))
            yield _Start(voice.end_ms, max(known_ms, voice.end_ms), "speech", after)
    if not turn.voices and not turn.typed and turn.end_ms is not None:
        # Where nothing told that the turn was over, it lasts until the bot speaks, which is no wait.
        yield _Start(turn.end_ms, turn.end_ms, "turn" if turn.stopped_ms is not None else None)


def _muted(events: Events) -> list[tuple[float, float]]:
    """Find the stretches in which what the caller says is ignored: in order, and apart from each other."""
    stretches: list[tuple[float, float]] = []
    since_ms: float | None = None
    for event in of_kinds(events, CallerMuted, CallerUnmuted):
        if isinstance(event, CallerMuted):
            since_ms = event.at_ms if since_ms is None else since_ms
        elif since_ms is not None:
            stretches.append((since_ms, event.at_ms))
            since_ms = None
    if since_ms is not None:
        stretches.append((since_ms, float("inf")))
    apart: list[tuple[float, float]] = []
    # In a record edited by hand they may overlap.
    for begun_ms, over_ms in sorted(stretches):
        if apart and begun_ms <= apart[-1][1]:
            apart[-1] = apart[-1][0], max(apart[-1][1], over_ms)
        else:
            apart.append((begun_ms, over_ms))
    return apart


def _within(stretches: Sequence[tuple[float, float]], at_ms: float) -> bool:
    begun = bisect_right(stretches, at_ms, key=lambda stretch: stretch[0])
    return begun > 0 and at_ms < stretches[begun - 1][1]


def _after_speech(turn: CallerTurn, end_ms: float, silent_ms: float) -> tuple[Interval, ...]:
    intervals = [Interval("end_of_turn_wait", end_ms, silent_ms)]
    stopped_ms = turn.stopped_ms
    texts = len(turn.texts_ms) if stopped_ms is None else bisect_right(turn.texts_ms, stopped_ms)
    decided_from = silent_ms
    if texts and turn.texts_ms[texts - 1] > silent_ms:
        decided_from = turn.texts_ms[texts - 1]
        intervals.append(Interval("transcription", silent_ms, decided_from))
    if stopped_ms is not None and stopped_ms > decided_from:
        intervals.append(Interval("turn_decision", decided_from, stopped_ms, turn.strategy))
    return tuple(intervals)
