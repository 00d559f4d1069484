"""One moment is selected everywhere on the page of a call."""

from __future__ import annotations

import wave

import pytest

from flows_analytics.calls.sound import Recording
from tests.report.records import Story, eventful_call, looping_call, pizza_call, troubled_call


def test_a_click_on_a_turn_selects_it_in_the_timeline_the_path_and_the_flow(opened):
    there = opened(pizza_call())
    there.page.click("#turn-3 p.words")
    assert there.selected == ["turn-3"]
    assert there.page.get_attribute("#turn-3", "aria-current") == "true"
    assert "is-selected" in there.classes('.lane-bot [data-m="turn-3"]')
    assert "in-visit" in there.classes('.segment[data-v="2"]')
    assert "in-visit" in there.classes(".card[data-v~='2']")
    assert there.page.eval_on_selector_all(".card.in-visit", "all => all.length") == 1
    assert there.page.get_attribute("#cursor", "x1").startswith("15.")
    assert "Great choice" in there.page.inner_text("#dock-words")
    assert there.page.evaluate("location.hash") == "#turn-3"
    assert there.told == there.violations() == []


def test_a_click_on_a_bar_selects_the_turn_and_the_dock_leads_to_it(opened):
    there = opened(pizza_call())
    there.page.click('.lane-caller [data-m="turn-6"]')
    assert there.selected == ["turn-6"]
    there.page.click('[data-go="moment"]')
    there.page.wait_for_function(
        "() => { const box = document.getElementById('turn-6').getBoundingClientRect();"
        " return box.top > 0 && box.bottom < innerHeight; }"
    )


def test_each_click_on_a_node_selects_its_next_visit(opened):
    there = opened(pizza_call())
    node = ".card[data-v='2 5']"
    seen = []
    for _ in range(3):
        there.page.click(f"{node} .card-title")
        seen += there.selected
    assert seen == ["visit-2", "visit-5", "visit-2"]


def test_a_finding_leads_to_its_moment_and_selects_it(opened):
    there = opened(troubled_call())
    there.page.click(".finding:nth-child(3) a")
    (anchor,) = there.selected
    assert anchor == "tool-2"
    assert "is-selected" in there.classes(".lane-calls [data-m='tool-2']")
    assert "is-selected" in there.classes(".finding:nth-child(3)")


def test_a_latency_chip_opens_the_parts_of_the_wait_without_selecting(opened):
    there = opened(pizza_call())
    there.page.click("#turn-3 .wait summary")
    assert there.page.locator("#turn-3 .wait li").first.is_visible()
    assert there.selected == []


def test_a_page_opened_at_a_moment_selects_it(opened):
    assert opened(pizza_call(), hash="#turn-4").selected == ["turn-4"]


@pytest.mark.parametrize("anchor", ["nowhere", "%F0", "transcript"])
def test_a_page_opened_at_what_is_no_moment_selects_nothing(opened, anchor):
    there = opened(pizza_call(), hash=f"#{anchor}")
    assert there.selected == []
    assert there.told == []


def test_a_call_without_turns_takes_every_key(opened):
    story = Story()
    story.end(1.0)
    there = opened(story.record())
    for key in ("j", "k", "f", "p", "+", "-", "Escape", "/"):
        there.page.keyboard.press(key)
    assert there.told == []


def with_sound(tmp_path, record, *, file="call.wav"):
    with wave.open(str(tmp_path / "call.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\0\0" * 8000 * 58)
    peaks = (tuple([0.1, 0.8] * 200), tuple([0.5, 0.0] * 200))
    told = {"began_ms": 100.0, "duration_ms": 58_000.0, "peak_ms": 145.0, "peaks": peaks}
    return record.model_copy(update={"recording": Recording(file=file, **told)})


def test_selecting_a_moment_seeks_the_recording(opened, tmp_path):
    there = opened(with_sound(tmp_path, pizza_call()))
    there.page.wait_for_function("document.getElementById('sound').readyState > 0")
    there.page.click("#turn-3 .t")
    assert there.page.evaluate("document.getElementById('sound').currentTime") == pytest.approx(8.5, abs=0.01)
    assert there.page.locator(".wave").is_visible()
    assert there.told == there.violations() == []
    there.page.wait_for_selector("#turn-3.is-heard")


def test_a_recording_that_is_gone_is_said_to_be_gone_and_its_waveform_stays(opened, tmp_path):
    there = opened(with_sound(tmp_path, pizza_call(), file="gone.wav"))
    there.page.wait_for_selector("#sound-gone:not([hidden])")
    assert "not where this page looks for it" in there.page.inner_text("#sound-gone")
    assert there.page.locator("#sound").is_hidden()
    assert there.page.locator(".wave").is_visible()


def test_the_timeline_can_be_enlarged_and_keeps_the_selected_moment_in_sight(opened):
    there = opened(pizza_call())
    there.page.click("#turn-9 .t")
    before = there.page.evaluate("document.getElementById('timeline-drawing').getBoundingClientRect().width")
    for _ in range(3):
        there.page.click("#zoom-in")
    after = there.page.evaluate("document.getElementById('timeline-drawing').getBoundingClientRect().width")
    assert after == pytest.approx(8 * before, rel=0.01)
    assert there.page.inner_text("#zoom-level") == "×8"
    inside = """() => {
      const box = document.getElementById('timeline-scroll').getBoundingClientRect();
      const line = document.getElementById('cursor').getBoundingClientRect();
      return line.left > box.left && line.right < box.right;
    }"""
    assert there.page.evaluate(inside)


def test_a_mark_of_an_event_and_an_error_select_them(opened):
    there = opened(eventful_call())
    there.page.click(".m-error path")
    (anchor,) = there.selected
    assert there.page.locator(f"#{anchor}.error").count() == 1


def test_a_loop_is_drawn_back_to_the_visit_before(opened):
    record = looping_call()
    returns = sum(visit.visit_no > 1 for visit in record.visits)
    assert opened(record).page.locator(".lap").count() == returns > 5
