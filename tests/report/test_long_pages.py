"""Calls too long for a page: the beginning and the end are shown, and what is left out is said."""

from __future__ import annotations

import json
import re

from flows_analytics.report import call_view as views
from flows_analytics.report.call_view import call_view
from flows_analytics.report.html import render_call_report
from flows_analytics.report.packed_record import pack_record
from flows_analytics.report.transcript import shortened, transcript
from tests.report.pages import read
from tests.report.records import ALL_CALLS, Story, long_call, looping_call, pizza_call
from tests.report.test_page import assert_sound


def test_a_transcript_that_fits_is_left_alone():
    groups = transcript(pizza_call())
    assert shortened(groups, 100) == groups


def test_a_long_transcript_keeps_its_beginning_and_its_end_and_counts_the_rest():
    groups = transcript(long_call(100))
    items = [item.anchor for group in groups for item in group.items]
    for most in (2, 7, 20, 50, len(items) - 1):
        kept = shortened(groups, most)
        anchors = [item.anchor for group in kept for item in group.items]
        assert len(anchors) <= most
        begin = most // 2
        assert anchors[:begin] == items[:begin]
        assert anchors[begin:] == items[len(items) - len(anchors) + begin :]
        assert sum(group.left_out for group in kept) == len(items) - len(anchors)
        assert len({group.anchor for group in kept}) == len(kept)


def test_visits_in_which_nothing_was_said_count_too():
    groups = transcript(looping_call())
    assert len(shortened(groups, 6)) <= 8


def test_a_page_says_what_it_leaves_out_and_every_link_still_leads_somewhere(monkeypatch):
    monkeypatch.setattr(views, "MOST_ROWS", 4)
    monkeypatch.setattr(views, "shortened", lambda groups: shortened(groups, 10))
    for make in ALL_CALLS.values():
        page = read(render_call_report(make()))
        page.elements = [(tag, {k: v for k, v in had.items() if k != "data-m"}) for tag, had in page.elements]
        assert_sound(page)
    page = read(render_call_report(long_call(60)))
    assert "left out of the transcript; the record has all." in page.text
    assert "left out here; the record has them." in page.text
    told = " ".join(call_view(looping_call()).left_out)
    assert "left out of the table of transitions" in told
    assert "left out of the path" in told


def test_a_page_grows_no_further_once_it_is_full():
    pages = [len(render_call_report(long_call(turns))) for turns in (4_000, 8_000)]
    assert pages[1] < pages[0] * 1.5


def test_a_record_too_large_for_its_page_is_named_instead():
    packed = pack_record(pizza_call(), most_bytes=1_000)
    assert packed.document is None
    assert packed.moments == ()
    assert packed.left_out == f"At {packed.size} the record is too large to stand in its page."
    assert packed.file_name == "pizza-7f3a.json"


def unpacked(packed):
    """The moments again, as the page's script makes them."""
    for index, *values in packed.moments:
        kind, same, fields, words = packed.kinds[index]
        told = {
            name: words[name][value] if name in words else value
            for name, value in zip(fields, values, strict=False)
            if value is not None
        }
        yield {"kind": kind, **same, **told}


def test_what_is_the_same_in_all_moments_of_a_kind_is_packed_once():
    packed = pack_record(long_call(30))
    data = json.dumps([packed.kinds, packed.moments])
    assert data.count('"transport"') == 1
    kinds = {kind.kind: kind for kind in packed.kinds}
    assert kinds["bot_text"].same["source"] == "transport"


def test_one_and_true_are_not_packed_as_the_same():
    story = Story()
    for second, result in enumerate((1, True, 1.0, True)):
        story.call(float(second), "count", result=result)
    told = [moment["result"] for moment in unpacked(pack_record(story.record())) if "result" in moment]
    assert json.dumps(told) == "[1, true, 1.0, true]"


def test_a_packed_record_holds_every_moment_and_names_its_fields_once():
    record = pizza_call()
    packed = pack_record(record)
    assert len(packed.moments) == len(record.events)
    for event, told in zip(record.events, unpacked(packed), strict=True):
        assert {"seq": event.seq, **told} == event.model_dump(mode="json", exclude_none=True)
    assert packed.document["call_id"] == "pizza-7f3a"
    assert "summary" not in packed.document


def test_moments_out_of_order_keep_their_numbers():
    record = pizza_call()
    record = record.model_copy(update={"events": record.events[::-1]})
    packed = pack_record(record)
    numbers = []
    for place, told in enumerate(unpacked(packed)):
        numbers.append(told.get("seq", place))
    assert numbers == [event.seq for event in record.events]


def test_numbers_that_are_none_become_null_in_the_page():
    told = {"nan": float("nan"), "half": "\ud800", "inf": float("inf")}
    record = pizza_call().model_copy(update={"metadata": told})
    packed = pack_record(record)
    assert packed.document["metadata"] == {"nan": None, "half": "\ud800", "inf": None}
    data = re.search(r'id="record-data">(.*?)</script>', render_call_report(record), re.DOTALL)
    assert "NaN" not in data[1]
    assert "\\ud800" in data[1]
