"""Texts, times and names as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest

from flows_analytics.calls.ending import ExitKind, ReasonSource
from flows_analytics.calls.events import Cause
from flows_analytics.calls.intervals import ContributionName
from flows_analytics.calls.latency import MeasuredFrom
from flows_analytics.calls.tools import Outcome
from flows_analytics.report.json_text import json_text
from flows_analytics.report.times import duration, iso_utc, percent, stamp
from flows_analytics.report.visible import one_line, page_name, page_text, shorten, visible
from flows_analytics.report.words import (
    HOW_CALLS_END,
    HOW_VISITS_END,
    MEASURED_FROM,
    WAITED_FOR,
    WHAT_BECAME,
    WHO_TOLD,
    WHY_ENTERED,
    counted,
    ordinal,
)

NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (849.6, "850 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (12_400, "12.4 s"),
        (59_949, "59.9 s"),
        (59_951, "1 min 0 s"),
        (72_000, "1 min 12 s"),
        (3_599_600, "1 h 0 min"),
        (7_380_000, "2 h 3 min"),
        (-0.4, "0 ms"),
        (-850, "unknown time"),
    ],
)
def test_durations_are_worded_without_a_jump_between_units(ms, text):
    assert duration(ms).text == text


@pytest.mark.parametrize("ms", [None, float("nan"), float("inf")])
def test_what_is_no_time_has_no_duration_and_no_stamp(ms):
    assert duration(ms) is None
    assert stamp(ms) is None


def test_stamps_count_from_the_start_of_the_call():
    assert stamp(67_340).text == "1:07.3"
    assert stamp(59_960).text == "1:00.0"


def test_moments_are_given_in_utc_whatever_zone_they_came_in():
    assert iso_utc(datetime(2026, 1, 5, 10, tzinfo=timezone(timedelta(hours=1)))) == "2026-01-05T09:00:00.000Z"
    assert iso_utc(NINE.replace(tzinfo=None)) == "2026-01-05T09:00:00.000Z"
    assert iso_utc(datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))) is None


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 5, "0 %"), (1, 1000, "<1 %"), (1, 3, "33 %"), (999, 1000, ">99 %"), (5, 5, "100 %")],
)
def test_shares_never_claim_a_false_0_or_100(part, whole, text):
    assert percent(part, whole) == text


def test_every_code_of_a_record_has_words():
    assert set(HOW_CALLS_END) == set(HOW_VISITS_END) == set(get_args(ExitKind))
    assert set(WHY_ENTERED) == set(get_args(Cause))
    assert set(WHAT_BECAME) == set(get_args(Outcome))
    assert set(WAITED_FOR) == set(get_args(ContributionName))
    assert set(MEASURED_FROM) == set(get_args(MeasuredFrom))
    assert set(WHO_TOLD) == set(get_args(ReasonSource))


def test_numbers_of_things_are_worded():
    assert [counted(0, "turn"), counted(1, "turn"), counted(1204, "turn")] == ["0 turns", "1 turn", "1,204 turns"]
    assert [ordinal(number) for number in (1, 2, 3, 4)] == ["1st", "2nd", "3rd", "4th"]
    assert [ordinal(number) for number in (11, 12, 21, 113)] == ["11th", "12th", "21st", "113th"]


def test_unseen_characters_become_visible_and_layout_stays():
    assert visible("a\tb\r\nc\x00\x1b\x7f\u202e\ud800") == "a\tb\nc␀␛␡⟨U+202E⟩\ufffd"


def test_one_line_is_one_line():
    assert one_line(" a\n\n b\t\u2028c ") == "a b ⟨U+2028⟩c"


def test_short_texts_and_names_are_whole():
    assert (page_text("hello").text, page_text("hello").total) == ("hello", None)
    assert (page_name("confirm").text, page_name("confirm").full) == ("confirm", None)
    assert page_name("").text == "(no name)"


def test_long_names_keep_both_ends():
    name = page_name("start" + "x" * 200 + "end")
    assert name.text.startswith("start")
    assert name.text.endswith("end")
    assert len(name.text) == 80
    assert name.full == "start" + "x" * 200 + "end"
    assert shorten("abcdefghij", 7) == "abcd…ij"


def test_values_are_json_for_people():
    assert json_text(None) is None
    assert json_text({"größe": "groß"}).text == '{"größe": "groß"}'
    assert json_text({"a": "x" * 100}).text.startswith('{\n  "a"')
