"""Where payment cards can be in a row of digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

_LEAST, _MOST = 13, 19

_DOUBLED = bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)).ljust(256, b"\0")
"""What the Luhn check adds for every second digit."""

_NO_END = 255


def find_cards(digits: bytes, starts: Sequence[int], ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Find the numbers of 13 to 19 digits that carry the check digit of payment cards (ISO/IEC 7812, Luhn).

    Each possible number costs one look: what the check adds up to is known for every beginning of the row.

    Args:
        digits: The values of the digits, 0 to 9.
        starts: Where groups of digits begin; a card begins there, with 2 to 9.
        ends: Where groups end; a card ends there.

    Yields:
        For each start of a card, the start and the last end. One number in ten is taken for a card by chance.
    """
    if len(digits) < _LEAST:
        return
    doubled = digits.translate(_DOUBLED)
    # Digits are doubled from the last but one backwards: one sum for ends at odd places, one for even ones.
    to_odd, to_even = bytearray(digits), bytearray(doubled)
    to_odd[1::2], to_even[1::2] = doubled[1::2], digits[1::2]
    rests_odd, rests_even = _rests(to_odd), _rests(to_even)
    ends_odd, ends_even = bytearray((_NO_END,)) * len(rests_odd), bytearray((_NO_END,)) * len(rests_even)
    for end in ends:
        if end % 2:
            ends_odd[end] = rests_odd[end]
        else:
            ends_even[end] = rests_even[end]
    last_start = len(digits) - _LEAST
    for start in starts:
        if start > last_start:
            return
        if digits[start] < 2:
            continue
        # What a number adds to the sum is a multiple of ten where the rest is the same before and after it.
        first, stop = start + _LEAST, start + _MOST + 1
        odd, even = ends_odd.rfind(rests_odd[start], first, stop), ends_even.rfind(rests_even[start], first, stop)
        if odd > 0 or even > 0:
            yield start, max(odd, even)


def _rests(values: bytearray) -> bytes:
    return bytes([total % 10 for total in accumulate(values, initial=0)])
