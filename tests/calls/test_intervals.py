"""Dividing a stretch of time among what was under way."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.calls.intervals import ContributionName, Interval, divide

TIMES = st.integers(0, 10_000_000).map(lambda us: us / 1000)
INTERVALS = st.lists(st.builds(Interval, st.sampled_from(get_args(ContributionName)), TIMES, TIMES, st.none()))


@given(TIMES, TIMES, INTERVALS)
def test_the_parts_follow_each_other_and_add_up_exactly(start_ms, end_ms, intervals):
    parts = divide(start_ms, end_ms, intervals)
    total = sum(round(part.ms * 1000) for part in parts)
    assert total == max(0, round(end_ms * 1000) - round(start_ms * 1000))
    at = start_ms
    for part in parts:
        assert round(part.start_ms - at, 6) == 0
        assert part.ms > 0
        at = part.start_ms + part.ms


def names(*intervals):
    return [(part.name, part.ms) for part in divide(0, 100, [Interval(*row) for row in intervals])]


def test_where_nothing_is_known_to_have_been_under_way_the_time_is_unnamed():
    assert names(("function", 20, 60)) == [("unnamed", 20), ("function", 40), ("unnamed", 40)]


def test_of_two_at_once_the_one_that_leads_on_to_the_answer_counts():
    assert names(("function", 0, 100), ("llm_first_token", 40, 60)) == [
        ("function", 40),
        ("llm_first_token", 20),
        ("function", 40),
    ]


def test_what_never_ended_reaches_to_the_end():
    assert names(("function", 90, float("inf"))) == [("unnamed", 90), ("function", 10)]
