"""The page of a call: sound, self-contained, honest about what it cuts."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import timeit
from itertools import pairwise

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from flows_analytics.calls.record import CallRecord
from flows_analytics.errors import FlowsAnalyticsError
from flows_analytics.report.html import render_call_report
from tests.report.pages import Page, read
from tests.report.records import ALL_CALLS, Story, eventful_call, long_call, pizza_call, troubled_call


class HTMLSnapshot(SingleFileSnapshotExtension):
    file_extension = "html"
    _write_mode = WriteMode.TEXT


def assert_sound(page: Page) -> None:
    assert page.faults == []
    assert len(page.ids) == len(set(page.ids))
    for link in page.values("href"):
        assert link.startswith("#")
        assert link[1:] in page.ids
    for named in page.values("aria-labelledby", "aria-describedby"):
        assert set(named.split()) <= set(page.ids)
    assert page.values("style", "action", "formaction", "srcset", "xlink:href", "poster") == []
    sources = page.values("src")
    assert sources == [audio["src"] for audio in page.all("audio")]
    assert all(re.fullmatch(r"(\./|https?://)[!-~]+", source or "") for source in sources)
    assert not {"img", "iframe", "object", "embed", "form", "link", "base", "foreignobject"} & set(page.tags)
    # Three scripts of ours and, unless it is too large, the record; nothing that a call could have brought.
    scripts = [
        script for script in page.all("script") if script != {"type": "application/json", "id": "record-data"}
    ]
    assert scripts == [{}, {}, {}]
    for anchor in page.values("data-m"):
        assert anchor in page.ids
    for field in page.all("input"):
        assert field["id"] in [label.get("for") for label in page.all("label")] or field["type"] == "checkbox"
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


@pytest.mark.parametrize("name", ALL_CALLS)
def test_every_kind_of_call_gives_a_sound_page_with_working_links(name):
    assert_sound(read(render_call_report(ALL_CALLS[name]())))


@pytest.mark.parametrize("name", ALL_CALLS)
def test_headings_never_skip_a_level_and_there_is_one_of_the_first(name):
    levels = [
        int(tag[1]) for tag in read(render_call_report(ALL_CALLS[name]())).tags if re.fullmatch("h[1-6]", tag)
    ]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scopes_and_scrolling_parts_can_be_reached_by_keyboard():
    page = read(render_call_report(eventful_call()))
    assert page.tags.count("caption") == page.tags.count("table") == 1
    assert all("scope" in attributes for attributes in page.all("th"))
    regions = [attributes for attributes in page.all("div") if attributes.get("class") == "scroll"]
    assert regions
    assert all(region.get("tabindex") == "0" and region.get("role") == "region" for region in regions)
    assert all("aria-label" in region or "aria-labelledby" in region for region in regions)


def test_drawings_are_images_with_a_title_and_a_description():
    page = read(render_call_report(pizza_call()))
    images = [attributes for attributes in page.all("svg") if attributes.get("role") == "img"]
    assert len(images) == 3
    assert all("aria-labelledby" in image for image in images)


def hashed(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_exactly_the_inlined_styles_and_scripts_and_nothing_else():
    page = read(render_call_report(pizza_call()))
    (policy,) = [
        meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    scripts, styles = (" ".join(map(hashed, texts)) for texts in (page.scripts, page.styles))
    assert policy == (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; base-uri 'none'; form-action 'none'"
    )
    assert page.tags.index("meta") < page.tags.index("style")


def test_a_table_says_in_each_cell_what_its_column_is_called():
    page = read(render_call_report(pizza_call()))
    assert all("data-label" in cell for cell in page.all("td"))
    columns = set(re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', render_call_report(pizza_call())))
    assert {cell["data-label"] for cell in page.all("td")} <= columns


def test_styles_and_scripts_ask_for_nothing_from_outside():
    page = read(render_call_report(pizza_call()))
    for text in (*page.styles, *page.scripts):
        assert not re.search(r"url\(|@import|https?:|@font-face|fetch|XMLHttpRequest|innerHTML|eval\(", text)


def test_a_record_whose_times_contradict_each_other_shows_no_time_below_zero():
    record = pizza_call()
    events = [event.model_copy(update={"at_ms": -event.at_ms}) for event in record.events]
    record = record.model_copy(update={"events": tuple(events)})
    assert record.duration_ms < 0
    assert [visit for visit in record.visits if visit.dwell_ms is not None and visit.dwell_ms < 0]
    page = read(render_call_report(record))
    assert not re.search("[-−]\\d+(\\.\\d)? (ms|s|min)", page.text)
    assert "unknown time" in page.text
    assert "The record contradicts itself: 1 call ends before the beginning" in page.text


def test_a_text_too_long_for_a_page_is_cut_and_says_so():
    story = Story()
    story.enter(0.1, "talk")
    story.caller(1.0, "word" * 10_000)
    page = read(render_call_report(story.record()))
    assert "word" * 5_000 in page.text
    assert "word" * 5_001 not in page.text
    assert "cut here: 40,000 characters in all" in page.text


def test_a_user_template_can_build_on_the_default_one(tmp_path):
    (tmp_path / "call_report.html").write_text(
        '{% extends "default:call_report.html" %}'
        "{% block unknowns %}<p>ours: {{ call.header.status }}</p>{% endblock %}"
    )
    page = read(render_call_report(pizza_call(), template_dir=tmp_path))
    assert "Transcript" in page.text
    assert "ours: completed" in page.text
    assert "What this recording does not know" not in page.text


def test_a_user_stylesheet_and_script_get_their_own_hashes(tmp_path):
    (tmp_path / "report.css").write_bytes(b"body { color: teal; }\r\n")
    (tmp_path / "call.js").write_text("'ours';")
    page = read(render_call_report(pizza_call(), template_dir=str(tmp_path)))
    assert page.styles[0] == "body { color: teal; }\n"
    assert page.scripts[1] == "'ours';"
    policy = str(page.all("meta"))
    assert all(hashed(text) in policy for text in (*page.styles, *page.scripts))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("call.js", "\nlet end = '</ScRiPt>';", "line 2: </ScRiPt"),
        ("call.js", "// <!-- <script", "line 1: <!--"),
        ("call.css", "/* </style> */", "line 1: </style"),
    ],
)
def test_a_user_file_that_would_end_its_element_is_named_with_its_line(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(FlowsAnalyticsError) as raised:
        render_call_report(pizza_call(), template_dir=tmp_path)
    assert raised.value.code == "asset_ends_early"
    assert str(tmp_path / name) in raised.value.message
    assert said in raised.value.message
    assert "write it as" in raised.value.message


@pytest.mark.parametrize("name", ["call.js", "report.css", "call_report.html"])
def test_a_user_file_that_is_not_utf_8_is_named(tmp_path, name):
    (tmp_path / name).write_bytes("/* größer */".encode("latin-1"))
    with pytest.raises(FlowsAnalyticsError, match="not UTF-8") as raised:
        render_call_report(pizza_call(), template_dir=tmp_path)
    assert raised.value.code == "template_not_utf8"
    assert str(tmp_path / name) in raised.value.message


def test_a_missing_folder_of_templates_is_named(tmp_path):
    with pytest.raises(FlowsAnalyticsError, match="nowhere") as raised:
        render_call_report(pizza_call(), template_dir=tmp_path / "nowhere")
    assert raised.value.code == "template_dir_missing"


def test_a_record_that_went_through_json_gives_the_same_page():
    record = troubled_call()
    assert render_call_report(CallRecord.from_json(record.to_json())) == render_call_report(record)


def test_a_call_of_500_turns_is_rendered_in_so_many_times_what_its_json_takes():
    record = long_call(500)
    json_secs = min(timeit.repeat(record.to_json, number=1, repeat=3, timer=time.process_time))
    began = time.process_time()
    page = render_call_report(record)
    # Some 20 times; by a search through all moments for each it would be hundreds.
    assert time.process_time() - began < 100 * json_secs
    assert page.count('class="item turn') == 500


def test_a_call_of_30_turns_takes_less_than_120_kilobytes():
    assert len(render_call_report(long_call(30)).encode()) < 120_000


def test_the_page_of_a_pizza_order(snapshot):
    page = render_call_report(pizza_call(declared=True))
    body = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", page, flags=re.DOTALL)
    assert re.sub(r"sha256-[\w+/=]+", "sha256-…", body) == snapshot(extension_class=HTMLSnapshot)
