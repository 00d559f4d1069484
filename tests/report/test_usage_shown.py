"""Usage on the page: what services reported, and nothing that they did not."""

from __future__ import annotations

from flows_analytics.calls.events import MetricsOff, TokensUsed
from flows_analytics.report.html import render_call_report
from flows_analytics.report.unknowns import unknowns
from flows_analytics.report.usage_rows import usage_view
from tests.report.pages import read
from tests.report.records import Story, empty_call, eventful_call, tokens


def test_each_service_is_a_row_with_what_it_reported(snapshot):
    assert usage_view(eventful_call()) == snapshot


def test_two_instances_of_a_service_are_told_apart():
    rows = usage_view(eventful_call()).rows
    assert [row.processor.text if row.processor else None for row in rows] == ["LLM#0", "LLM#1", None, None]


def test_a_share_of_the_cache_comes_with_both_its_numbers():
    story = Story()
    story.add(TokensUsed, 1.0, processor="LLM#0", cached_tokens=999, **tokens(1000, 1))
    (row,) = usage_view(story.record()).rows
    assert "999 of 1,000 tokens read came from the cache (>99 %)" in row.amounts


def test_nothing_reported_is_not_shown_as_nothing_consumed():
    assert "No service reported what it consumed." in read(render_call_report(empty_call())).text


def test_metrics_that_were_off_are_said_to_be():
    story = Story()
    story.add(MetricsOff, 0, measures=False, usage=True)
    assert "the pipeline ran without enable_usage_metrics" in read(render_call_report(story.record())).text
    assert any("enable_usage_metrics" in said for said in unknowns(story.record()))
    assert not any("enable_metrics" in said for said in unknowns(story.record()))
