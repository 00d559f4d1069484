"""Waits: the parts of a latency, adding up as they are shown."""

from __future__ import annotations

import pytest

from flows_analytics.calls.intervals import Contribution
from flows_analytics.report.html import render_call_report
from flows_analytics.report.waits import wait
from tests.report.pages import read
from tests.report.records import ALL_CALLS, eventful_call, long_call


def parts_of(*lengths):
    parts, at_ms = [], 0.0
    for ms in lengths:
        parts.append(Contribution("function", ms, at_ms, "look_up"))
        at_ms += ms
    return parts


def shown_ms(text):
    return 0 if text == "<1 ms" else int(text.removesuffix(" ms").replace(",", ""))


@pytest.mark.parametrize("lengths", [(0.4, 0.4, 0.4), (1000.5, 1000.5), (333.333, 333.333, 333.334), (0.2,)])
def test_parts_add_up_to_the_whole_as_they_are_shown(lengths):
    shown = wait(sum(lengths), parts_of(*lengths))
    assert sum(shown_ms(part.took) for part in shown.parts) == shown_ms(shown.exact.replace("0 ms", "0 ms"))
    assert sum(part.width for part in shown.parts) == pytest.approx(100, abs=0.05)


def test_a_part_too_short_to_show_is_never_a_false_0():
    assert [part.took for part in wait(10.1, parts_of(10.0, 0.1)).parts] == ["10 ms", "<1 ms"]


@pytest.mark.parametrize("name", ALL_CALLS)
def test_the_parts_of_every_wait_of_every_kind_of_call_add_up(name):
    record = ALL_CALLS[name]()
    for measured in (*record.turns, *record.transitions):
        shown = wait(measured.latency_ms, measured.contributions)
        if shown is not None:
            assert sum(shown_ms(part.took) for part in shown.parts) == round(measured.latency_ms)


def test_what_was_not_measured_is_not_shown():
    assert wait(None, ()) is None
    assert wait(float("nan"), ()) is None
    assert wait(100.0, parts_of(float("nan"))).parts == ()


def test_the_page_shows_each_wait_as_a_bar_and_as_a_list():
    page = read(render_call_report(eventful_call()))
    bars = [svg for svg in page.all("svg") if svg.get("class") == "bar"]
    assert len(bars) == sum(turn.latency_ms is not None for turn in eventful_call().turns)
    assert all(bar["aria-hidden"] == "true" for bar in bars)
    assert "5,700 ms function look_up" in " ".join(page.text.split())


def test_a_page_grows_with_its_call_and_no_faster():
    small, large = (len(render_call_report(long_call(turns))) for turns in (200, 400))
    assert large < 2.05 * small
