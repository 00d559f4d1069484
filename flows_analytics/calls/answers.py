"""What the bot did to answer: inferences, functions, node changes and speech, as intervals."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from flows_analytics.calls.events import (
    BotText,
    Events,
    FirstAudio,
    FirstToken,
    FunctionCalled,
    FunctionRequested,
    InferenceEnded,
    InferenceStarted,
    NodeChangeBegan,
    NodeChangeFailed,
    NodeEntered,
    SynthesisStarted,
)
from flows_analytics.calls.intervals import Interval
from flows_analytics.calls.lives import Life


@dataclass(frozen=True)
class _Inference:
    """An inference: when it began, and when it first gave something.

    Attributes:
        seq: Its ``seq``.
        processor: The LLM service.
        start_ms: When it began.
        output_ms: When its first text or its first function call came, or it ended without any.
        wrote: Whether it wrote text.
    """

    seq: int
    processor: str | None
    start_ms: float
    output_ms: float
    wrote: bool


class Answers:
    """Knows what was under way on the bot's side at any time.

    Args:
        events: The moments of a call.
        lives: Its function calls.
    """

    def __init__(self, events: Events, lives: Sequence[Life]) -> None:
        self._tokens = {event.origin: event.at_ms for event in events if isinstance(event, FirstToken)}
        self._synthesis: dict[int | None, float] = {}
        self._audio: dict[int | None, float] = {}
        for event in events:
            if isinstance(event, SynthesisStarted):
                self._synthesis.setdefault(event.origin, event.at_ms)
            elif isinstance(event, FirstAudio):
                self._audio.setdefault(event.origin, event.at_ms)
        self._spoken = {event.origin for event in events if isinstance(event, BotText)} | {
            *self._synthesis,
            *self._audio,
        }
        self._inferences = _inferences(events, self._tokens)
        self._by_seq = {inference.seq: inference for inference in self._inferences}
        functions = [
            Interval("function", life.called.at_ms, life.ended_ms, life.function) for life in lives if life.called
        ]
        changes = _changes(events)
        self._others = _Intervals([*functions, *changes])
        # What makes an inference after it a second one: the functions, or what came of those we cannot see.
        self._functions_ms = sorted(
            [interval.start_ms for interval in functions]
            + [e.at_ms for e in events if isinstance(e, NodeChangeBegan) and e.cause == "function"]
        )

    def until(
        self, heard_ms: float, origin: int | None, *, since_ms: float, decided_ms: float | None = None
    ) -> list[Interval]:
        """Tell what was under way on the way to the first audio of an answer.

        Args:
            heard_ms: When that audio was played.
            origin: ``seq`` of the inference or request that produced it; None if unknown.
            since_ms: From when on.
            decided_ms: When it was decided that the caller's turn was over; None if no turn is answered.

        Returns:
            The intervals; they may overlap and reach beyond.
        """
        # What had begun before and still went on at the end went on beside the conversation.
        others = self._others.touching(since_ms, heard_ms)
        intervals = list(others)
        for inference in self._inferences_of(since_ms, heard_ms, origin):
            # An LLM that wrote something else than this answer classifies beside the conversation.
            if inference.wrote and inference.seq != origin and origin is not None:
                continue
            function = bisect_left(self._functions_ms, since_ms)
            second = function < len(self._functions_ms) and self._functions_ms[function] <= inference.start_ms
            name = "second_inference" if second else "llm_first_token"
            start_ms = inference.start_ms
            if inference.seq == origin and self._speaks_itself(origin) and decided_ms is not None:
                # A speech-to-speech LLM may say that it answers only when it begins to speak: it has been at it
                # since the turn was over, or since the last function was.
                done = [other.end_ms for other in others if other.end_ms <= start_ms]
                start_ms = min(start_ms, max([decided_ms, *done]))
            intervals.append(Interval(name, start_ms, inference.output_ms, inference.processor))
        token_ms, synthesis_ms, audio_ms = (
            table.get(origin) if origin is not None else None
            for table in (self._tokens, self._synthesis, self._audio)
        )
        if token_ms is not None and synthesis_ms is not None:
            intervals.append(Interval("text_aggregation", token_ms, synthesis_ms))
        if synthesis_ms is not None and audio_ms is not None:
            intervals.append(Interval("speech_synthesis", synthesis_ms, audio_ms))
        if audio_ms is not None:
            intervals.append(Interval("output", audio_ms, heard_ms))
        return intervals

    def _speaks_itself(self, origin: int | None) -> bool:
        return origin in self._audio and origin not in self._synthesis

    def _inferences_of(self, since_ms: float, heard_ms: float, origin: int | None) -> list[_Inference]:
        first = bisect_left(self._inferences, since_ms, key=_start)
        found = self._inferences[first : bisect_right(self._inferences, heard_ms, key=_start)]
        asked = self._by_seq.get(origin) if origin is not None else None
        return found if asked is None or asked in found else [asked, *found]

    def began_within(self, since_ms: float, until_ms: float) -> bool:
        """Tell whether an inference began in a stretch of time.

        Args:
            since_ms: Its beginning.
            until_ms: Its end.

        Returns:
            Whether one did.
        """
        first = bisect_left(self._inferences, since_ms, key=_start)
        return first < len(self._inferences) and self._inferences[first].start_ms <= until_ms

    def first_after(self, at_ms: float, before_ms: float | None) -> int | None:
        """Find the first inference in a stretch of time that was spoken, or in a pipeline without speech read.

        Args:
            at_ms: Its beginning.
            before_ms: Its end; None for the end of the call.

        Returns:
            Its ``seq``; None if there is none.
        """
        for inference in self._inferences[bisect_left(self._inferences, at_ms, key=_start) :]:
            if before_ms is not None and inference.start_ms >= before_ms:
                return None
            if inference.seq in self._spoken:
                return inference.seq
        return None


def _start(inference: _Inference) -> float:
    return inference.start_ms


class _Intervals:
    """Finds the intervals that begin or end in a stretch of time, without looking at all of them."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        self._by_start = sorted(intervals, key=lambda interval: interval.start_ms)
        self._by_end = sorted(intervals, key=lambda interval: interval.end_ms)

    def touching(self, since_ms: float, until_ms: float) -> list[Interval]:
        """Those that begin or end in it, its edges included."""
        first = bisect_left(self._by_start, since_ms, key=lambda interval: interval.start_ms)
        last = bisect_right(self._by_start, until_ms, key=lambda interval: interval.start_ms)
        begun = self._by_start[first:last]
        first = bisect_left(self._by_end, since_ms, key=lambda interval: interval.end_ms)
        last = bisect_right(self._by_end, until_ms, key=lambda interval: interval.end_ms)
        return [*(one for one in self._by_end[first:last] if one.start_ms < since_ms), *begun]


def _inferences(events: Events, tokens: dict[int, float]) -> list[_Inference]:
    started = sorted((e for e in events if isinstance(e, InferenceStarted)), key=lambda event: event.at_ms)
    ended = {event.origin: event for event in events if isinstance(event, InferenceEnded)}
    asked: dict[str | None, list[float]] = defaultdict(list)
    for event in events:
        if isinstance(event, FunctionRequested):
            asked[event.processor].append(event.at_ms)
    if not asked:
        # A record made before requests were recorded.
        asked[None] = [event.at_ms for event in events if isinstance(event, FunctionCalled)]
    inferences: list[_Inference] = []
    next_of: dict[str | None, InferenceStarted] = {}
    for event in reversed(started):
        end = ended.get(event.seq)
        later = next_of.get(event.processor)
        next_of[event.processor] = event
        outputs = [at for at in (tokens.get(event.seq), end.at_ms if end else None) if at is not None]
        calls = sorted(asked[event.processor] if event.processor in asked else asked[None])
        call = bisect_right(calls, event.at_ms)
        if call < len(calls) and (later is None or calls[call] < later.at_ms):
            outputs.append(calls[call])
        inferences.append(
            _Inference(
                seq=event.seq,
                processor=event.processor,
                start_ms=event.at_ms,
                output_ms=min(outputs, default=event.at_ms),
                wrote=event.seq in tokens,
            )
        )
    return inferences[::-1]


def _changes(events: Events) -> list[Interval]:
    began: dict[int, NodeChangeBegan] = {}
    changes: list[Interval] = []
    for event in events:
        if isinstance(event, NodeChangeBegan):
            began[event.change] = event
        elif isinstance(event, NodeEntered | NodeChangeFailed) and event.change in began:
            start = began.pop(event.change)
            changes.append(Interval("node_change", start.at_ms, event.at_ms, start.node))
    return changes
