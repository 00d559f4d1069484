"""Counts of disjoint sets of calls add up."""

from __future__ import annotations

import copy

from hypothesis import given

from flows_analytics.store.counts import FlowCounts
from tests.stats.logs import logs
from tests.stats.naive import count


@given(logs(), logs(first_id=100))
def test_the_counts_of_two_days_are_the_sum_of_each_days_counts(monday, tuesday):
    assert count(monday) + count(tuesday) == count([*monday, *tuesday])


@given(logs(), logs(first_id=100), logs(first_id=200))
def test_it_does_not_matter_in_which_order_counts_are_added(one, two, three):
    first, second, third = count(one), count(two), count(three)
    assert (first + second) + third == first + (second + third)
    assert first + second == second + first


@given(logs())
def test_no_calls_add_nothing(log):
    assert count(log) + FlowCounts() == count(log) == FlowCounts() + count(log)
    assert sum([count(log)], FlowCounts()) == count(log)


@given(logs(), logs(first_id=100))
def test_adding_changes_neither_side(one, two):
    first, second = count(one), count(two)
    before = copy.deepcopy((first, second))
    assert first + second == second + first
    assert (first, second) == before
