"""Where a command writes: results to stdout, progress and notices to stderr."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from flows_analytics.report.visible import visible


class Terminal(Console):
    """A console that prints texts as they are: no markup, no emoji codes, no colours of its own.

    Ids, names and paths come from outside. Their control characters are shown instead of sent, so that none of
    them drives the terminal.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text printable.

        Args:
            text: Any text.
            options: As rich takes them.

        Returns:
            The text, which moves nothing but the end of the line.
        """
        return super().render_str(visible(text), **options)


RESULTS = Terminal(highlight=False, markup=False, emoji=False)
ERRORS = Terminal(stderr=True, highlight=False, markup=False, emoji=False)
