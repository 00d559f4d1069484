"""The timeline: where everything stands, to scale, however long the call."""

from __future__ import annotations

import pytest

from flows_analytics.calls.sound import Recording
from flows_analytics.report.finding_rows import finding_rows
from flows_analytics.report.html import render_call_report
from flows_analytics.report.ticks import ticks
from flows_analytics.report.timeline import timeline
from flows_analytics.report.transcript import transcript
from flows_analytics.report.waveform import waveform
from tests.report.records import ALL_CALLS, Story, eventful_call, long_call, pizza_call, troubled_call


def timeline_of(record):
    return timeline(record, transcript(record), finding_rows(record))


@pytest.mark.parametrize("name", ["pizza", "eventful"])
def test_the_view_model_of_the_timeline(name, snapshot):
    assert timeline_of(ALL_CALLS[name]()) == snapshot


@pytest.mark.parametrize("name", ALL_CALLS)
def test_everything_lies_between_the_start_and_the_end(name):
    line = timeline_of(ALL_CALLS[name]())
    if line is None:
        return
    for bar in (*line.nodes, *line.caller, *line.bot, *line.tools):
        assert 0 <= bar.start <= bar.start + bar.width <= 100.01
    assert all(0 <= mark.at <= 100 for mark in line.marks)


def test_a_wait_stands_before_the_answer_and_its_parts_fill_it():
    record = pizza_call()
    line = timeline_of(record)
    gap = next(gap for gap in line.gaps if gap.anchor == "turn-3")
    answer = next(bar for bar in line.bot if bar.anchor == "turn-3")
    assert gap.start + gap.width == pytest.approx(answer.start, abs=0.03)
    assert gap.width == pytest.approx(100 * record.turns[2].latency_ms / record.duration_ms, abs=0.05)
    assert sum(one.width for one in gap.bar) == pytest.approx(100, abs=0.5)


def test_a_wait_whose_bar_stands_in_the_transcript_is_shown_from_there():
    record = pizza_call()
    groups = transcript(record)
    line = timeline(record, groups, (), shown={"turn-3"})
    assert [gap.anchor for gap in line.gaps if not gap.bar] == ["turn-3"]
    page = render_call_report(record)
    assert page.count('<use href="#turn-3-bar"/>') == page.count('id="turn-3-bar"') == 1


def test_moves_that_failed_errors_and_findings_are_marked():
    kinds = [mark.kind for mark in timeline_of(troubled_call()).marks]
    assert (kinds.count("missed"), kinds.count("error"), kinds.count("finding")) == (3, 1, 3)


def test_a_turn_that_was_cut_off_by_a_hang_up_is_marked_at_the_end():
    cuts = [mark for mark in timeline_of(eventful_call()).marks if mark.kind == "cut"]
    assert cuts[-1].at == 100.0
    assert cuts[-1].tip == "cut off by the end of the call"


def test_what_is_too_close_to_be_told_apart_is_drawn_as_one():
    line = timeline_of(long_call(12_000))
    assert len(line.caller) <= 4_000
    assert len(line.gaps) <= 4_000
    assert any("close together" in bar.tip for bar in line.caller)


def test_a_call_without_time_has_no_timeline():
    assert timeline_of(Story().record()) is None


@pytest.mark.parametrize("seconds", [0.4, 7, 57.2, 150, 3_600, 40_000, 10_000_000])
def test_a_scale_names_few_times_and_finer_ones_between(seconds):
    scale = ticks(seconds * 1000)
    assert scale[0].text == "0:00"
    assert 1 <= len([tick for tick in scale if not tick.fine]) <= 11
    assert len(scale) <= 38
    assert [tick.at for tick in scale] == sorted({tick.at for tick in scale})


def sound(**told):
    told = {"file": "a.wav", "began_ms": 1_000.0, "duration_ms": 8_000.0, "peak_ms": 10.0} | told
    return Recording(**told)


def test_a_waveform_keeps_the_loudest_of_each_stretch_and_its_place_in_the_call():
    loud = [0.0] * 800
    loud[399] = 0.5
    wave = waveform(sound(peaks=(tuple(loud), tuple([0.25] * 800))), 10_000.0)
    assert (wave.start, wave.width, wave.points) == (10.0, 80.0, 400)
    # The loudest moment reaches the edge, all else is to its scale.
    assert wave.caller.count("v-100h1") == 1
    assert wave.bot.startswith("M0 100v50h1")


@pytest.mark.parametrize(
    "told",
    [
        {"peaks": ()},
        {"peaks": ((), ())},
        {"peaks": ((0.1,),), "began_ms": None},
        {"peaks": ((0.1,),), "duration_ms": 0.0},
    ],
)
def test_without_peaks_or_their_place_there_is_no_waveform(told):
    assert waveform(sound(**told), 10_000.0) is None
    assert waveform(None, 10_000.0) is None


def test_peaks_that_are_no_loudness_are_silence():
    wave = waveform(sound(peaks=((float("nan"), float("inf"), -3.0, 7.0, 1.0),)), 10_000.0)
    assert wave.caller == "M0 100h1h1h1h1v-100h1V100Z"
    assert wave.bot == ""
