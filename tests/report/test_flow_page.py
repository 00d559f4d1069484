"""The page of a flow: sound, self-contained, hostile words harmless, and equal to what the statistics say."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import Counter
from itertools import pairwise

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from flows_analytics.calls.visible import visible
from flows_analytics.report.flow_facts import FlowFacts, FlowGroup
from flows_analytics.report.flow_html import render_flow_facts
from flows_analytics.report.flow_links import pages_seen_from
from flows_analytics.stats.flow_stats import FlowStats
from flows_analytics.stats.funnel import Funnel
from flows_analytics.stats.loops import Loops
from flows_analytics.stats.variants import Variants
from flows_analytics.store.counts import FlowCounts
from flows_analytics.store.problem import Problem
from tests.report.flow_calls import HOSTILE, booking, counts_of, large, plain
from tests.report.pages import read

PAGES = {
    "two_versions": booking,
    "no_calls": lambda: FlowFacts("calls", FlowCounts()),
    "no_node": lambda: plain([((), "end", 3)]),
    "one_running": lambda: plain([(("a",), "running", 1)]),
    "no_goal": lambda: plain([(("a", "b", "a"), "hangup", 4)], goals=()),
    "large": lambda: large(nodes=40, versions=20, variants=300),
}


class HTMLSnapshot(SingleFileSnapshotExtension):
    file_extension = "html"
    _write_mode = WriteMode.TEXT


def hostile_facts():
    """A store with a hostile text in every field at once."""
    names = list(HOSTILE)
    ways = [((name, other, name, names[0]), "hangup", 3) for name, other in pairwise(names)]
    ways += [((name, names[1]), name, 2) for name in names]
    counts = counts_of(ways, goals=(names[1], names[4], names[9]))
    for taken in counts.variants.values():
        taken.examples = tuple(names[:3])
    for edge in counts.edges.values():
        edge.via = type(edge.via)(dict.fromkeys(names, 1))
        edge.failed = 1
    groups = (*(FlowGroup(name, counts.calls, counts) for name in names), FlowGroup(None, 3, None))
    return FlowFacts(
        store=names[0],
        counts=counts,
        calls_there=10_000,
        flow=names[2],
        flows=dict.fromkeys(names, 4),
        agents=dict.fromkeys(names, 3),
        filters=tuple((name, name) for name in names),
        by=names[1],
        groups=groups,
        compared=(names[0], names[3]),
        renamed={names[0]: names[4]},
        problems=tuple(Problem(name, name, name) for name in names),
    )


def assert_sound(page):
    assert page.faults == []
    assert len(page.ids) == len(set(page.ids))
    for link in page.values("href"):
        assert link.startswith("#")
        assert link[1:] in page.ids
    for named in page.values("aria-labelledby", "aria-describedby"):
        assert set(named.split()) <= set(page.ids)
    assert page.values("style", "action", "formaction", "srcset", "xlink:href", "poster", "src") == []
    assert not {"img", "iframe", "object", "embed", "form", "link", "base", "foreignobject"} & set(page.tags)
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    keys = set(page.values("data-node"))
    assert {key for key in page.values("data-from", "data-to") if key} <= keys


@pytest.mark.parametrize("name", PAGES)
def test_every_kind_of_store_gives_a_sound_page_with_working_links(name):
    assert_sound(read(render_flow_facts(PAGES[name]())))


@pytest.mark.parametrize("name", PAGES)
def test_headings_never_skip_a_level_and_there_is_one_of_the_first(name):
    tags = read(render_flow_facts(PAGES[name]())).tags
    # The dialog stands outside of the page's order.
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_hostile_texts_in_every_field_at_once_stay_texts():
    page = read(render_flow_facts(hostile_facts()))
    assert_sound(page)
    assert len(page.scripts) == 2
    assert not any("alert(1)" in script for script in page.scripts)
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7*7 }}{% raw %}" in page.text
    everything = page.text + "".join(
        str(value) for _, attributes in page.elements for value in attributes.values()
    )
    assert "49" not in re.findall(r"\b49\b", page.text)
    assert visible(everything) == everything
    assert "word" * 400 not in page.text


def test_nodes_whose_names_are_blank_are_still_called_something():
    page = read(render_flow_facts(plain([(("", " "), "hangup", 5)])))
    assert "Most end without a goal at (no name): 5 of 5 visits" in page.text
    assert "Of 5 calls that reached (no name), 100 % reached (no name)" in page.text


def test_a_line_taken_once_and_by_code_is_worded_so():
    counts = counts_of([(("greet", "bye"), "end", 1)])
    counts.edges["greet", "bye"].via = Counter({"": 1})
    facts = FlowFacts("calls", counts, calls_there=1, flows={"main": 1}, agents={None: 1})
    page = read(render_flow_facts(facts))
    assert "greet leads to bye 1 time." in page.text
    assert "By the bot's code 1." in page.text


def test_the_page_always_encodes_to_utf_8():
    assert render_flow_facts(hostile_facts()).encode("utf-8")


def test_the_policy_allows_exactly_what_is_inlined_and_nothing_else():
    page = read(render_flow_facts(booking()))
    (policy,) = [
        meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    ]

    def hashes(texts):
        digests = (hashlib.sha256(text.encode()).digest() for text in texts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    assert policy == (
        f"default-src 'none'; script-src {hashes(page.scripts)}; style-src {hashes(page.styles)}; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"url\(|@import|https?:|@font-face", "".join(page.styles))


def test_tables_say_in_each_cell_what_its_column_is_called_and_can_be_reached_by_keyboard():
    page = read(render_flow_facts(booking()))
    assert all("scope" in attributes for attributes in page.all("th"))
    regions = [attributes for attributes in page.all("div") if attributes.get("class") == "scroll"]
    assert len(regions) == page.tags.count("table") + 2
    assert all(region.get("tabindex") == "0" and region.get("role") == "region" for region in regions)
    assert all("aria-label" in region or "aria-labelledby" in region for region in regions)


def test_numbers_that_are_rates_and_times_name_their_counts():
    page = read(render_flow_facts(booking()))
    figures = [attributes for attributes in page.all("span") if attributes.get("class") == "fig"]
    assert len(figures) > 150
    # A count is its own source; a part of the split has its table.
    assert all("title" in figure for figure in figures)
    assert [figure for figure in figures if not figure["title"]] == []


def cells(document, key):
    row = document.split(f'<tr id="node-{key}"', 1)[1].split("</tr>", 1)[0]
    return dict(re.findall(r'data-label="([^"]+)".*?<span class="n">([^<]*)<', row))


def test_the_numbers_of_the_page_are_those_of_the_statistics():
    facts = booking()
    document = html.unescape(render_flow_facts(facts))
    said = FlowStats(facts.counts).to_dict()
    assert said["reading"] in document
    for key, row in enumerate(said["nodes"], start=1):
        shown = cells(document, key)
        assert shown["Calls"] == f"{row['calls']:,}"
        assert shown["Visits"] == f"{row['visits']:,}"
        assert shown["Lost"] == str(row["loss_rate"]["numerator"])
        assert shown["Open"] == str(row["open"])
        loss = row["loss_rate"]
        assert f"{loss['numerator']:,} of {loss['denominator']:,} visits that are over" in document
        revisits = row["revisit_rate"]
        assert f"{revisits['numerator']:,} of {revisits['denominator']:,} visits; 95 %" in document
        dwell = row["dwell"]["p95_ms"]
        assert float(shown["Dwell p95"].removesuffix(" s")) == pytest.approx(dwell / 1000, abs=0.06)
    result = Funnel(["greet", "verify", "book", "booked"]).of_counts(facts.counts).to_dict()
    assert result["reading"] in document
    for row in result["steps"]:
        reached = f'<span class="n">{row["reached"]:,}</span><span class="of unit"> (calls reached this step)'
        assert reached in document
        if row["dropped"]:
            assert f'<span class="n">{row["dropped"]:,}</span>' in document
    assert Variants.of(facts.counts).to_dict()["reading"] in document
    assert Loops.of(facts.counts).to_dict()["reading"] in document


def test_example_calls_link_to_their_pages_where_these_lie(tmp_path):
    calls, pages = tmp_path / "demo" / "calls", tmp_path / "demo" / "reports"
    calls.mkdir(parents=True)
    pages.mkdir()
    (pages / "call-00000.html").write_text("its page")
    (calls / "call-01002.html").write_text("its page")
    page = read(render_flow_facts(booking(), find_page=pages_seen_from(tmp_path, calls)))
    links = [link for link in page.values("href") if not link.startswith("#")]
    assert links == ["./demo/reports/call-00000.html", "./demo/calls/call-01002.html"]
    assert all((tmp_path / link).is_file() for link in links)
    assert "call-00075" in page.text


def test_the_name_of_a_page_is_written_so_that_no_id_leads_elsewhere(tmp_path):
    find = pages_seen_from(tmp_path, tmp_path)
    for call_id in ("../../etc/passwd", "javascript:alert(1)", "a?b#c", "x" * 5_000, "\x00"):
        assert find(call_id) is None
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "one.html").write_text("")
    assert pages_seen_from(tmp_path, tmp_path / "a b")("one") == "./a%20b/one.html"


def test_a_user_template_can_build_on_the_default_one(tmp_path):
    (tmp_path / "flow_report.html").write_text(
        '{% extends "default:flow_report.html" %}'
        "{% block loops %}<p>ours: {{ flow.head.heading.text }}</p>{% endblock %}"
    )
    page = read(render_flow_facts(booking(), template_dir=tmp_path))
    assert "ours: Hotel" in page.text
    assert "costliest loop" not in page.text
    assert "Data quality" in page.text


def test_the_page_of_very_much_stays_bounded():
    assert len(render_flow_facts(large(nodes=230, versions=50, variants=400))) < 1_000_000


def test_the_page_of_two_versions(snapshot):
    page = render_flow_facts(booking())
    body = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", page, flags=re.DOTALL)
    assert re.sub(r"sha256-[\w+/=]+", "sha256-…", body) == snapshot(extension_class=HTMLSnapshot)
