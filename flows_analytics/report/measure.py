"""How much room text takes in a drawing, without a font to measure."""

from __future__ import annotations

import unicodedata

_NARROW = set("fijlrt.,:;'|!()[]{} ·")
_WIDE = set("mwMW@%&—…")


def text_width(text: str, size: float) -> float:
    """Estimate the width of a text in a system font, rather too wide than too narrow.

    Args:
        text: One line of text.
        size: The font size.

    Returns:
        The width, in the unit of the size.
    """
    return round(sum(_advance(char) for char in text) * size, 1)


def _advance(char: str) -> float:
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF" or ord(char) >= 0x2200:
        # Symbols come from whatever font has them.
        return 1.05
    if char in _NARROW:
        return 0.36
    if char in _WIDE or (char.isupper() and char.isalpha()):
        return 0.78
    return 0.6
