"""Which calls a demo has."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest

from flows_analytics.demo import plan_calls

from .conftest import UNTIL


def test_the_same_arguments_plan_the_same_calls():
    assert plan_calls(50, 7, UNTIL) == plan_calls(50, 7, UNTIL)


def test_another_seed_plans_other_calls():
    assert plan_calls(50, 7, UNTIL) != plan_calls(50, 8, UNTIL)


def test_calls_start_in_order_within_the_seven_days_before():
    starts = [plan.starts_at for plan in plan_calls(500, 7, UNTIL)]
    assert starts == sorted(starts)
    assert UNTIL - timedelta(days=7) <= starts[0] and starts[-1] < UNTIL - timedelta(minutes=10)
    assert {start.date() for start in starts} == {(UNTIL - timedelta(days=days)).date() for days in range(8)}


def test_more_people_call_by_day_than_by_night():
    hours = Counter(plan.starts_at.hour for plan in plan_calls(500, 7, UNTIL))
    assert sum(hours[hour] for hour in range(9, 21)) > 0.8 * hours.total()


def test_the_hours_are_those_of_the_time_zone_asked_for():
    far_east = timezone(timedelta(hours=9))
    hours = Counter(plan.starts_at.hour for plan in plan_calls(500, 7, UNTIL.astimezone(far_east)))
    assert sum(hours[hour] for hour in range(9, 21)) > 0.8 * hours.total()


def test_every_bot_and_version_gets_as_many_calls():
    casting = Counter((plan.bot, plan.version) for plan in plan_calls(60, 7, UNTIL))
    assert len(casting) == 6
    assert set(casting.values()) == {10}


def test_call_ids_are_numbered_and_name_the_bot():
    plans = plan_calls(12, 7, UNTIL)
    assert [plan.number for plan in plans] == list(range(1, 13))
    assert plans[6].call_id == f"demo-007-{plans[6].bot}"


def test_a_moment_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        plan_calls(1, 7, datetime(2026, 1, 8, 12))


def test_no_calls_are_an_empty_plan():
    assert plan_calls(0, 7, datetime.now(UTC)) == []
