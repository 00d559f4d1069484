"""The page of a flow in a real browser: selection, sorting, keyboard, every width and scheme."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from flows_analytics.report.flow_html import render_flow_facts
from flows_analytics.store.problem import Problem
from tests.browser.conftest import WATCH, Opened
from tests.browser.test_look import faults
from tests.report.flow_calls import booking, large, plain
from tests.report.test_flow_page import hostile_facts


@cache
def booking_page():
    return render_flow_facts(booking())


@pytest.fixture
def opened_flow(chromium, tmp_path):
    """Opens the page of a flow."""
    contexts = []

    def open_page(facts=None, *, hash="", **context):
        file = tmp_path / "flow.html"
        file.write_text(booking_page() if facts is None else render_flow_facts(facts), encoding="utf-8")
        context.setdefault("viewport", {"width": 1280, "height": 900})
        context.setdefault("reduced_motion", "reduce")
        contexts.append(chromium.new_context(**context))
        there = Opened(contexts[-1].new_page())
        there.page.set_default_timeout(20_000)
        there.page.add_init_script(f"({WATCH})()")
        there.page.on("console", lambda message: there.told.append(message.text))
        there.page.on("pageerror", lambda error: there.told.append(str(error)))
        there.page.on("request", lambda request: there.asked.append(request.url))
        there.page.goto(file.as_uri() + hash)
        return there

    yield open_page
    for context in contexts:
        context.close()


def is_quiet(there):
    return there.told == there.violations() == [] and len(there.asked) == 1


def key_of(there, name):
    rows = there.page.locator("#nodes-table tbody tr", has=there.page.get_by_text(name, exact=True))
    return rows.first.get_attribute("data-node")


def each(there, selector, what):
    return there.page.eval_on_selector_all(selector, f"all => all.map(one => {what})")


def order(there):
    return each(there, "#nodes-table tbody tr", "one.dataset.node")


def test_a_node_clicked_in_the_drawing_is_selected_in_the_table_the_steps_and_the_funnel(opened_flow):
    there = opened_flow()
    key = key_of(there, "verify")
    there.page.click(f".flow-card[data-node='{key}'] .card-title")
    assert there.page.get_attribute(f"#node-{key}", "aria-current") == "true"
    for part in (".flow-card", ".bar", "#nodes-table tr", ".step", ".way .node"):
        chosen = there.page.locator(f"{part}.is-selected")
        assert chosen.count() > 0, part
        assert set(chosen.evaluate_all("all => all.map(one => one.dataset.node)")) == {key}
    bands = each(there, ".band.is-selected", "[one.dataset.from, one.dataset.to]")
    assert bands
    assert all(key in band for band in bands)
    assert there.page.inner_text("#detail-name") == "verify"
    assert "visits that are over" in there.page.inner_text("#detail-list")
    assert is_quiet(there)


@pytest.mark.parametrize("part", [".bar[data-node='2'] rect", "#node-2 td >> nth=1", ".way .node[data-node='2']"])
def test_a_click_on_the_node_anywhere_selects_it_in_the_drawing(opened_flow, part):
    there = opened_flow()
    there.page.locator(part).first.click()
    assert "is-selected" in there.classes(".flow-card[data-node='2']")
    there.page.keyboard.press("Escape")
    assert there.page.locator(".is-selected").count() == 0
    assert there.page.locator("#detail").is_hidden()


def test_a_second_click_selects_nothing(opened_flow):
    there = opened_flow()
    for _ in range(2):
        there.page.click(".flow-card[data-node='1'] .card-title")
    assert there.page.locator(".is-selected").count() == 0


def test_the_drawing_works_by_keyboard_and_leads_to_the_row(opened_flow):
    there = opened_flow()
    there.page.focus(".flow-card[data-node='2']")
    there.page.keyboard.press("Enter")
    assert "is-selected" in there.classes("#node-2")
    there.page.click("#detail-row")
    assert there.page.evaluate("document.activeElement.closest('tr').id") == "node-2"


def test_single_keys_go_through_nodes_and_can_be_switched_off(opened_flow):
    there = opened_flow()
    there.page.keyboard.press("j")
    there.page.keyboard.press("j")
    assert there.page.get_attribute("tr[aria-current]", "id") == "node-2"
    there.page.keyboard.press("k")
    assert there.page.get_attribute("tr[aria-current]", "id") == "node-1"
    there.page.keyboard.press("?")
    assert there.page.locator("#help").is_visible()
    there.page.uncheck("#keys")
    there.page.click("#help-close")
    there.page.keyboard.press("j")
    assert there.page.get_attribute("tr[aria-current]", "id") == "node-1"


def test_the_table_sorts_by_click_and_by_keyboard_and_says_so(opened_flow):
    there = opened_flow()
    assert order(there) == sorted(order(there), key=int)
    there.page.click("#nodes-table th:has-text('Loss') button")
    losses = each(there, "#nodes-table td[data-label=Loss]", "+one.dataset.sort")
    assert losses == sorted(losses, reverse=True)
    assert there.page.get_attribute("#nodes-table th:has-text('Loss')", "aria-sort") == "descending"
    assert there.page.locator("#nodes-table th[aria-sort]").count() == 1
    assert "Sorted by Loss, descending" in there.page.inner_text("#sorted")
    there.page.focus("#nodes-table th:has-text('Node') button")
    there.page.keyboard.press("Enter")
    names = each(there, "#nodes-table tbody th", "one.dataset.sort")
    assert names == sorted(names)
    there.page.keyboard.press("Space")
    assert there.page.get_attribute("#nodes-table th:has-text('Node')", "aria-sort") == "descending"


def test_cells_without_a_number_stay_last_either_way(opened_flow):
    there = opened_flow()
    column = "#nodes-table td[data-label='Tool errors']"
    for _ in range(2):
        there.page.click("#nodes-table th:has-text('Tool errors') button")
        sorts = each(there, column, "one.dataset.sort")
        assert [bool(one) for one in sorts] == sorted((bool(one) for one in sorts), reverse=True)


def test_counts_show_beside_every_number_when_asked(opened_flow):
    there = opened_flow()
    counts = there.page.locator("#node-1 td .of").first
    assert counts.bounding_box()["width"] <= 1
    there.page.keyboard.press("c")
    assert there.page.is_checked("#counts")
    assert counts.bounding_box()["width"] > 40


def test_without_the_script_every_number_and_link_is_there(opened_flow):
    there = opened_flow(java_script_enabled=False)
    assert there.page.locator("#nodes-table button").count() == 0
    assert there.page.locator("#tools").is_hidden()
    there.page.click(".flow-card[data-node='2'] .card-title")
    assert there.page.url.endswith("#node-2")
    there.page.check("#counts")
    assert there.page.locator("#node-1 td .of").first.bounding_box()["width"] > 40


def test_an_address_with_a_node_selects_it(opened_flow):
    assert "is-selected" in opened_flow(hash="#node-2").classes(".flow-card[data-node='2']")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_with_and_without_a_selection(opened_flow, scheme):
    there = opened_flow(color_scheme=scheme)
    assert faults(there.page) == []
    there.page.keyboard.press("c")
    there.page.click(".flow-card[data-node='2'] .card-title")
    assert faults(there.page) == []


def test_axe_finds_nothing_serious_on_a_phone_with_the_help_open(opened_flow):
    there = opened_flow(viewport={"width": 390, "height": 800})
    there.page.keyboard.press("?")
    assert faults(there.page) == []


@pytest.mark.parametrize(
    "facts", [booking, hostile_facts, lambda: plain([]), lambda: large(nodes=70, versions=20, variants=300)]
)
def test_a_page_is_quiet_asks_for_nothing_and_never_scrolls_sideways(opened_flow, facts):
    there = opened_flow(facts())
    there.page.keyboard.press("j")
    for width in (1440, 1024, 390, 320):
        there.page.set_viewport_size({"width": width, "height": 900})
        assert there.page.evaluate("document.documentElement.scrollWidth") <= width
    assert is_quiet(there)
    assert there.page.locator("img").count() == 0


def test_no_table_scrolls_sideways_on_a_phone_and_it_still_sorts(opened_flow):
    there = opened_flow(viewport={"width": 390, "height": 800})
    wide = "all => all.filter(one => one.querySelector('table') && one.scrollWidth > one.clientWidth).length"
    assert there.page.eval_on_selector_all(".scroll", wide) == 0
    there.page.click("#nodes-table th:has-text('Loss') button")
    assert there.page.get_attribute("#nodes-table th:has-text('Loss')", "aria-sort") == "descending"


def test_the_list_of_problems_prints_open(opened_flow):
    note = Problem("row_odd", "a.json", "two ends", counted=True)
    there = opened_flow(replace(booking(), problems=(note,)))
    assert there.page.locator(".problem li").is_hidden()
    there.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert there.page.locator(".problem li").is_visible()
    there.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert there.page.locator(".problem li").is_hidden()


def test_the_printed_page_has_no_tools_and_keeps_all_parts(opened_flow):
    there = opened_flow()
    there.page.keyboard.press("j")
    there.page.emulate_media(media="print")
    assert there.page.locator(".toolbar").is_hidden()
    assert there.page.locator("#detail").is_hidden()
    assert there.page.locator("#nodes-table thead th").first.is_visible()
    assert there.page.locator(".flow-map").is_visible()
    assert set(each(there, ".line", "getComputedStyle(one).opacity")) == {"1"}
