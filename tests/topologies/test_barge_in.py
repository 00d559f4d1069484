"""What is heard of an answer that the caller cuts off, at every moment of a word and of a chunk of audio."""

from __future__ import annotations

import pytest

from flows_analytics.testing import interrupts, says
from tests.topologies.agreement import assert_agrees
from tests.topologies.bots import hold, pizza_flow

ANSWER = "Hello there. What would you like to eat today my friend?"


@pytest.mark.parametrize("after", [0.203 + 0.0137 * step for step in range(48)])
def test_the_words_heard_at_a_barge_in_are_those_that_had_begun(after):
    steps = [says(ANSWER), interrupts("Stop it", after=after), says("Yes? Go on.")]
    call = hold(pizza_flow, steps)

    first = call.truth.bot[0]
    assert first.cut
    assert first.sounded_until_ms - first.end_ms <= 40.0
    assert_agrees(call.record, call.truth)
