"""Time in a node, with visits still under way."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows_analytics.stats.buckets import middle_of, quantile
from flows_analytics.stats.survival import TimeInNode
from tests.stats.terminal import printed

buckets = st.dictionaries(st.integers(0, 900), st.integers(1, 9), max_size=8).map(Counter)


@settings(max_examples=60)
@given(buckets, buckets)
def test_the_estimate_is_the_product_of_the_shares_that_stayed(over, running):
    found = TimeInNode.of(over, running)
    share, expected = 1.0, []
    for bucket in sorted(over):
        there = sum(many for counted in (over, running) for at, many in counted.items() if at >= bucket)
        share *= 1 - over[bucket] / there
        expected.append((middle_of(bucket) / 1000, pytest.approx(share, abs=1e-9), there))
    assert [(point.ms, point.share, point.at_risk) for point in found.points] == expected
    for point in found.points:
        assert 0 <= point.low <= point.share + 1e-12
        assert point.share - 1e-12 <= point.high <= 1


@settings(max_examples=60)
@given(buckets.filter(bool))
def test_without_visits_under_way_its_quantiles_are_those_of_the_visits(over):
    found = TimeInNode.of(over, Counter())
    for share in (0.5, 0.9, 0.95):
        assert found.quantile_ms(share) == pytest.approx(quantile(over, share) / 1000)


def test_visits_under_way_make_the_time_longer_and_are_not_left_out():
    over = Counter({600: 10, 700: 10})
    assert TimeInNode.of(over, Counter()).quantile_ms(0.5) == pytest.approx(middle_of(600) / 1000)
    waiting = TimeInNode.of(over, Counter({650: 15}))
    assert waiting.quantile_ms(0.5) == pytest.approx(middle_of(700) / 1000)
    assert "35 visits, 15 of them under way" in waiting.reading()


def test_a_time_that_too_few_were_seen_to_reach_is_unknown():
    assert TimeInNode.of(Counter({600: 1}), Counter({650: 9})).quantile_ms(0.5) is None
    nobody = TimeInNode.of(Counter(), Counter({650: 9}))
    assert (nobody.points, nobody.running, nobody.reading()) == ((), 9, "No visit is over yet.")


def test_it_can_be_shown_and_stored():
    found = TimeInNode.of(Counter({600: 3, 700: 2}), Counter({650: 1}))
    assert json.loads(json.dumps(found.to_dict()))["over"] == 5
    assert found.reading() in printed(found.table())
