"""Ages as people type them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows_analytics.retention.age import AgeError, parse_age


@pytest.mark.parametrize(
    ("text", "hours"),
    [("30d", 720), ("12h", 12), ("2w", 336), ("1d12h", 36), ("1.5d", 36), ("1y", 8760), ("90m", 1.5), (" 1h ", 1)],
)
def test_an_age_is_a_number_with_a_unit(text, hours):
    assert parse_age(text) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("30", "bad_age"),
        ("3 months", "bad_age"),
        ("1M", "bad_age"),
        ("1m", "age_too_short"),
        ("-30d", "age_too_short"),
    ],
)
def test_what_is_none_says_what_one_is(text, code):
    with pytest.raises(AgeError) as raised:
        parse_age(text)
    assert raised.value.code == code
    assert repr(text) in raised.value.message
