"""Whether two texts say the same."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

_WORDS = re.compile(r"\w+")
_WORDS_COMPARED = 200


def words_of(text: str) -> list[str]:
    """Split a text into words, without case and punctuation.

    Args:
        text: Any text.

    Returns:
        The words, the first few hundred of them.
    """
    return _WORDS.findall(text.casefold())[:_WORDS_COMPARED]


def alike(one: str, other: str, *, least: float = 0.8) -> bool:
    """Tell whether two texts have most of their words in common, in order.

    Args:
        one: A text.
        other: Another.
        least: The ratio of common words from which on they count as alike, 0 to 1.

    Returns:
        Whether they are alike; texts without words are like none.
    """
    first, second = words_of(one), words_of(other)
    if not first or not second:
        return False
    matcher = SequenceMatcher(a=first, b=second, autojunk=False)
    return matcher.real_quick_ratio() >= least and matcher.ratio() >= least
