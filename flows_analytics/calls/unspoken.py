"""What the bot was going to say when it was cut off."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Sequence
from difflib import SequenceMatcher

from flows_analytics.calls.events import (
    BotText,
    Events,
    Moment,
    SpeakRequested,
    SynthesisStarted,
)
from flows_analytics.calls.inferences import Inference
from flows_analytics.calls.kinds import of_kind
from flows_analytics.calls.pieces import join_pieces

_WORDS_COMPARED = 2000
"""Words of a text that are compared where it was not spoken as written."""


class Unspoken:
    """Knows what was to be said and what was heard of it.

    Args:
        events: The moments of a call.
        inferences: Its inferences.
    """

    def __init__(self, events: Events, inferences: Sequence[Inference]) -> None:
        self._words: dict[int | None, list[BotText]] = defaultdict(list)
        for event in of_kind(events, BotText):
            self._words[event.origin].append(event)
        self._spoken = {event.origin for event in of_kind(events, SynthesisStarted)} | set(self._words)
        # An LLM that classifies beside the conversation writes, too, but never to be spoken.
        speakers = {inference.processor for inference in inferences if inference.seq in self._spoken}
        requests = [(one.start_ms, one.seq, one.text) for one in inferences if one.processor in speakers]
        self._unattributed = sorted(event.at_ms for event in self._words.get(None, ()))
        for event in of_kind(events, SpeakRequested):
            if not event.backchannel:
                requests.append((event.at_ms, event.seq, event.text))
        # What is still to be said, or was said: when it was asked for, by what, and its text.
        self._waiting = deque(sorted((at_ms, seq, text) for at_ms, seq, text in requests if text))

    def under_way(self, event: Moment) -> int | None:
        """Tell what was being said, or was to be said next, when something happened.

        Args:
            event: A moment that a frame told.

        Returns:
            The ``seq`` of the inference or request; None if nothing is known to have been left to say.
        """
        for requested_ms, seq, text in self._waiting:
            if (requested_ms, seq) > (event.at_ms, event.seq):
                break
            if seq in self._spoken and rest_of(text, self._heard(seq, event.at_ms)):
                return seq
        return None

    def cut_at(self, event: Moment) -> str | None:
        """Say what was still to be said when something cut it off. All of it is dropped then, so it is told once.

        Args:
            event: What cut it off, a moment that a frame told; an answer to it may be asked for at the same time.

        Returns:
            The text; None if nothing is known to be missing.
        """
        asked: list[tuple[float, int, str]] = []
        while self._waiting and self._waiting[0][:2] <= (event.at_ms, event.seq):
            asked.append(self._waiting.popleft())
        # Speech is played in the order in which it was asked for: what came before the last one heard is over,
        # whatever its words sounded like.
        heard = [position for position, (_, seq, _) in enumerate(asked) if self._heard(seq, event.at_ms)]
        rests = [
            rest_of(text, self._heard(seq, event.at_ms))
            for requested_ms, seq, text in asked[heard[-1] if heard else 0 :]
            if self._known(seq, requested_ms, event.at_ms)
        ]
        return " ".join(rest for rest in rests if rest) or None

    def _known(self, seq: int, requested_ms: float, at_ms: float) -> bool:
        # Words that name no request may have been of this one.
        first = bisect_left(self._unattributed, requested_ms)
        unattributed = first < len(self._unattributed) and self._unattributed[first] <= at_ms
        return seq in self._spoken or not unattributed

    def _heard(self, seq: int, at_ms: float) -> str:
        return join_pieces(
            (event.text, event.spaced) for event in self._words.get(seq, ()) if event.text and event.at_ms <= at_ms
        )


def rest_of(written: str, heard: str) -> str:
    """Tell what of a text was not heard.

    Args:
        written: The text.
        heard: Its beginning as it was spoken, in which spaces, punctuation and marks may differ.

    Returns:
        The end of the text, from the first word that was not heard; empty if all was.
    """
    letters = [(letter, position) for position, letter in enumerate(written) if letter.isalnum()]
    said = [letter for letter in heard if letter.isalnum()]
    if [letter.casefold() for letter, _ in letters[: len(said)]] == [letter.casefold() for letter in said]:
        rest = [position for _, position in letters[len(said) :]]
        return written[_with_opening_marks(written, rest[0]) :].strip() if rest else ""
    # Not spoken as written (numbers, abbreviations): the last words that both have in common tell how far it got.
    words, spoken = written.split()[:_WORDS_COMPARED], heard.split()[:_WORDS_COMPARED]
    blocks = SequenceMatcher(a=words, b=spoken, autojunk=False).get_matching_blocks()
    reached = max((block.a + block.size for block in blocks if block.size), default=0)
    return " ".join(words[reached:])


def _with_opening_marks(written: str, letter: int) -> int:
    """Where a word begins, with a bracket or quotation mark before its first letter."""
    start = letter
    while start and not written[start - 1].isspace() and not written[start - 1].isalnum():
        start -= 1
    return letter if start and written[start - 1].isalnum() else start
