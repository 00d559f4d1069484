"""The page of a call without a mouse."""

from __future__ import annotations

import json

from flows_analytics.calls.record import CallRecord
from tests.report.records import Story, pizza_call, troubled_call


def test_j_and_k_go_from_turn_to_turn_and_stop_at_the_ends(opened):
    there = opened(pizza_call())
    seen = []
    for key in ("j", "j", "k", "k", "j"):
        there.page.keyboard.press(key)
        seen += there.selected
    assert seen == ["turn-1", "turn-2", "turn-1", "turn-1", "turn-2"]


def test_j_goes_on_from_whatever_is_selected(opened):
    there = opened(pizza_call())
    there.page.click("#tool-1 .t")
    there.page.keyboard.press("j")
    assert there.selected == ["turn-3"]


def test_f_goes_from_finding_to_finding(opened):
    there = opened(troubled_call())
    there.page.keyboard.press("f")
    assert there.selected == ["move-1"]
    there.page.keyboard.press("f")
    assert there.selected == ["move-2"]


def test_a_slash_searches_and_enter_goes_from_match_to_match(opened):
    there = opened(pizza_call())
    there.page.keyboard.press("/")
    there.page.keyboard.type("Diavola")
    assert there.page.inner_text("#search-found") == "8 found"
    there.page.keyboard.press("Enter")
    assert there.page.inner_text("#search-found") == "1 of 8"
    assert there.selected == ["tool-2"]
    there.page.keyboard.press("Shift+Enter")
    assert there.page.inner_text("#search-found") == "8 of 8"
    there.page.keyboard.press("Escape")
    assert there.page.inner_text("#search-found") == ""
    assert there.page.locator(".is-match").count() == 0


def test_a_search_marks_words_after_letters_that_are_longer_when_small(opened):
    story = Story("search")
    story.bot(1.0, "İİİİİİİİİİ Işık")
    story.end(9.0)
    there = opened(story.record())
    there.page.keyboard.press("/")
    there.page.keyboard.type("ışık")
    assert there.page.inner_text("#search-found") == "none found"
    there.page.fill("#search", "şık")
    assert there.page.inner_text("#search-found") == "1 found"
    assert there.page.evaluate("[...CSS.highlights.get('found')].map(String)") == ["şık"]
    assert there.told == []


def test_keys_typed_into_the_search_are_no_shortcuts(opened):
    there = opened(pizza_call())
    there.page.keyboard.press("/")
    there.page.keyboard.type("jkf?")
    assert there.selected == []
    assert there.page.locator("#help").is_hidden()
    assert there.page.inner_text("#search-found") == "none found"


def test_a_question_mark_opens_the_help_and_shortcuts_can_be_switched_off(opened):
    there = opened(pizza_call())
    there.page.keyboard.press("?")
    assert there.page.locator("#help").is_visible()
    there.page.uncheck("#keys")
    there.page.click("#help-close")
    there.page.keyboard.press("j")
    assert there.selected == []


def test_the_selection_is_cleared_with_escape(opened):
    there = opened(pizza_call())
    there.page.keyboard.press("j")
    there.page.keyboard.press("Escape")
    assert there.selected == []
    assert there.page.locator("#dock").is_hidden()


def test_everything_that_can_be_done_is_reached_by_tab(opened):
    story = Story()
    story.enter(0.1, "ask", ("go",))
    story.bot(1.0, "Shall we go?")
    story.move(4.0, "go", "bye")
    story.end(6.0)
    there = opened(story.record())
    reached = []
    while len(reached) < 60 and reached[-1:] != ["record-box"]:
        there.page.keyboard.press("Tab")
        where = "one => one.id || one.hash || one.parentElement.id"
        reached.append(there.page.eval_on_selector(":focus", where))
    assert {"search", "help-open", "timeline-scroll", "zoom-in", "#turn-1", "#move-1", "#record"} <= set(reached)


def test_arrows_on_the_timeline_select_turns(opened):
    there = opened(pizza_call())
    there.page.focus("#timeline-scroll")
    for _ in range(3):
        there.page.keyboard.press("ArrowRight")
    assert there.selected == ["turn-3"]


def test_the_record_is_unfolded_and_saved_as_it_was(opened):
    record = pizza_call(declared=True)
    told = {"price": 1.0, "id": 2**60 + 1, "none": None, "text": "</script>\u2028", "tiny": 1e-7}
    record = record.model_copy(update={"metadata": told})
    there = opened(record)
    there.page.click("#record-box summary")
    shown = there.page.inner_text("#record-text")
    assert json.loads(shown)["call_id"] == "pizza-7f3a"
    with there.page.expect_download() as saving:
        there.page.click("#record-save")
    assert saving.value.suggested_filename == "pizza-7f3a.json"
    saved = CallRecord.load(saving.value.path())
    assert saved == record
    assert saved.to_json() == record.to_json()
    assert there.told == there.violations() == []
