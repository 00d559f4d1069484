"""Numbers that people say: payment cards and phone numbers, however they are grouped."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SEPARATOR = r"(?:,[ \u00a0]|[ \t\u00a0\u202f.\-\u2010-\u2015/()]{1,3})"
_RUN = re.compile(
    # What is made of digits and says what it is: a UUID, a date with or without a time of day.
    r"(?P<other>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d)"
    r"|\b\d{1,2}[/.]\d{1,2}[/.]\d{4}(?!\d))"
    rf"|(?P<run>[+(]{{0,2}}\d+(?:{_SEPARATOR}\d+)*+)"
)
_GROUP = re.compile(r"\d+")
_LEAST = re.compile(r"\d(?:\D{0,3}\d){6}")

_CARD_DIGITS = range(13, 20)
_PHONE_DIGITS = range(7, 16)


def passes_luhn(digits: str) -> bool:
    """Tell whether a number carries the check digit that payment cards have (ISO/IEC 7812).

    Args:
        digits: Digits of any script, without separators.

    Returns:
        Whether the check digit is right; one number in ten has it by chance.
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def hide_numbers(text: str, *, card: str | None, phone: str | None) -> str:
    """Replace the payment cards and phone numbers in a text.

    A card has 13 to 19 digits in groups of any size, begins with 2 to 6, and passes the Luhn check. Any other 7
    digits or more are one phone number or several, except more than 15 without a gap or in groups of four.
    Dates, UUIDs, decimal fractions and what follows a letter are neither. A few digits beside a card belong to it.

    Args:
        text: The text.
        card: The label of a card; None leaves cards to be what else they look like.
        phone: The label of a phone number; None leaves them.

    Returns:
        The text with labels. Where groups could be read as several cards, all of them are hidden.
    """
    if _LEAST.search(text) is None:
        # Most of what is said.
        return text
    return _RUN.sub(lambda found: _hidden(found, card, phone) if found["run"] else found[0], text)


def _hidden(found: re.Match[str], card: str | None, phone: str | None) -> str:
    run = found[0]
    groups = list(_GROUP.finditer(run))
    digits = [group[0] for group in groups]
    if sum(map(len, digits)) < _PHONE_DIGITS.start:
        return run
    labels: list[str | None] = [None] * len(groups)
    if card is not None:
        for first, last in _cards(digits):
            labels[first:last] = [card] * (last - first)
    before = found.string[found.start() - 1] if found.start() else ""
    if phone is None or before.isalpha() or _is_fraction(digits, run):
        phone = None
    for first, last in _rest(labels):
        count = sum(map(len, digits[first:last]))
        if phone is not None and count >= _PHONE_DIGITS.start and not _is_one_number(digits[first:last]):
            labels[first:last] = [phone] * (last - first)
        elif card in labels and count < _PHONE_DIGITS.start:
            # Beside a card stand its date and its code, or what a wrong reading of the groups has left of it.
            labels[first:last] = [card] * (last - first)
    return _labelled(run, groups, labels)


def _labelled(run: str, groups: list[re.Match[str]], labels: list[str | None]) -> str:
    parts: list[str] = []
    end = 0
    before: str | None = None
    for group, label in zip(groups, labels, strict=True):
        # The separators inside of what is hidden are hidden with it, and the plus or bracket that begins it.
        opens = 0 if group is groups[0] else end
        if label is None or label != before:
            lead = run[opens : group.start()]
            parts.append(lead.rstrip("+(") if label else lead)
            parts.append(label or group[0])
        end, before = group.end(), label
    return "".join(parts)


def _cards(digits: list[str]) -> Iterator[tuple[int, int]]:
    for first, group in enumerate(digits):
        if group[0] not in "23456":
            continue
        number = ""
        for last in range(first, len(digits)):
            number += digits[last]
            if len(number) >= _CARD_DIGITS.stop:
                break
            if len(number) in _CARD_DIGITS and passes_luhn(number):
                yield first, last + 1


def _rest(labels: list[str | None]) -> list[tuple[int, int]]:
    """Where groups without a label are next to each other."""
    rest: list[tuple[int, int]] = []
    for place, label in enumerate(labels):
        if label is None:
            first = rest.pop()[0] if rest and rest[-1][1] == place else place
            rest.append((first, place + 1))
    return rest


def _is_one_number(digits: list[str]) -> bool:
    """Whether digits are one number, longer than that of a phone: written without a gap, or in groups of four."""
    if sum(map(len, digits)) < _PHONE_DIGITS.stop:
        return False
    return len(digits) == 1 or (all(len(group) == 4 for group in digits[:-1]) and len(digits[-1]) <= 4)


def _is_fraction(digits: list[str], run: str) -> bool:
    # 555.2671 is how some write a phone number, 0.8765432 is not.
    return bool(re.fullmatch(r"\d+\.\d+", run)) and list(map(len, digits)) != [3, 4]
