"""Numbers that say by their form that they are neither card nor phone number: dates, times, amounts, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_CURRENCY = r"(?:[$€£¥₹]|(?:euros?|eur|dollars?|usd|pounds?|gbp|francs?|chf|yen|jpy|rupees?|inr|kr|zł|pln)\b)"
_AFTER = r"(?![-/.,:]?\d)"

_DECIMALS = r"(?:[.,]\d\d?)?"
_BY_ANY = rf"[1-9]\d{{0,2}}(?P<by>[ .'\u2019\u00a0\u202f])\d{{3}}(?:(?P=by)\d{{3}}){{0,2}}{_DECIMALS}"
_BY_MARKS = rf"[1-9]\d{{0,2}}(?P<mark>[.'\u2019])\d{{3}}(?:(?P=mark)\d{{3}}){{0,2}}{_DECIMALS}"
_BEHIND_CURRENCY = r"(?:(?<=[$€£¥₹])(?<!\d.)(?<!\d\s.)|(?<=[$€£¥₹]\s)(?<!\d..)(?<!\d\s..))"

_FORMS = re.compile(
    r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
    # None of them begins in the middle of a longer number.
    r"|(?=\d)(?<![\d+])(?<!\d[-/.,:])(?:"
    rf"{_YEAR}(?P<ymd>[-/.]){_MONTH}(?P=ymd){_DAY}(?:(?:T|,? ){_CLOCK}(?:Z|[+-]\d\d:?\d\d)?)?{_AFTER}"
    rf"|(?:{_DAY}(?P<dmy>[-/.]){_MONTH}(?P=dmy)|{_MONTH}(?P<mdy>[-/.]){_DAY}(?P=mdy)){_YEAR}{_AFTER}"
    rf"|{_CLOCK}{_AFTER}"
    # Four pairs of digits are how some write a phone number.
    rf"|(?=10\.|(?:\d\d?\.){{0,3}}\d{{3}}){_OCTET}(?:\.{_OCTET}){{3}}{_AFTER}"
    rf"|[1-9]\d{{0,2}}(?:,\d{{3}}){{1,3}}(?:\.\d\d?)?{_AFTER}"
    rf"|[1-9]\d{{0,2}}(?:\.\d{{3}}){{1,3}},\d\d{_AFTER}"
    # In groups of three by dots or spaces only beside a currency: so are the phone numbers of half of Europe.
    rf"|{_BY_ANY}(?=\s?{_CURRENCY}(?!\s?\d))"
    # Behind a sign, spaces would join the amount and the number that follows it.
    rf"|{_BEHIND_CURRENCY}{_BY_MARKS}{_AFTER}"
    r")",
    re.IGNORECASE,
)

_REACH = 36
"""Characters of the longest form, a UUID, and more than those of the others."""

_LIST = re.compile(r"[1-9]\d{0,3}(?:, ?[1-9]\d{0,3})++")
_FRACTION = re.compile(r"(?:0|[1-9]\d?)\.\d+")
_GROUP = re.compile(r"\d+")


def known_forms(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Find what is made of digits and says what it is, in or around a part of a text.

    These are UUIDs; dates of this century and the last with or without a time of day; times of day; addresses of
    machines (``192.168.100.200``; not four groups of two digits); numbers in groups of three by commas; and such
    by dots or spaces beside a currency.

    Args:
        text: Any text.
        begin: Where the part begins.
        end: Where it ends.

    Yields:
        Where each begins and ends, in order.
    """
    for found in _FORMS.finditer(text, max(0, begin - _REACH), min(len(text), end + _REACH)):
        if found.end() > begin and found.start() < end:
            yield found.span()


def is_list_or_fraction(number: str) -> bool:
    """Tell whether groups of digits are no number but a list that counts up, or a decimal fraction.

    Args:
        number: The groups, with what is between them and nothing around.

    Returns:
        True for "rooms 101, 102, 105" where each is more than the one before by ten at most, and for fractions of
        numbers below 100. "415, 555, 2671" is how a phone number is read out, "415.5552671" how one is written.
    """
    if _FRACTION.fullmatch(number):
        return True
    if not _LIST.fullmatch(number):
        return False
    before = None
    for group in _GROUP.findall(number):
        value = int(group)
        if before is not None and not 0 < value - before <= 10:
            return False
        before = value
    return True
