"""Quantiles from log buckets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.stats.buckets import counted, middle_of, quantile
from flows_analytics.stats.spread import Spread
from flows_analytics.store.buckets import bucket_of
from tests.stats.naive import bucket

durations = st.lists(st.integers(1, 10**12), min_size=1)


@given(durations, st.floats(0, 1) | st.sampled_from([0.5, 0.9, 0.95]))
def test_a_quantile_is_at_most_one_percent_off_numpys(times, share):
    exact = np.quantile(times, share, method="inverted_cdf")
    assert quantile(counted(times), share) == pytest.approx(exact, rel=0.01, abs=0)


@given(durations, durations)
def test_the_quantiles_of_two_days_come_from_their_summed_buckets(monday, tuesday):
    assert counted(monday) + counted(tuesday) == counted(monday + tuesday)


@given(st.integers(0, 10**15))
def test_a_duration_falls_into_the_bucket_that_the_contract_names(us):
    assert bucket_of(us) == bucket(us)
    assert middle_of(bucket_of(us)) == pytest.approx(max(us, 1), rel=0.01)


def test_no_durations_have_no_quantile():
    assert quantile(counted([]), 0.5) is None
    assert Spread.of(counted([]), 0) == Spread(0, None, None, None, None, None)


def test_no_time_at_all_counts_as_a_microsecond():
    assert quantile(counted([0, 0]), 0.5) == pytest.approx(1, rel=0.01)


def test_a_share_is_between_nothing_and_all():
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(counted([1]), 1.5)


def test_mean_and_total_are_exact():
    spread = Spread.of(counted([1_000_000, 3_000_000]), 4_000_000)
    assert (spread.count, spread.mean_ms, spread.total_ms) == (2, 2000, 4000)
    assert Spread.of(counted([1_000_000])).mean_ms is None
