"""Making text safe to show: invisible characters made visible, endless text cut and marked."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TEXT = 20_000
"""Characters of one text that a page shows; the record holds the rest."""

MAX_NAME = 80
"""Characters of a node's or function's name that a page shows."""

_MAX_FULL_NAME = 1_000

# Tab and newline are layout. Everything else here steers a terminal, reorders a line or cannot be encoded.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


@dataclass(frozen=True)
class PageText:
    """A text as a page shows it.

    Attributes:
        text: The text, cut to `MAX_TEXT` characters.
        total: Length of the whole text if it was cut; None if all of it is here.
    """

    text: str
    total: int | None = None

    @property
    def long(self) -> bool:
        """Whether it is better folded away than shown inline."""
        return len(self.text) > 160 or self.text.count("\n") > 3


@dataclass(frozen=True)
class Name:
    """A name as a page shows it.

    Attributes:
        text: The name, shortened to `MAX_NAME` characters.
        full: The longer name, itself bounded, for a tooltip; None if ``text`` is all of it.
    """

    text: str
    full: str | None = None


def visible(text: str) -> str:
    """Show what would otherwise act without being seen.

    Control characters become their Unicode pictures (ESC is ␛), bidirectional overrides and other format
    controls their code points (⟨U+202E⟩), lone surrogates U+FFFD. Tabs and newlines stay.

    Args:
        text: Any text.

    Returns:
        A text that can be encoded, drives no terminal and reorders nothing around it.
    """
    return _UNSEEN.sub(_stand_in, text.replace("\r\n", "\n"))


def page_text(text: str) -> PageText:
    """Cut a text to what a page shows.

    Args:
        text: Any text.

    Returns:
        The text, marked if it was cut.
    """
    if len(text) <= MAX_TEXT:
        return PageText(visible(text))
    return PageText(visible(text[:MAX_TEXT]), total=len(text))


def page_name(name: str) -> Name:
    """Shorten a name to what a page shows.

    Args:
        name: A node's, function's or flow's name.

    Returns:
        The name on one line.
    """
    line = one_line(name[:_MAX_FULL_NAME])
    if len(name) <= MAX_NAME:
        return Name(line or "(no name)")
    return Name(shorten(line, MAX_NAME), full=line)


def one_line(text: str) -> str:
    """Show a text on one line.

    Args:
        text: Any text.

    Returns:
        The visible text, with every stretch of white space made one space.
    """
    return " ".join(visible(text).split())


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
