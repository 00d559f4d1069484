"""The recording of a call: played if that is safe, and never anything else."""

from __future__ import annotations

import wave

import pytest

from flows_analytics.calls.sound import Recording
from flows_analytics.report.html import render_call_report
from flows_analytics.report.player import player
from flows_analytics.report.reach import record_dir_seen_from
from tests.report.pages import read
from tests.report.records import pizza_call
from tests.report.test_page import assert_sound


def recorded(**where):
    return pizza_call().model_copy(update={"recording": Recording(**where)})


def page_of(record, **where):
    page = read(render_call_report(record, **where))
    assert_sound(page)
    return page


def policy(page):
    (found,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    return dict(rule.split(" ", 1) for rule in found.split("; "))


def test_a_file_beside_the_record_is_played_and_nothing_else_is_allowed():
    page = page_of(recorded(file="pizza-7f3a.wav", duration_ms=57_200.0))
    (audio,) = page.all("audio")
    assert (audio["src"], audio["preload"], "controls" in audio) == ("./pizza-7f3a.wav", "metadata", True)
    assert policy(page)["media-src"] == "'self'"
    assert policy(page)["default-src"] == "'none'"
    assert "asks nothing of any network." in page.text


def test_a_recording_elsewhere_is_played_from_that_very_address_and_the_page_says_so():
    page = page_of(recorded(url="https://sound.example.org:8443/calls/7f3a.mp3?key=a;b,c&t=1"))
    assert page.values("src") == ["https://sound.example.org:8443/calls/7f3a.mp3?key=a;b,c&t=1"]
    assert policy(page)["media-src"] == "https://sound.example.org:8443/calls/7f3a.mp3"
    assert "asks nothing of any network until the recording is played" in page.text


def test_a_page_without_a_recording_may_load_no_media():
    page = page_of(pizza_call())
    assert "audio" not in page.tags
    assert "media-src" not in policy(page)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "data:audio/wav;base64,AAAA",
        "file:///etc/passwd",
        "//example.org/a.wav",
        "a.wav",
        "https://",
        "https://user:secret@example.org/a.wav",
        "https://example.org; script-src *",
        "https://example.org'/a.wav",
        "https://*.example.org/a.wav",
        "https://example.org:port/a.wav",
        "https://[::1/a.wav",
        "https://" + "a" * 5_000,
        "",
    ],
)
def test_what_is_no_plain_address_is_named_and_never_loaded(url):
    page = page_of(recorded(url=url))
    assert "audio" not in page.tags
    assert "media-src" not in policy(page)
    assert ("which this page cannot play" in page.text) is bool(url)


def test_no_address_can_add_a_rule_to_the_policy():
    page = page_of(recorded(url="https://example.org/a;script-src 'unsafe-inline',* <b>\"\u202e.wav"))
    rules = policy(page)
    assert set(rules) == {"default-src", "script-src", "style-src", "media-src", "base-uri", "form-action"}
    assert rules["media-src"].startswith("https://example.org/a%3Bscript-src%20'unsafe-inline'%2C")


@pytest.mark.parametrize("file", ["../secret.wav", "/etc/passwd", "..", ".", "a\\b.wav", "a\x00.wav", "f" * 5_000])
def test_what_is_no_bare_name_of_a_file_is_never_loaded(file):
    assert "audio" not in page_of(recorded(file=file)).tags


@pytest.mark.parametrize(
    ("file", "src"),
    [
        ("javascript:alert(1)", "./javascript%3Aalert%281%29"),
        ("a b?#%.wav", "./a%20b%3F%23%25.wav"),
        ('"><script>', "./%22%3E%3Cscript%3E"),
        ("größe\u202e.wav", "./gr%C3%B6%C3%9Fe%E2%80%AE.wav"),
    ],
)
def test_any_name_of_a_file_is_encoded_and_stays_one(file, src):
    assert page_of(recorded(file=file)).values("src") == [src]


def test_a_file_that_cannot_be_reached_is_named_only():
    page = page_of(recorded(file="a.wav"), record_dir=None)
    assert "audio" not in page.tags
    assert "which this page cannot play" in page.text


def test_where_the_file_cannot_be_reached_the_address_is_played():
    record = recorded(file="a.wav", url="https://example.org/a.wav")
    assert player(record, None).src == "https://example.org/a.wav"
    assert player(record, "").src == "./a.wav"


def test_a_page_in_another_folder_finds_its_way_to_the_recording(tmp_path):
    calls, reports = tmp_path / "my calls", tmp_path / "reports"
    calls.mkdir()
    with wave.open(str(calls / "a.wav"), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
    record = recorded(file="a.wav")
    way = record_dir_seen_from(reports, calls, record)
    assert way == "../my calls"
    assert player(record, way).src == "./../my%20calls/a.wav"
    assert record_dir_seen_from(calls, calls, record) == ""


def test_a_recording_that_is_not_there_is_not_reached(tmp_path):
    assert record_dir_seen_from(tmp_path, tmp_path, recorded(file="gone.wav")) is None
    assert record_dir_seen_from(tmp_path, tmp_path, recorded(file="a\x00")) is None
    assert record_dir_seen_from(tmp_path, tmp_path, pizza_call()) is None
