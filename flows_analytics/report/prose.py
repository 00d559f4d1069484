"""Sentences that hold names: names of another direction kept from reordering the words around them."""

from __future__ import annotations

import re
from itertools import groupby
from unicodedata import bidirectional

from markupsafe import Markup, escape

_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_PIECES = re.compile(r"(\s+)")
_LAST = re.compile(r"[.,:;!?)]+$")


def prose(sentence: str) -> Markup:
    """Set a sentence of ours that may hold names from a record.

    A name written from right to left would pull the numbers behind it to its other side, so that a reader saw
    others than are there. Words that hold such letters, and only names have them, get a context of their own.

    Args:
        sentence: The sentence.

    Returns:
        The same, escaped, with a ``<bdi>`` around each stretch of such words.
    """
    if sentence.isascii():
        return escape(sentence)
    pieces = _PIECES.split(sentence)
    foreign = [_is_foreign(piece) for piece in pieces]
    for place in range(1, len(pieces) - 1):
        # White space between two of them belongs to both.
        if not pieces[place].strip() and foreign[place - 1] and foreign[place + 1]:
            foreign[place] = not _LAST.search(pieces[place - 1])
    set_: list[Markup] = []
    for isolated, group in groupby(zip(pieces, foreign, strict=True), key=lambda pair: pair[1]):
        text = "".join(piece for piece, _ in group)
        if not isolated:
            set_.append(escape(text))
            continue
        word = _LAST.sub("", text)
        set_.append(Markup("<bdi>{}</bdi>{}").format(word, text[len(word) :]))
    return Markup("").join(set_)


def _is_foreign(piece: str) -> bool:
    return not piece.isascii() and any(bidirectional(letter) in _RIGHT_TO_LEFT for letter in piece)
