"""HTMLReportSink: a page for each call, under a safe name."""

from __future__ import annotations

import asyncio
import stat

import pytest

from flows_analytics.calls.sound import Recording
from flows_analytics.report.html import render_call_report
from flows_analytics.report.sink import HTMLReportSink
from tests.report.records import Story, pizza_call


def deliver(sink, *records):
    async def run():
        for record in records:
            await sink.deliver(record)
            await sink.close()

    asyncio.run(run())


def test_a_call_becomes_one_page_in_a_directory_made_for_it(tmp_path):
    deliver(HTMLReportSink(tmp_path / "a" / "reports"), pizza_call())
    (page,) = (tmp_path / "a" / "reports").iterdir()
    assert page.name == "pizza-7f3a.html"
    assert page.read_text(encoding="utf-8") == render_call_report(pizza_call())
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


def test_a_second_call_with_the_same_id_overwrites_nothing(tmp_path):
    deliver(HTMLReportSink(str(tmp_path)), pizza_call(), pizza_call())
    assert sorted(page.name for page in tmp_path.iterdir()) == ["pizza-7f3a.html", "pizza-7f3a~2.html"]


def test_a_hostile_id_stays_in_the_directory(tmp_path):
    reports = tmp_path / "reports"
    deliver(HTMLReportSink(reports), Story("../../x\x00/\ud800").record())
    assert len(list(reports.iterdir())) == 1
    assert list(tmp_path.iterdir()) == [reports]


def test_the_users_templates_are_used(tmp_path):
    (tmp_path / "call_report.html").write_text("status: {{ call.header.status }}")
    deliver(HTMLReportSink(tmp_path / "out", template_dir=tmp_path), pizza_call())
    assert (tmp_path / "out" / "pizza-7f3a.html").read_text() == "status: completed"


def test_a_template_that_asks_for_what_is_not_there_is_an_error_and_leaves_no_file(tmp_path):
    (tmp_path / "call_report.html").write_text("{{ call.nothing_of_this_name }}")
    with pytest.raises(Exception, match="nothing_of_this_name"):
        deliver(HTMLReportSink(tmp_path / "out", template_dir=tmp_path), pizza_call())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("where", "src"), [("reports", "./a.wav"), ("calls", "./../calls/a.wav")])
def test_a_page_plays_the_recording_that_is_there(tmp_path, where, src):
    (tmp_path / where).mkdir()
    (tmp_path / where / "a.wav").write_bytes(b"RIFF")
    record = pizza_call().model_copy(update={"recording": Recording(file="a.wav")})
    recordings = None if where == "reports" else tmp_path / where
    deliver(HTMLReportSink(tmp_path / "reports", recordings=recordings), record)
    assert f'src="{src}"' in (tmp_path / "reports" / "pizza-7f3a.html").read_text(encoding="utf-8")


def test_a_page_plays_no_recording_that_is_not_there(tmp_path):
    record = pizza_call().model_copy(update={"recording": Recording(file="a.wav")})
    deliver(HTMLReportSink(tmp_path), record)
    page = (tmp_path / "pizza-7f3a.html").read_text(encoding="utf-8")
    assert "<audio" not in page
    assert "which this page cannot play" in page
