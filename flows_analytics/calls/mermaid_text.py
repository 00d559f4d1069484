"""Any text as a label of a Mermaid diagram shows it."""

from __future__ import annotations

import re

from flows_analytics.calls.visible import name_in_words

# All but letters, digits and the signs that Mermaid, HTML and Markdown leave alone: `_` within a word is one.
_CODED = re.compile(r"[^\w .,:;()/+=!?'-]|(?<![^\W_])_|_(?![^\W_])")
# What makes an address of its text, which becomes a link; a colon also icons (`fa:fa-car`) and, after `style`, a
# statement of Mermaid's.
_ADDRESS = re.compile(r":(?! )|(?<=www)\.", re.IGNORECASE)
# What begins a list of Markdown's at the beginning of a label: Mermaid 11 draws a complaint instead.
_ITEM = re.compile(r"(?=[+-]|\d)(\d*)([.)+-])(?= |$)")


def mermaid_text(text: str) -> str:
    """Write a text so that it can stand between the quotes of a Mermaid label.

    Whatever Mermaid could read as its own, or a page as markup, is written as a code (``#34;``), so that no name
    can end its quotes, begin a link or become a directive; keywords such as ``end`` mean nothing within quotes.

    Args:
        text: Any text, such as a node's name.

    Returns:
        The text on one line, all of it; a stand-in if nothing of it can be seen.
    """
    line = _ADDRESS.sub(_code, _CODED.sub(_code, name_in_words(text)))
    item = _ITEM.match(line)
    return f"{item[1]}{_code(item, 2)}{line[item.end() :]}" if item else line


def _code(match: re.Match[str], group: int = 0) -> str:
    return f"#{ord(match[group])};"
