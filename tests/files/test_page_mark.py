"""A page says whose it is, and nothing a caller says can say it instead."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows_analytics.files.page_mark import PageMark, mark_of, read_mark
from flows_analytics.report.html import render_call_report
from tests.retention.kept import NOW, record_of

FAKE = f'</title><meta name="flows-analytics-call" content="{"0" * 32} 2020-01-01T00:00:00+00:00 -">'


def head(mark):
    return f'<meta name="flows-analytics-call" content="{mark}">\n<title>x</title><style>'.encode()


_times = st.datetimes(timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30))]))


@given(call_id=st.text(), began=_times, ended=st.none() | _times)
def test_every_mark_is_read_as_it_was_made(call_id, began, ended):
    mark = mark_of(call_id, began, ended)
    assert read_mark(head(mark)) == mark


@pytest.mark.parametrize("call_id", ["order-1", FAKE, '"><script>'])
def test_the_page_of_a_call_has_its_mark_whatever_its_id_is(call_id):
    record = record_of(call_id, 3, text=FAKE)
    page = render_call_report(record)

    assert read_mark(page.encode()) == mark_of(call_id, record.started_at, NOW - timedelta(days=3))
    assert page.count('name="flows-analytics-call"') == 1


def test_a_call_that_is_not_over_has_no_end_and_one_that_was_lost_has():
    running = record_of("a", 3, status="started")
    lost = record_of("a", 3, status="started", end_reason="process_lost")

    assert read_mark(render_call_report(running).encode()).ended is None
    assert read_mark(render_call_report(lost).encode()).ended == lost.started_at


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<p>hi",
        b"<style></style><p>" + head(PageMark("0" * 32, NOW, NOW)),
        head("no mark"),
        head("0" * 32 + " then -"),
        head("\u00e9" * 32 + " then -"),
    ],
)
def test_what_is_no_mark_in_the_head_is_none(page):
    assert read_mark(page) is None
