"""Numbers that people say: payment cards and phone numbers, however they are grouped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from flows_analytics.redaction.cards import find_cards
from flows_analytics.redaction.known_forms import is_list_or_fraction, known_forms

_ANY = r"[\W_]{0,4}"
# Every kind of space and of dash, what is not seen at all, and what is between groups that are said or dialled.
_SPACED = r"[\s.,\-\u2010-\u2015\u2212/()_*\u200b-\u200f\u2060\ufeff]{0,4}"

_RUN = re.compile(rf"(?<!\d)\d(?:{_ANY}\d){{6,}}+")
_PHONES = re.compile(rf"(?<!\d)\d(?:{_SPACED}\d){{6,}}+")
_GAP = r"[\W_]{1,4}"
_SHAPE = re.compile(
    # As cards are written, without a gap or in their groups, whatever the check digit says.
    rf"(?<!\d)(?:\d{{16,19}}|\d{{4}}(?:{_GAP}\d{{4}}){{3}}|3[47]\d{{13}}|\d{{4}}{_GAP}\d{{6}}{_GAP}\d{{4,5}})(?!\d)"
)
_GROUP = re.compile(r"\d+")

_LONGEST = 200
"""Characters of a run in which numbers are told apart."""

_CLOSELY = 4000
"""Characters of a text that are looked at closely, so that one full of numbers does not hold up the bot."""

_EACH = 40
"""Characters that a look at any run counts for."""

_PHONE_DIGITS = 7

_VALUES = bytes(byte & 15 for byte in range(256))
"""What a digit of ASCII stands for."""

_NO_IDENTIFIER = re.compile(
    # What is said before a number, and what an escaped space or plus ends with.
    r"(?:tel|phone|fax|mobile|cell|call|text|sms|whatsapp|card|number|contact|\\[nrtfbv]|%[0-9a-f][a-f])\Z",
    re.IGNORECASE,
)


def hide_numbers(text: str, *, card: str | None, phone: str | None) -> str:
    """Replace the payment cards and phone numbers in a text.

    A run is digits with at most four characters between any two that are neither letters nor digits. In a run, a
    card is 13 to 19 digits in groups of any size that begin with 2 to 9 and pass the Luhn check; and, so that one
    misheard digit does not show the others, whatever is written as cards are: 16 to 19 digits without a gap, or in
    the groups of a card. Any other 7 digits or more are one phone number or several, if only spaces, dashes, dots,
    commas, slashes, brackets, stars, underscores and unseen characters are between them. A few digits beside a
    card belong to it.

    What says by its form that it is something else is left (`known_forms`, `is_list_or_fraction`), as are the
    digits straight after a Latin letter (``A1234567``) unless they are a card or the word is one like "tel".

    Args:
        text: The text.
        card: The label of a card; None leaves cards to be what else they look like.
        phone: The label of a phone number; None leaves them.

    Returns:
        The text with labels. Where groups could be read as several cards, all of them are hidden. A run of more
        than 200 characters is hidden as a whole, and so is every run behind the first 4000 characters of runs.
    """
    parts: list[str] = []
    shown = looked = 0
    for run in _RUN.finditer(text):
        begin, end = run.span()
        if looked + end - begin > _CLOSELY:
            return "".join((*parts, text[shown:begin], _coarsely(text[begin:], phone or card)))
        pieces = _around(text, known_forms(text, begin, end), begin, end)
        looked += end - begin + _EACH if pieces else (end - begin) // 4
        for one, other in pieces:
            for first, last, label in _hidden(text, one, other, card, phone):
                # The plus or bracket that begins it is hidden with it.
                parts += text[shown:first].rstrip("+("), label
                shown = last
    return "".join((*parts, text[shown:])) if parts else text


def _coarsely(text: str, label: str | None) -> str:
    return text if label is None else _RUN.sub(lambda _: label, text)


def _around(text: str, forms: Iterator[tuple[int, int]], begin: int, end: int) -> list[tuple[int, int]]:
    """The runs that are left of a part of a text without the known forms in it."""
    runs: list[tuple[int, int]] = []
    for first, last in (*forms, (end, end)):
        runs += [found.span() for found in _RUN.finditer(text, begin, first)]
        begin = max(begin, last)
    return runs


def _hidden(text: str, begin: int, end: int, card: str | None, phone: str | None) -> list[tuple[int, int, str]]:
    """What is hidden of a run: where it begins and ends, and its label."""
    if is_list_or_fraction(text[begin:end]):
        return []
    if end - begin > _LONGEST:
        return [(begin, end, label)] if (label := card or phone) else []
    groups = [group.span() for group in _GROUP.finditer(text, begin, end)]
    # The group that begins or ends at a place.
    starts = {start: place for place, (start, _) in enumerate(groups)}
    ends = {end: place for place, (_, end) in enumerate(groups, 1)}
    labels: list[str | None] = [None] * len(groups)
    identifier = _is_identifier(text, begin)
    if card is not None:
        for first, last in _cards(text, groups):
            labels[first:last] = [card] * (last - first)
        for found in _SHAPE.finditer(text, begin, end):
            if found.start() > begin or not identifier:
                first, last = starts[found.start()], ends[found.end()]
                labels[first:last] = [card] * (last - first)
    beside = card if card in labels else None
    for first, last in _rest(labels):
        if beside is not None and sum(end - start for start, end in groups[first:last]) < _PHONE_DIGITS:
            # Beside a card stand its date and its code, or what a wrong reading of the groups has left of it.
            labels[first:last] = [card] * (last - first)
            continue
        free = first + 1 if identifier and first == 0 else first
        if phone is None or free == last:
            continue
        for found in _PHONES.finditer(text, groups[free][0], groups[last - 1][1]):
            if not is_list_or_fraction(found[0]):
                one, other = starts[found.start()], ends[found.end()]
                labels[one:other] = [phone] * (other - one)
    return _joined(groups, labels)


def _cards(text: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The groups that cards are made of: the first, and the one after the last."""
    said = [text[start:end] for start, end in groups]
    digits = "".join(said)
    # Of any script.
    values = digits.encode().translate(_VALUES) if digits.isascii() else bytes(map(int, digits))
    places = list(accumulate(map(len, said), initial=0))
    numbered = {place: number for number, place in enumerate(places)}
    for start, end in find_cards(values, places[:-1], places[1:]):
        yield numbered[start], numbered[end]


def _is_identifier(text: str, begin: int) -> bool:
    before = text[max(0, begin - 10) : begin]
    return before[-1:].isalpha() and before[-1:].isascii() and not _NO_IDENTIFIER.search(before)


def _rest(labels: Sequence[str | None]) -> list[tuple[int, int]]:
    """Where groups without a label are next to each other."""
    rest: list[tuple[int, int]] = []
    for place, label in enumerate(labels):
        if label is None:
            first = rest.pop()[0] if rest and rest[-1][1] == place else place
            rest.append((first, place + 1))
    return rest


def _joined(groups: list[tuple[int, int]], labels: list[str | None]) -> list[tuple[int, int, str]]:
    joined: list[tuple[int, int, str]] = []
    before: str | None = None
    for (start, end), label in zip(groups, labels, strict=True):
        if label is not None:
            # What is between groups that are hidden is hidden with them.
            joined.append((joined.pop()[0] if label == before else start, end, label))
        before = label
    return joined
