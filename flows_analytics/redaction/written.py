"""WrittenText: a text that was redacted as a whole, and what may be told of the pieces in which it is said."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

WITHHELD = "<withheld>"
"""Stands for words that are not in a text of which something is hidden."""

_TOKEN = re.compile(r"\s*(?:<[\w ]+>|\[[\w ]+\]|\w+|\S)|\s+")
"""What texts are compared by. A label is one token, so that no word of it is taken for one of the text."""

_TOKENS_HIDDEN = 200
"""The longest stretch that is looked for when something was hidden. Of a longer one the end is not found, and all
that follows counts as hidden."""

_MARKS = ".,;:!?)"
"""What is told with a label that it follows, so that no space comes between."""

_AHEAD = 60
"""Letters by which what is said may jump ahead in what is written."""


class _Span(NamedTuple):
    """A part of the text: where it is written, where its redaction is, and whether that is something else."""

    start: int
    end: int
    shown_start: int
    shown_end: int
    hidden: bool


class WrittenText:
    """Follows a text piece by piece and tells of each piece only what the redacted text shows there.

    Whatever is told of a piece is either a part of the redacted text, or the piece itself where the redacted text
    has the same letters. The parts follow each other. So nothing that was hidden in the whole can come out in a
    piece, nor in several of them joined, however the text is cut: a wrong guess about where a piece belongs tells
    the wrong part of what may be told.

    Args:
        written: The text.
        redacted: The same text as the redactor returned it.
    """

    def __init__(self, written: str, redacted: str) -> None:
        self._written = written
        self._redacted = redacted
        self.hides = written != redacted
        """Whether the redactor changed anything in it."""
        self._spans = _spans(written, redacted)
        self._starts = [span.start for span in self._spans]
        self._places = [place for place, letter in enumerate(written) if letter.isalnum()]
        self._letters = _letters(written)
        # How many letters were said, and how much of the redacted text was told.
        self._said = 0
        self._told = 0
        self._withholding = False

    def take(self, piece: str) -> str | None:
        """Go on by a piece.

        Args:
            piece: What was said next; spaces, punctuation and case may differ from what is written.

        Returns:
            What may be told of it: the piece itself; of the pieces that say something hidden, the first the label,
            the others an empty text. Of a text of which something is hidden, a piece that is not found is
            `WITHHELD`, as it may say the hidden in other words. None if it is not found and nothing is hidden.
        """
        told = self._follow(piece, ahead=not self.hides)
        if told is None and self.hides:
            told = " ".join(part for word in piece.split() if (part := self._take_word(word)))
        if not told or told is piece:
            return told
        # It may bring its own spaces.
        lead, trail = len(piece) - len(piece.lstrip()), len(piece.rstrip())
        return f"{piece[:lead]}{told}{piece[trail:]}"

    def skip(self, piece: str) -> None:
        """Go on by a piece that was told before, when less of the text was known.

        What is hidden at its end is told again with the next piece that says it.

        Args:
            piece: What was said.
        """
        self.take(piece)
        if 0 < self._said < len(self._places):
            here = self._span(self._places[self._said])
            span = self._spans[here]
            if span.hidden and here == self._span(self._places[self._said - 1]):
                self._told = span.shown_start

    def _take_word(self, word: str) -> str:
        told = self._follow(word, ahead=True)
        return self._withhold() if told is None else told

    def _follow(self, piece: str, *, ahead: bool) -> str | None:
        letters = _letters(piece)
        if not letters:
            return "" if self.hides and self._hides_mark(piece) else piece
        at = self._said if self._letters.startswith(letters, self._said) else -1
        if at < 0 and ahead:
            at = self._find(letters)
        if at < 0:
            return None
        self._withholding = False
        self._said = at + len(letters)
        if not self.hides:
            return piece
        start, end = self._places[at], self._places[self._said - 1] + 1
        first, last = self._span(start), self._span(end - 1)
        clear = not any(span.hidden for span in self._spans[first : last + 1])
        if clear:
            self._told = max(self._told, self._shown(end))
            return piece
        opening = self._spans[first]
        begin = opening.shown_start + (0 if opening.hidden else start - opening.start)
        return self._tell(begin, self._shown(end))

    def _find(self, letters: str) -> int:
        at = self._letters.find(letters, self._said, self._said + _AHEAD + len(letters))
        while at >= 0 and not self._is_word(at, at + len(letters)):
            at = self._letters.find(letters, at + 1, self._said + _AHEAD + len(letters))
        return at

    def _is_word(self, first: int, last: int) -> bool:
        # Letters that are next to each other in the text belong to one word.
        places = self._places
        opens = first == 0 or places[first] > places[first - 1] + 1
        closes = last == len(places) or places[last] > places[last - 1] + 1
        return opens and closes

    def _hides_mark(self, piece: str) -> bool:
        """Whether a piece without letters belongs to what is hidden, or was told with a label."""
        if piece.strip() not in self._redacted:
            return True
        before = self._span(self._places[self._said - 1]) if self._said else None
        after = self._span(self._places[self._said]) if self._said < len(self._places) else None
        if before is not None and before == after:
            return self._spans[before].hidden
        return before is not None and self._told > self._shown(self._places[self._said - 1] + 1)

    def _withhold(self) -> str:
        if self._said < len(self._places):
            span = self._spans[self._span(self._places[self._said])]
            if span.hidden and self._told < span.shown_end:
                self._withholding = True
                return self._tell(span.shown_start, span.shown_end)
        if self._withholding:
            return ""
        self._withholding = True
        return WITHHELD

    def _tell(self, start: int, end: int) -> str:
        # A mark behind a label belongs to it.
        while end < len(self._redacted) and self._redacted[end] in _MARKS:
            end += 1
        start = max(self._told, start)
        self._told = max(self._told, end)
        return self._redacted[start:end].strip()

    def _span(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1

    def _shown(self, end: int) -> int:
        """How much of the redacted text shows what is written up to a place."""
        span = self._spans[self._span(end - 1)]
        return span.shown_end if span.hidden else span.shown_start + end - span.start


def _letters(text: str) -> str:
    """The letters and digits of a text in lower case, one for each."""
    if text.isascii():
        lower = text.lower()
        return lower if lower.isalnum() else "".join(filter(str.isalnum, lower))
    return "".join(_folded(letter) for letter in text if letter.isalnum())


def _folded(letter: str) -> str:
    lower = letter.lower()
    return lower if len(lower) == 1 else letter


def _spans(written: str, redacted: str) -> list[_Span]:
    """Divide a text into what its redaction shows and what it hides."""
    if written == redacted:
        return [_Span(0, len(written), 0, len(redacted), False)]
    old, new = _TOKEN.findall(written), _TOKEN.findall(redacted)
    spans: list[_Span] = []
    start = shown = at = shown_at = 0
    while at < len(old) or shown_at < len(new):
        same = _same(old, new, at, shown_at)
        gone, put = (same, same) if same else _change(old, new, at, shown_at)
        end = start + sum(map(len, old[at : at + gone]))
        shown_end = shown + sum(map(len, new[shown_at : shown_at + put]))
        if gone:
            spans.append(_Span(start, end, shown, shown_end, not same))
        # Without anything gone, something was put in where nothing was written, and no word says it.
        start, shown, at, shown_at = end, shown_end, at + gone, shown_at + put
    return spans


def _same(old: list[str], new: list[str], at: int, shown_at: int) -> int:
    """How many tokens are the same from here on."""
    count = 0
    while at + count < len(old) and shown_at + count < len(new) and old[at + count] == new[shown_at + count]:
        count += 1
    return count


def _change(old: list[str], new: list[str], at: int, shown_at: int) -> tuple[int, int]:
    """How many tokens were replaced by how many, where they differ: as few as possible, until two are the same."""
    rest, shown_rest = len(old) - at, len(new) - shown_at
    for size in range(1, min(_TOKENS_HIDDEN, rest + shown_rest) + 1):
        for gone in range(max(size - shown_rest, 0), min(size, rest) + 1):
            here, there = at + gone, shown_at + size - gone
            pair, shown_pair = old[here : here + 2], new[there : there + 2]
            if pair == shown_pair and (len(pair) == 2 or here + len(pair) == len(old)):
                return gone, size - gone
    return rest, shown_rest
