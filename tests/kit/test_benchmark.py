"""The benchmark of the kit measures what it says."""

from __future__ import annotations

from benchmarks import kit
from flows_analytics.testing import FlowCall, run_virtual


def test_the_call_has_thirty_steps_and_takes_all_of_them():
    call = run_virtual(lambda: FlowCall()(kit.start(), kit.STEPS))
    assert len(kit.STEPS) == 30
    assert len(call.tool_calls) == 15
    assert len(call.path) == 16


def test_each_contestant_is_timed_once_a_round_after_a_round_to_warm_up():
    held = []
    figures = kit._time_in_turn([lambda: held.append("bare"), lambda: held.append("kit")], 3)
    assert held == ["bare", "kit"] * 4
    assert [len(each) for each in figures] == [3, 3]
