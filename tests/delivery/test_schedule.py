"""When the outbox tries again, and what it gives up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.delivery.http_client import retry_after_secs
from flows_analytics.delivery.limits import Limits, Waiting
from flows_analytics.delivery.schedule import Schedule

attempts = st.integers(min_value=1, max_value=10_000)
dice = st.floats(min_value=0, max_value=1)
asked = st.none() | st.floats(min_value=0, max_value=1e9)
schedules = st.builds(
    Schedule,
    first_secs=st.floats(min_value=0.001, max_value=100),
    longest_secs=st.floats(min_value=100, max_value=1e6),
)


@given(schedules, attempts, dice)
def test_a_wait_is_anywhere_between_nothing_and_a_ceiling_that_doubles(schedule, number, thrown):
    ceiling = schedule.ceiling_secs(number)

    assert 0 <= schedule.wait_secs(number, dice=thrown) <= ceiling <= schedule.longest_secs
    assert schedule.wait_secs(number, dice=0.0) == 0
    assert schedule.wait_secs(number, dice=1.0) == ceiling
    assert schedule.ceiling_secs(number + 1) == min(2 * ceiling, schedule.longest_secs)


@given(schedules, attempts, dice, asked)
def test_what_the_receiver_asks_for_is_honoured_up_to_a_day_and_never_shortens_the_wait(
    schedule, number, thrown, secs
):
    wait = schedule.wait_secs(number, dice=thrown, asked_secs=secs)

    assert wait >= min(secs or 0.0, schedule.longest_asked_secs)
    assert wait >= schedule.wait_secs(number, dice=thrown)
    assert wait <= max(schedule.longest_secs, schedule.longest_asked_secs + schedule.first_secs)


@given(st.text(), st.floats(min_value=0, max_value=4e9))
def test_no_retry_after_header_breaks_anything(value, now):
    secs = retry_after_secs(value, now)

    assert secs is None or 0 <= secs < float("inf")


def test_a_retry_after_is_seconds_or_a_date():
    now = 1_800_000_000.0  # 15 January 2027, 08:00:00 UTC

    assert retry_after_secs("120", now) == 120
    assert retry_after_secs("Fri, 15 Jan 2027 08:00:30 GMT", now) == 30
    assert retry_after_secs("Fri, 15 Jan 2027 08:00:30 -0000", now) == 30
    assert retry_after_secs("Fri, 15 Jan 2027 07:59:30 GMT", now) == 0
    assert retry_after_secs("soon", now) is None
    assert retry_after_secs("inf", now) is None
    assert retry_after_secs("nan", now) is None


waiting = st.lists(
    st.builds(
        Waiting,
        path=st.uuids().map(lambda uuid: Path(str(uuid))),
        first_at=st.floats(min_value=0, max_value=1000),
        size=st.integers(min_value=0, max_value=1000),
    )
)
limits = st.builds(
    Limits,
    max_bytes=st.none() | st.integers(min_value=0, max_value=5000),
    max_age_secs=st.none() | st.floats(min_value=0, max_value=1000),
)


@given(waiting, limits)
def test_what_is_left_keeps_the_limits_and_the_oldest_goes_first(entries, bounds):
    dropped = bounds.exceeded_by(entries, 1000.0)
    left = [entry for entry in entries if entry not in dropped]

    if bounds.max_bytes is not None:
        assert sum(entry.size for entry in left) <= bounds.max_bytes
    if bounds.max_age_secs is not None:
        assert all(1000.0 - entry.first_at <= bounds.max_age_secs for entry in left)
    assert all(gone.first_at <= entry.first_at for gone in dropped for entry in left)
    # A warning comes before anything is dropped.
    if dropped:
        assert bounds.warning(entries, 1000.0)
    assert bounds.given_up(entries, 1000.0) == []
    assert set(dropped) <= set(bounds.near(entries, 1000.0))
    assert bool(bounds.warning(entries, 1000.0)) == bool(bounds.near(entries, 1000.0))


@given(waiting, limits, st.floats(min_value=0, max_value=1000))
def test_what_was_warned_of_long_enough_ago_is_given_up(entries, bounds, warned_at):
    warned = [replace(entry, warned_at=warned_at) for entry in entries]
    given_up = bounds.given_up(warned, 1000.0)

    assert set(given_up) <= set(bounds.exceeded_by(warned, 1000.0))
    if bounds.max_age_secs is None or 1000.0 - warned_at >= 0.2 * bounds.max_age_secs:
        assert given_up == bounds.exceeded_by(warned, 1000.0)
    elif bounds.max_bytes is None:
        assert given_up == []


@given(waiting)
def test_by_default_nothing_is_ever_dropped(entries):
    assert Limits().exceeded_by(entries, 1e12) == []
    assert Limits().warning(entries, 1e12) is None
