"""PatternRedactor: hides what has a known form."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flows_analytics.redaction.digits import hide_numbers
from flows_analytics.redaction.named_values import is_call_id, is_time_or_amount

# A match can only begin where a word does, so that a long text without any "@" is read once.
_EMAIL = re.compile(r"(?<![\w.+%'-])[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")


class PatternRedactor:
    r"""Replaces emails, phone numbers, payment cards and patterns of your own by labels that are always the same.

    Give it to the observer::

        FlowsObserver(redactor=PatternRedactor(patterns={"<iban>": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b"}))

    It is a function from text to text, knows no names or addresses, and finds nothing that is spelled in words
    ("four one one one", "anna at example dot com").

    Args:
        emails: Whether to replace email addresses, by ``<email>``.
        phones: Whether to replace phone numbers, by ``<phone>``: any 7 digits or more in a row, with spaces,
            dashes, dots, commas, slashes, brackets, stars or underscores between them, also if they are something
            else. What says that it is a date, a time of day, a UUID, an IP address, an amount (``1,234,567``,
            ``1 234 567 euros``), a list that counts up (``rooms 101, 102``), a decimal fraction of a number below
            100, or digits straight after a Latin letter (``A1234567``, not ``tel5551234``) stays.
        cards: Whether to replace payment cards, by ``<card>``: 13 to 19 digits that begin with 2 to 9 and pass the
            Luhn check, in groups of any size with up to four characters of any kind between them; the few digits
            beside them; and what is written as a card is, whatever the check says: 16 digits or more without a
            gap, or in the groups of a card.
        patterns: More to replace: by the label, a regular expression or a compiled one. They come first, in order.

    Raises:
        re.error: If a pattern is no regular expression.
    """

    def __init__(
        self,
        *,
        emails: bool = True,
        phones: bool = True,
        cards: bool = True,
        patterns: Mapping[str, str | re.Pattern[str]] | None = None,
    ) -> None:
        self._patterns = tuple((label, re.compile(pattern)) for label, pattern in (patterns or {}).items())
        self._email = "<email>" if emails else None
        self._phone = "<phone>" if phones else None
        self._card = "<card>" if cards else None

    def __call__(self, text: str) -> str:
        """Replace what is to be hidden.

        Args:
            text: The text.

        Returns:
            The text with labels; the same text if there is nothing to hide.
        """
        for label, pattern in self._patterns:
            # A function, because a label is no template.
            text = pattern.sub(lambda _, label=label: label, text)
        if self._email is not None and "@" in text:
            text = _EMAIL.sub(self._email, text)
        if self._card is not None or self._phone is not None:
            text = hide_numbers(text, card=self._card, phone=self._phone)
        return text

    def keeps(self, key: str, value: str | float) -> bool:
        """Tell whether a value is left because of its key; a pattern of your own has a say before.

        Args:
            key: The key of the mapping in which it stands, or in which the list that holds it does.
            value: A text or a number.

        Returns:
            True for Call-IDs of SIP, times and amounts that are named so, and numbers with decimals.
        """
        if any(pattern.search(str(value)) for _, pattern in self._patterns):
            return False
        if isinstance(value, str):
            return is_call_id(key, value)
        return not float(value).is_integer() or is_time_or_amount(key, value)

    def __repr__(self) -> str:
        # The patterns may be secrets themselves.
        known = (self._email, self._phone, self._card)
        labels = [label for label in known if label] + [label for label, _ in self._patterns]
        return f"PatternRedactor({' '.join(labels)})"
