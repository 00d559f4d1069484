"""Pieces of speech, and joining them as they were meant to be read."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from flows_analytics.calls.events import Events, Moment
from flows_analytics.calls.kinds import of_kinds


class Pieces:
    """Words as they come, some with their own spaces, some without."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, bool]] = []

    def add(self, text: str, *, spaced: bool = False) -> None:
        """Add a piece.

        Args:
            text: The words.
            spaced: Whether they bring their own spaces.
        """
        self._pieces.append((text, spaced))

    def __str__(self) -> str:
        return join_pieces(self._pieces)


def join_pieces(pieces: Iterable[tuple[str, bool]]) -> str:
    """Join pieces of speech as they were meant to be read.

    Args:
        pieces: Pairs of a text and whether it brings its own spaces. Pieces that do are glued together,
            others are joined by a space.

    Returns:
        The text, without spaces at its ends.
    """
    joined: list[str] = []
    glued = False
    end = ""
    for piece, spaced in pieces:
        if end and not (glued and spaced) and not end.isspace() and not piece[:1].isspace():
            joined.append(" ")
        joined.append(piece)
        end = piece[-1:] or end
        glued = spaced
    return "".join(joined).strip()


def by_time(events: Events, kinds: tuple[type[Moment], ...]) -> list[Moment]:
    """Pick moments of some kinds, in order of time.

    Frames of one call come in the order in which they were pushed, whatever their delay; sorting only matters for
    moments of several sources. Ties keep the order of recording.

    Args:
        events: The moments of a call.
        kinds: The kinds.

    Returns:
        The moments.
    """
    return sorted(of_kinds(events, *kinds), key=attrgetter("at_ms"))
