"""Making text safe to show: invisible characters made visible."""

from __future__ import annotations

import re

# Tab and newline are layout. Everything else here steers a terminal, reorders a line or cannot be encoded.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def visible(text: str) -> str:
    """Show what would otherwise act without being seen.

    Control characters become their Unicode pictures (ESC is ␛), bidirectional overrides and other format
    controls their code points (⟨U+202E⟩), lone surrogates U+FFFD. Tabs and newlines stay.

    Args:
        text: Any text.

    Returns:
        A text that can be encoded, drives no terminal and reorders nothing around it.
    """
    # Most texts are plain; to look is quicker than to replace.
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_stand_in, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Show a text on one line.

    Args:
        text: Any text.

    Returns:
        The visible text, with every stretch of white space made one space.
    """
    return " ".join(visible(text).split())


def name_in_words(name: str) -> str:
    """Show a name inside a sentence.

    Args:
        name: Any name.

    Returns:
        The name on one line; a stand-in if nothing of it can be seen.
    """
    return one_line(name) or "(no name)"


def shorten(text: str, limit: int) -> str:
    """Cut a text in its middle: names differ at their ends as often as at their beginnings.

    Args:
        text: The text.
        limit: Most characters to keep, the ellipsis included.

    Returns:
        The text, no longer than the limit.
    """
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"⟨U+{code:04X}⟩"
