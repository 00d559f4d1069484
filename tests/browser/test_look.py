"""Pages at every width and in every scheme: quiet, readable, sound for those who do not see them."""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.report.records import ALL_CALLS, Story, eventful_call, looping_call, pizza_call, troubled_call
from tests.report.test_hostile_calls import ALONE, HOSTILE, call_full_of

SERIOUS = {"serious", "critical"}


def faults(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing")
    found = axe.Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in SERIOUS]


def test_axe_finds_nothing_serious(opened):
    assert faults(opened(troubled_call()).page) == []


def test_axe_finds_nothing_serious_with_everything_open_and_something_selected(opened):
    there = opened(eventful_call(), color_scheme="dark")
    there.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    there.page.keyboard.press("j")
    assert faults(there.page) == []


def test_axe_finds_nothing_serious_on_a_phone_with_the_help_open(opened):
    there = opened(pizza_call(), viewport={"width": 390, "height": 800})
    there.page.keyboard.press("?")
    assert faults(there.page) == []


@pytest.mark.parametrize("name", ALL_CALLS)
def test_a_page_is_quiet_asks_for_nothing_and_never_scrolls_sideways(opened, name):
    there = opened(ALL_CALLS[name]().model_copy(update={"recording": None}))
    there.page.keyboard.press("j")
    # 320 is what is left of 1280 for those who enlarge everything fourfold.
    for width in (1440, 1024, 390, 320):
        there.page.set_viewport_size({"width": width, "height": 900})
        assert there.page.evaluate("document.documentElement.scrollWidth") <= width
    assert there.told == there.violations() == []
    assert len(there.asked) == 1


def test_no_table_scrolls_sideways_on_a_phone(opened):
    there = opened(troubled_call(), viewport={"width": 390, "height": 800})
    wide = "all => all.filter(one => one.querySelector('table') && one.scrollWidth > one.clientWidth).length"
    assert there.page.eval_on_selector_all(".scroll", wide) == 0


def test_a_wide_drawing_shows_where_the_flow_starts_on_a_phone(opened):
    there = opened(looping_call(), viewport={"width": 390, "height": 800})
    seen = """() => {
      const box = document.querySelector('.drawing .scroll').getBoundingClientRect();
      const start = document.querySelector('.graph .start').getBoundingClientRect();
      return box.left <= start.left && start.right <= box.right;
    }"""
    assert there.page.evaluate(seen)


def test_the_dark_scheme_is_the_readers(opened):
    grounds = {
        scheme: opened(pizza_call(), color_scheme=scheme).page.evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    }
    assert grounds == {"light": "rgb(252, 252, 251)", "dark": "rgb(20, 23, 26)"}


def test_nothing_moves_for_those_who_want_no_motion(opened):
    there = opened(pizza_call())
    moving = "all => all.filter(one => getComputedStyle(one).transitionDuration !== '0s').length"
    assert there.page.eval_on_selector_all("*", moving) == 0


def test_the_printed_page_has_no_tools_and_keeps_the_words(opened):
    there = opened(pizza_call())
    there.page.keyboard.press("j")
    there.page.emulate_media(media="print")
    assert there.page.locator(".toolbar").is_hidden()
    assert there.page.locator("#dock").is_hidden()
    assert there.page.locator("#turn-1 p.words").is_visible()


FOLDED = "all => all.filter(one => !one.open).length"


def test_what_is_folded_away_prints_open_and_is_folded_again(opened):
    there = opened(pizza_call().model_copy(update={"metadata": {"why": "word " * 100}}))
    folded = there.page.eval_on_selector_all("details.data, details.metadata", FOLDED)
    assert folded > 0
    there.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert there.page.eval_on_selector_all("details.data, details.metadata", FOLDED) == 0
    there.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert there.page.eval_on_selector_all("details.data, details.metadata", FOLDED) == folded


CLIPPED = """all => all.filter(text => {
  const shown = [...text.querySelectorAll("tspan")].every(one => getComputedStyle(one).visibility === "visible");
  const long = shown ? text.getComputedTextLength() : text.getSubStringLength(0, text.firstChild.length);
  return getComputedStyle(text).visibility === "visible" && long > text.ownerSVGElement.width.baseVal.value;
}).length"""


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_no_name_of_a_node_is_cut_and_each_can_be_read_below_the_strip(opened, width):
    record = looping_call()
    there = opened(record, viewport={"width": width, "height": 800})
    for _ in range(3):
        assert there.page.eval_on_selector_all(".segment text, .nodes text", CLIPPED) == 0
        there.page.click("#zoom-in")
    steps = there.page.locator(".steps li").all_inner_texts()
    assert all(visit.node in step for visit, step in zip(record.visits, steps, strict=True))


def test_the_bar_of_a_wait_is_seen_in_the_timeline_too(opened):
    there = opened(pizza_call())
    shown = there.page.evaluate("""() => {
      const box = document.querySelector(".gaps use").getBoundingClientRect();
      return [box.width, box.height];
    }""")
    assert shown[0] > 1
    assert 5 < shown[1] < 8


def test_hostile_words_in_every_field_run_nothing_and_are_found_and_shown(opened):
    record = call_full_of(HOSTILE).model_copy(update={"recording": None})
    there = opened(record)
    there.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for key in ("j", "j", "f", "+"):
        there.page.keyboard.press(key)
    there.page.keyboard.press("/")
    there.page.keyboard.type("</script><img")
    assert int(there.page.inner_text("#search-found").split()[0]) > 10
    there.page.keyboard.press("Enter")
    assert there.page.locator("img").count() == 0
    assert there.told == there.violations() == []
    assert len(there.asked) == 1


def test_two_thousand_hostile_texts_in_one_call_run_nothing(opened):
    texts = [f"{text[:40]}{number}" for number, text in zip(range(2_000), cycle(ALONE.values()), strict=False)]
    story = Story("hostile", metadata={text: text for text in texts})
    story.enter(0.1, texts[1])
    for number, text in enumerate(texts[:120]):
        story.bot(1.0 + 4 * number, text, 1.0)
        story.caller(2.2 + 4 * number, text, 0.8)
    story.end(600.0)
    there = opened(story.record())
    assert there.page.locator(".turn").count() == len(story.record().turns) > 200
    assert there.told == there.violations() == []
    assert len(there.asked) == 1
