"""Rates, and the differences between them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, hypergeom
from statsmodels.stats.multitest import multipletests

from flows_analytics.errors import CountsError
from flows_analytics.stats.difference import differences
from flows_analytics.stats.rates import Rate

Z = 1.959963984540054


@st.composite
def rates(draw, least=1, most=400):
    total = draw(st.integers(least, most))
    return Rate(draw(st.integers(0, total)), total)


def wilson_by_hand(count, total):
    share, square = count / total, Z * Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = Z / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total**2))
    return middle - half, middle + half


@settings(max_examples=40)
@given(rates())
def test_the_interval_of_a_rate_is_wilsons(rate):
    assert rate.interval == pytest.approx(wilson_by_hand(rate.numerator, rate.denominator), abs=1e-12)
    low, high = rate.interval
    assert (
        0 <= low <= rate.value <= high <= 1
        or rate.value == pytest.approx(low)
        or rate.value == pytest.approx(high)
    )


def test_nothing_of_nothing_is_unknown_and_not_zero():
    assert Rate(0, 0).to_dict() == {
        "value": None, "numerator": 0, "denominator": 0, "low": None, "high": None, "small": True,
    }  # fmt: skip
    assert Rate(0, 0).text == "–"


@pytest.mark.parametrize(("part", "whole"), [(-1, 4), (5, 4), (1, 0)])
def test_a_part_larger_than_the_whole_is_a_mistake_somewhere(part, whole):
    with pytest.raises(CountsError):
        Rate(part, whole)


def test_fewer_than_thirty_are_flagged():
    assert Rate(3, 29).small
    assert not Rate(3, 30).small


@given(rates(most=10_000))
def test_words_say_all_or_nothing_only_where_it_is_so(rate):
    assert (rate.text == "0 %") == (rate.numerator == 0)
    assert (rate.text == "100 %") == (rate.numerator == rate.denominator)


@settings(max_examples=40)
@given(rates(), rates())
def test_the_interval_of_a_difference_is_newcombes(before, after):
    (found,) = differences([(before, after)])
    low1, high1 = wilson_by_hand(after.numerator, after.denominator)
    low2, high2 = wilson_by_hand(before.numerator, before.denominator)
    apart = after.value - before.value
    low = apart - math.hypot(after.value - low1, high2 - before.value)
    high = apart + math.hypot(high1 - after.value, before.value - low2)
    assert found.value == apart
    assert found.interval == pytest.approx((low, high), abs=1e-9)


@settings(max_examples=40)
@given(rates(least=30), rates(least=30))
def test_two_large_rates_are_compared_by_the_score_test(before, after):
    (found,) = differences([(before, after)])
    assert found.test == "score"
    both = before.numerator + after.numerator
    if both in (0, before.denominator + after.denominator):
        assert found.p == 1
    else:
        # The two-sided score test of a difference is Pearson's chi-squared.
        table = [[r.numerator, r.denominator - r.numerator] for r in (before, after)]
        assert found.p == pytest.approx(chi2_contingency(table, correction=False).pvalue, abs=1e-9)


@settings(max_examples=40)
@given(rates(most=29), rates(most=60))
def test_with_few_calls_on_either_side_the_test_is_exact(before, after):
    (found,) = differences([(before, after)])
    assert found.test == "exact"
    taken, total = before.numerator + after.numerator, before.denominator + after.denominator
    law = hypergeom(total, taken, before.denominator)
    seen = law.pmf(before.numerator)
    tables = range(max(0, taken - after.denominator), min(taken, before.denominator) + 1)
    as_odd = sum(law.pmf(k) for k in tables if law.pmf(k) <= seen * (1 + 1e-7))
    assert found.p == pytest.approx(min(as_odd, 1), abs=1e-6)


@settings(max_examples=10)
@given(st.lists(st.tuples(rates(least=0, most=80), rates(least=0, most=80)), max_size=6))
def test_each_difference_is_corrected_for_all_that_were_tested(pairs):
    found = differences(pairs)
    tested = [each for each in found if each.p is not None]
    if tested:
        corrected = multipletests([each.p for each in tested], method="holm")[1]
        assert [each.p_holm for each in tested] == pytest.approx(list(corrected), abs=1e-12)
    for (before, after), each in zip(pairs, found, strict=True):
        if not before.denominator or not after.denominator:
            assert (each.value, each.interval, each.p, each.p_holm, each.clear) == (None, None, None, None, False)
