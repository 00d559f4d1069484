"""Texts as labels of Mermaid diagrams, the same in all that draw."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from flows_analytics.calls.mermaid_text import mermaid_text
from flows_analytics.report.mermaid import call_as_mermaid
from flows_analytics.stats.flow_stats import FlowStats
from flows_analytics.stats.graph_text import mermaid
from flows_analytics.store.counts import FlowCounts, NodeCounts, Variant, VariantCounts
from flows_analytics.testing.path_formats import path_mermaid
from tests.bots import hold_call, node

# Each was drawn by Mermaid 10.9, 11.4 and 11.17, as what stands in `read` says.
CODED = {
    'say "hi"': "say #34;hi#34;",
    "[a](b) {c} <d> |e|": "#91;a#93;(b) #123;c#125; #60;d#62; #124;e#124;",
    "one\ntwo\r\n three": "one two three",
    "end": "end",
    "subgraph": "subgraph",
    "a;b; c": "a;b; c",
    "#1 & #35;": "#35;1 #38; #35;35;",
    "café 日本 ☎": "café 日本 #9742;",
    "select_pizza_order": "select_pizza_order",
    "__init__ _x": "#95;#95;init#95;#95; #95;x",
    "*a* ~~b~~ `c` $$d$$ \\n": "#42;a#42; #126;#126;b#126;#126; #96;c#96; #36;#36;d#36;#36; #92;n",
    '%%{init: {"theme": "dark"}}%%': "#37;#37;#123;init: #123;#34;theme#34;: #34;dark#34;#125;#125;#37;#37;",
    "http://a.org www.a.org WWW.a.org a@b.org": "http#58;//a.org www#46;a.org WWW#46;a.org a#64;b.org",
    "style:#1; fa:fa-car": "style#58;#35;1; fa#58;fa-car",
    "stayed: check(size=1)": "stayed: check(size=1)",
    "1. first": "1#46; first",
    "12) twelfth": "12#41; twelfth",
    "- item": "#45; item",
    "+": "#43;",
    "1.5 litres, -3": "1.5 litres, -3",
    " ": "(no name)",
    "\x1b[31m": "#9243;#91;31m",
}


@pytest.mark.parametrize("text", CODED)
def test_what_mermaid_could_read_as_its_own_is_a_code(text):
    assert mermaid_text(text) == CODED[text]


def test_the_codes_stand_for_the_text():
    read = re.sub(r"#(\d+);", lambda match: chr(int(match[1])), mermaid_text('a "b" [c] #1; <d> & __e__: f'))
    assert read == 'a "b" [c] #1; <d> & __e__: f'


@pytest.mark.parametrize("name", ['a "b" [c] #1; <d>', "end", "1. first", "style:#1;", "two\nlines; 日本"])
def test_every_diagram_writes_a_name_the_same(name):
    record = hold_call(node(name), []).record
    ended = NodeCounts(visits=1, calls=1, starts=1, exits=Counter(end=1))
    way = {Variant((name,), "end", goal=False): VariantCounts(paths=1, calls=1)}
    stats = FlowStats(FlowCounts(calls=1, paths=1, nodes={name: ended}, variants=way))
    for text in (path_mermaid(record), call_as_mermaid(record), mermaid(stats)):
        assert f'["{mermaid_text(name)}' in text
