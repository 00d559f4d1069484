"""Redaction: runs a redactor over whatever is to be kept, and lets nothing through when it fails."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, cast

from flows_analytics.calls.values import MAX_TEXT, clean_text, plain, text_of
from flows_analytics.redaction.patterns import PatternRedactor

Redactor = Callable[[str], str]
"""Takes a text and returns it without what must not be kept."""

NOT_REDACTED = "<not redacted>"
"""Stands for a text that the redactor failed on."""

_MARGIN = 1000
"""Characters at the cut of an endless text that are dropped: a secret that the cut divides is no longer known."""

_REMEMBERED = 8
"""Texts whose redaction is remembered: an answer is asked for as a whole and for the words of it."""

FAILED = "the redactor failed on a text, which was dropped"
"""What is said of it, beside the call."""


class RedactedText(str):
    """A text, or a part of one, that has been through the redactor."""

    __slots__ = ()


class Redaction:
    """Hides what must not be kept in texts and in nested values.

    Args:
        redactor: What hides.
        failed: Told of each text that was dropped because the redactor raised, or returned no text, with the name
            of what went wrong, never its message.
        clock_ns: Reads a clock, in nanoseconds, to measure what the redactor costs.
    """

    def __init__(self, redactor: Redactor, *, failed: Callable[[str], None], clock_ns: Callable[[], int]) -> None:
        self._redactor = redactor
        # Only a redactor of known forms knows of values by their keys; any other sees every value.
        self._keeps = redactor.keeps if isinstance(redactor, PatternRedactor) else None
        self._failed = failed
        self._clock_ns = clock_ns
        self._known: OrderedDict[str, RedactedText] = OrderedDict()
        self.spent_ns = 0
        """What the redactor took so far, in nanoseconds."""
        self.slowest_ns = 0
        """What it took for the text that took longest, in nanoseconds."""

    def text(self, text: str) -> RedactedText:
        """Hide what is in a text.

        Args:
            text: The text. One that has been redacted is left as it is; of an endless one the end is dropped.

        Returns:
            The text without it; `NOT_REDACTED` if the redactor failed.
        """
        if isinstance(text, RedactedText):
            return text
        if not text:
            return RedactedText(text)
        known = self._known.get(text)
        if known is not None:
            return known
        if len(text) > MAX_TEXT:
            whole = len(text)
            kept = self._ask(clean_text(text[: MAX_TEXT - _MARGIN]))
            return RedactedText(f"{kept[: max(len(kept) - _MARGIN, 0)]}… <cut: {whole:,} characters in all>")
        redacted = RedactedText(clean_text(self._ask(clean_text(text))))
        self._known[text] = redacted
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return redacted

    def value(self, value: Any) -> Any:
        """Hide what is in a value, however nested, keys of mappings and numbers included.

        Args:
            value: Anything; it is reduced to JSON types first.

        Returns:
            A value of JSON types. A number in which something was hidden becomes a text. Keys that have become the
            same are numbered, so that no entry is lost. A `PatternRedactor` leaves what it knows by its key.
        """
        if isinstance(value, str):
            return self.text(value)
        return self._nested(plain(value))

    def as_text(self, value: Any) -> RedactedText:
        """Hide what is in anything that is kept as a text, such as an exception.

        Args:
            value: Anything.

        Returns:
            Its text without it.
        """
        return self.text(value if isinstance(value, str) else text_of(value))

    def _nested(self, value: Any, key: str = "") -> Any:
        match value:
            case str():
                return value if self._keeps is not None and self._keeps(key, value) else self.text(value)
            case None | bool():
                return value
            case int() | float():
                if self._keeps is not None and self._keeps(key, value):
                    return value
                said = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
                redacted = self.text(said)
                return value if redacted == said else redacted
            case list():
                return [self._nested(item, key) for item in cast("list[Any]", value)]
            case _:
                return self._mapping(cast("dict[str, Any]", value))

    def _mapping(self, mapping: dict[str, Any]) -> dict[str, Any]:
        hidden: dict[str, Any] = {}
        for key, value in mapping.items():
            name: str = self.text(key)
            number = 1
            while name in hidden:
                number += 1
                name = f"{self.text(key)} {number}"
            hidden[name] = self._nested(value, key)
        return hidden

    def _ask(self, text: str) -> str:
        began = self._clock_ns()
        try:
            redacted: Any = self._redactor(text)
        except Exception as error:
            self._failed(type(error).__name__)
            return NOT_REDACTED
        finally:
            took = self._clock_ns() - began
            self.spent_ns += took
            self.slowest_ns = max(self.slowest_ns, took)
        if isinstance(redacted, str):
            return str(redacted)
        if inspect.iscoroutine(redacted):
            # Left alone, it would be complained about later, by its name.
            redacted.close()
        self._failed(f"it returned a {type(redacted).__name__}")
        return NOT_REDACTED
