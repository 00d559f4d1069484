"""2,000 hostile texts, one in every place of a call or of a flow that holds text: found by walking the models."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle, product
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from flows_analytics.calls.events import FunctionProgressed, Measured, Moment, SpeakRequested
from flows_analytics.calls.record import CallRecord
from flows_analytics.calls.sound import Recording
from flows_analytics.calls.telephony import Telephony
from flows_analytics.report.flow_facts import FlowFacts
from flows_analytics.report.flow_html import render_flow_facts
from flows_analytics.report.html import render_call_report
from flows_analytics.report.visible import visible
from flows_analytics.store.problem import Problem
from tests.json_texts import texts_in
from tests.report.flow_calls import booking, large
from tests.report.pages import Page, read
from tests.report.records import ALL_CALLS
from tests.report.test_flow_page import assert_sound as assert_flow_sound
from tests.report.test_hostile_calls import call_full_of
from tests.report.test_page import assert_sound

WAYS_OUT = (
    *("", "</script>", "</style>", "</title>", "</pre>", "</text></svg>", "-->", "]]>", "<!--", "<![CDATA["),
    *('"', "'", '">', "'>", "`", "\\", "\\u003c", "</bdi></template>", "*/", "\r\n"),
)
DEEDS = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<b id=dock>"),
    *(" onfocus=alert(1) autofocus ", " style='all:unset' ", "javascript:alert(1)", "<base href=//x>"),
    *("<a href=javascript:alert(1)>", "<iframe srcdoc=x>", "<meta http-equiv=refresh content=0>", "<form>"),
    *("{{ 7*7 }}", "{% raw %}", "{# ", "${7*7}", "&lt;b&gt;", "&#60;b&#62;", "&quot;x", "__proto__"),
    *("; script-src *", "../../x", "//x.example/y", "url(//x)", "</SCRIPT\t>"),
)
TWISTS = ("", "\u202e", "\u200b\u2066", "\x00\x1b[31m\u2028")
TEXTS = tuple(
    f"{number}{twist}{way}{deed}{number}"
    for number, (way, deed, twist) in enumerate(product(WAYS_OUT, DEEDS, TWISTS))
)
TAME = tuple(f"{number}{'x' * (len(text) - 2 * len(str(number)))}{number}" for number, text in enumerate(TEXTS))


class Texts:
    """Gives a text for a text: each its own; if related, the same for the same, as what belongs together needs."""

    def __init__(self, source: Iterator[str], *, related: bool) -> None:
        self.source, self.related = source, related
        self.given: dict[str, str] = {}
        self.used: list[str] = []

    def __call__(self, old: str | None) -> str:
        if self.related and old in self.given:
            return self.given[old]
        new = next(self.source)
        self.used.append(new)
        if self.related and old is not None:
            self.given[old] = new
        return new


def holds_text(annotation: Any) -> bool:
    return annotation in (str, Any) or any(map(holds_text, get_args(annotation)))


def filled(value: Any, text: Callable[[str | None], str], annotation: Any = Any) -> Any:
    """Put a text into every place that can hold one, those that are empty included."""
    if isinstance(value, BaseModel):
        fields = {
            name: filled(getattr(value, name), text, field.annotation)
            for name, field in type(value).model_fields.items()
        }
        return type(value).model_validate(fields)
    if isinstance(value, Mapping):
        return {text(key): filled(told, text, annotation) for key, told in value.items()}
    if isinstance(value, (tuple, list)):
        return [filled(one, text, annotation) for one in value]
    return text(value) if holds_text(annotation) and (value is None or isinstance(value, str)) else value


def replaced(value: Any, text: Callable[[str | None], str]) -> Any:
    """Replace every text of plain dataclasses."""
    if isinstance(value, str):
        # The one word that the counts themselves understand.
        return value if value == "running" else text(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {one.name: replaced(getattr(value, one.name), text) for one in dataclasses.fields(value)}
        return type(value)(**fields)
    if isinstance(value, Counter):
        return Counter({replaced(key, text): count for key, count in value.items()})
    if isinstance(value, Mapping):
        return {replaced(key, text): replaced(told, text) for key, told in value.items()}
    if isinstance(value, (tuple, frozenset)):
        return type(value)(replaced(one, text) for one in value)
    return value


def full_call() -> CallRecord:
    """A call that has every kind of moment that holds text, and everything besides."""
    call = call_full_of("x")
    more = (
        Measured(seq=len(call.events), at_ms=60_500, measure="ttfb", processor="x", model="x", ms=100),
        SpeakRequested(seq=len(call.events) + 1, at_ms=60_600, text="x"),
        FunctionProgressed(seq=len(call.events) + 2, at_ms=60_700, tool_call_id="x", function="x", result="x"),
    )
    return call.model_copy(
        update={
            "events": (*call.events, *more),
            "telephony": Telephony(sip_headers={"x": "x"}),
            "recording": Recording(),
        }
    )


def full_store() -> FlowFacts:
    """Calls of two versions, with what a store has to say besides."""
    return booking(
        flow="main",
        renamed={"verify": "check"},
        problems=tuple(Problem(f"code{number}", "where", f"words{number}") for number in range(3)),
    )


CALLS = {"full": full_call, **ALL_CALLS}


def kinds_of(moment: type[Moment]) -> Iterator[type[Moment]]:
    for kind in moment.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def names_of(page: Page) -> set[tuple[str, str | None]]:
    """The elements that a page has, and the attributes that each of them has."""
    return {(tag, name) for tag, attributes in page.elements for name in (None, *attributes)}


def found_in(page: Page, texts: list[str]) -> set[str]:
    """The texts that stand in a page as texts, whole."""
    values = [value or "" for _, those in page.elements for value in those.values()]
    everything = squeezed("\n".join([page.text, *values]))
    return {text for text in texts if squeezed(visible(text)) in everything}


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_there_are_two_thousand_different_texts():
    assert len(set(TEXTS)) == len(TEXTS) == 2_000


def test_the_full_call_has_every_moment_that_holds_text():
    there = {type(event) for event in full_call().events}
    with_text = {
        kind
        for kind in kinds_of(Moment)
        if any(holds_text(one.annotation) for name, one in kind.model_fields.items() if name != "kind")
    }
    missing = {kind.__name__ for kind in with_text - there}
    assert missing == set()


@pytest.mark.parametrize("related", [True, False])
def test_two_thousand_texts_in_every_field_of_calls_change_no_page(related):
    given = (cycle(TEXTS), cycle(TAME))
    used, shown, seen = set[str](), set[str](), (set[Any](), set[Any]())
    while len(used) < len(TEXTS):
        for make in CALLS.values():
            texts, tame = (Texts(source, related=related) for source in given)
            html = render_call_report(filled(make(), texts))
            page, twin = read(html), read(render_call_report(filled(make(), tame)))
            assert_sound(page)
            assert (page.scripts, page.styles) == (twin.scripts, twin.styles)
            assert visible(html) == html
            assert set(texts.used) <= set(texts_in(json.loads(page.data)))
            seen[0].update(names_of(page))
            seen[1].update(names_of(twin))
            used.update(texts.used)
            shown.update(found_in(page, texts.used))
    assert seen[0] <= seen[1]
    assert len(shown) > len(TEXTS) / 2


def test_two_thousand_texts_in_every_field_of_a_store_change_no_page():
    given = (cycle(TEXTS), cycle(TAME))
    used = set[str]()
    while len(used) < len(TEXTS):
        for make in (full_store, lambda: large(nodes=25, versions=6, variants=200)):
            texts, tame = (Texts(source, related=True) for source in given)
            html = render_flow_facts(replaced(make(), texts))
            page, twin = read(html), read(render_flow_facts(replaced(make(), tame)))
            assert_flow_sound(page)
            assert names_of(page) <= names_of(twin)
            assert (page.scripts, page.styles) == (twin.scripts, twin.styles)
            assert visible(html) == html
            assert len(found_in(page, texts.used)) > 30
            used.update(texts.used)
