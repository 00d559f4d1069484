"""What the bot did to answer: inferences, functions, node changes and speech, as intervals."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from flows_analytics.calls.events import (
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
        self._inferences = _inferences(events, self._tokens)
        self._functions = [
            Interval("function", life.called.at_ms, life.ended_ms, life.function) for life in lives if life.called
        ]
        self._changes = _changes(events)
        # What makes an inference after it a second one: the functions, or what came of those we cannot see.
        self._functions_ms = [interval.start_ms for interval in self._functions] + [
            event.at_ms for event in events if isinstance(event, NodeChangeBegan) and event.cause == "function"
        ]

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
        intervals = [
            interval
            for interval in (*self._functions, *self._changes)
            # What had begun before and still went on went on beside the conversation.
            if since_ms <= interval.start_ms <= heard_ms or since_ms <= interval.end_ms <= heard_ms
        ]
        for inference in self._inferences:
            if not since_ms <= inference.start_ms <= heard_ms and inference.seq != origin:
                continue
            # An LLM that wrote something else than this answer classifies beside the conversation.
            if inference.wrote and inference.seq != origin and origin is not None:
                continue
            second = any(since_ms <= at_ms <= inference.start_ms for at_ms in self._functions_ms)
            name = "second_inference" if second else "llm_first_token"
            start_ms = inference.start_ms
            if inference.seq == origin and self._speaks_itself(origin) and decided_ms is not None:
                # A speech-to-speech LLM may say that it answers only when it begins to speak: it has been at it
                # since the turn was over, or since the last function was.
                done = [event.end_ms for event in (*self._functions, *self._changes) if event.end_ms <= start_ms]
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

    def first_after(self, at_ms: float, before_ms: float | None) -> int | None:
        """Find the first inference in a stretch of time that wrote text.

        Args:
            at_ms: Its beginning.
            before_ms: Its end; None for the end of the call.

        Returns:
            Its ``seq``; None if there is none.
        """
        for inference in self._inferences:
            if inference.start_ms >= at_ms and inference.wrote:
                return inference.seq if before_ms is None or inference.start_ms < before_ms else None
        return None


def _inferences(events: Events, tokens: dict[int, float]) -> list[_Inference]:
    started = sorted((e for e in events if isinstance(e, InferenceStarted)), key=lambda event: event.at_ms)
    ended = {event.origin: event for event in events if isinstance(event, InferenceEnded)}
    calls = sorted(e.at_ms for e in events if isinstance(e, FunctionRequested | FunctionCalled))
    inferences: list[_Inference] = []
    next_of: dict[str | None, InferenceStarted] = {}
    for event in reversed(started):
        end = ended.get(event.seq)
        later = next_of.get(event.processor)
        next_of[event.processor] = event
        outputs = [at for at in (tokens.get(event.seq), end.at_ms if end else None) if at is not None]
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
