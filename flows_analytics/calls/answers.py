"""What the bot did to answer: inferences, functions, node changes and speech, as intervals."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from flows_analytics.calls.events import (
    BotText,
    Events,
    FirstAudio,
    NodeChangeBegan,
    NodeChangeFailed,
    NodeEntered,
    SynthesisStarted,
)
from flows_analytics.calls.inferences import Inference
from flows_analytics.calls.intervals import Interval
from flows_analytics.calls.kinds import of_kind, of_kinds
from flows_analytics.calls.lives import Life


class Answers:
    """Knows what was under way on the bot's side at any time.

    Args:
        events: The moments of a call.
        lives: Its function calls.
        inferences: Its inferences, in the order in which they began.
    """

    def __init__(self, events: Events, lives: Sequence[Life], inferences: Sequence[Inference]) -> None:
        self._inferences = inferences
        self._by_seq = {inference.seq: inference for inference in inferences}
        self._synthesis: dict[int | None, float] = {}
        self._audio: dict[int | None, float] = {}
        for event in of_kind(events, SynthesisStarted):
            self._synthesis.setdefault(event.origin, event.at_ms)
        for event in of_kind(events, FirstAudio):
            self._audio.setdefault(event.origin, event.at_ms)
        spoken = {event.origin for event in of_kind(events, BotText)} | {
            *self._synthesis,
            *self._audio,
        }
        self._spoken = [inference for inference in inferences if inference.seq in spoken]
        functions = [
            Interval("function", life.called.at_ms, life.ended_ms, life.function) for life in lives if life.called
        ]
        changes = _changes(events)
        self._others = _Intervals([*functions, *changes])
        # What makes an inference after it a second one: the functions, or what came of those we cannot see.
        self._functions_ms = sorted(
            [interval.start_ms for interval in functions]
            + [e.at_ms for e in of_kind(events, NodeChangeBegan) if e.cause == "function"]
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
            if inference.first_token_ms is not None and inference.seq != origin and origin is not None:
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
            output_ms = inference.start_ms if inference.output_ms is None else inference.output_ms
            intervals.append(Interval(name, start_ms, output_ms, inference.processor))
        answer = self._by_seq.get(origin) if origin is not None else None
        token_ms = answer.first_token_ms if answer is not None else None
        synthesis_ms, audio_ms = (
            table.get(origin) if origin is not None else None for table in (self._synthesis, self._audio)
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

    def _inferences_of(self, since_ms: float, heard_ms: float, origin: int | None) -> Sequence[Inference]:
        first = bisect_left(self._inferences, since_ms, key=_start)
        found = self._inferences[first : bisect_right(self._inferences, heard_ms, key=_start)]
        asked = self._by_seq.get(origin) if origin is not None else None
        return found if asked is None or since_ms <= asked.start_ms <= heard_ms else [asked, *found]

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
        first = bisect_left(self._spoken, at_ms, key=_start)
        if first == len(self._spoken) or (before_ms is not None and self._spoken[first].start_ms >= before_ms):
            return None
        return self._spoken[first].seq


def _start(inference: Inference) -> float:
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


def _changes(events: Events) -> list[Interval]:
    began: dict[int, NodeChangeBegan] = {}
    changes: list[Interval] = []
    for event in of_kinds(events, NodeChangeBegan, NodeEntered, NodeChangeFailed):
        if isinstance(event, NodeChangeBegan):
            began[event.change] = event
        elif event.change in began:
            start = began.pop(event.change)
            changes.append(Interval("node_change", start.at_ms, event.at_ms, start.node))
    return changes
