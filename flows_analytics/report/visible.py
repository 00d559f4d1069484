"""Text as a page shows it: endless text cut and marked."""

from __future__ import annotations

from dataclasses import dataclass

from flows_analytics.calls.visible import one_line, shorten, visible

MAX_TEXT = 20_000
"""Characters of one text that a page shows; the record holds the rest."""

MAX_NAME = 80
"""Characters of a node's or function's name that a page shows."""

_MAX_FULL_NAME = 1_000


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
