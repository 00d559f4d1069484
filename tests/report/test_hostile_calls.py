"""Callers' words are hostile: whatever a call holds stands on the page, and in the terminal, as text."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from flows_analytics.calls.declared import DeclaredEdge, DeclaredGraph
from flows_analytics.calls.events import (
    AudioTranscribed,
    BotText,
    CallerBackchannel,
    CallerText,
    CharactersSpoken,
    ErrorSeen,
    FunctionCancelled,
    FunctionRequested,
    InferenceEnded,
    InferenceStarted,
    KeysPressed,
    KeysSent,
    MenuStatusChanged,
    ServiceSwitched,
    ServiceSwitchRequested,
    TokensUsed,
    TransferRequested,
    TurnDecided,
    WorkerActivated,
    WorkerDeactivated,
)
from flows_analytics.calls.findings import Finding
from flows_analytics.calls.record import Agent, CallRecord
from flows_analytics.calls.sound import Recording
from flows_analytics.errors import RecordError
from flows_analytics.report.html import render_call_report
from flows_analytics.report.text import call_as_text
from tests.report.pages import Page, read
from tests.report.records import Story, tokens
from tests.report.test_findings_shown import EVIDENCE
from tests.report.test_page import assert_sound

HOSTILE = "</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}\u202e\x00\x1b[31m\ud800"
TAME = re.sub(r"\S", "x", HOSTILE)

QUOTED = {"function", "tool_call_id", "from_node", "to_node", "node", "error", "text"}
"""Keys of a finding's evidence that hold names and words of the call."""

ALONE = {
    "script end": "</script><script>alert(1)</script>",
    "style end": "</style><style>*{display:none}</style>",
    "title end": "</title></head><body onload=alert(1)>",
    "svg end": "</text></svg><svg onload=alert(1)>",
    "quotes": "\"' onmouseover='alert(1)' x=\"",
    "comment": "<!-- --!> <![CDATA[ ]]>",
    "entity": "&lt;b&gt; &#60;b&#62; &amp;amp;",
    "template": "{{ 7*7 }}{% raw %}{% include '/etc/passwd' %}{# #}${7*7}",
    "bidi": "\u202eabc\u2066def\u2069\u202c",
    "unseen": "\x00\x07\x08\x0b\x1b]0;title\x07\x7f\x9b31m\u2028\ufeff",
    "rich markup": "[bold red]x[/] [link=https://example.com]y[/link] :smile:",
    "empty": "",
    "blank": " \t\n ",
    "surrogate": "\ud800 \udfff",
    "wide": "漢字" * 30 + "e\u0301" * 30,
    "long": "a" * 1_000_000,
}


def call_full_of(text: str, *, events: bool = True) -> CallRecord:
    """A call that holds a text wherever a record can hold text."""
    agent = Agent(id=text, name=text, version=text)
    story = Story(
        text, agent=agent, call_type=text, goals=(text,), metadata={text: text, "nested": {text: [text]}}
    )
    edge = DeclaredEdge(from_node="start", function=text, to_node=text + "2")
    story.recorder.declare("main", DeclaredGraph(initial_node="start", nodes=("start", text + "2"), edges=(edge,)))
    story.recorder.name_flows(text)
    story.enter(0.1, "start", (text, text + "1"))
    story.bot(1.0, text)
    story.caller(4.0, text)
    story.call(6.0, text + "3", {"k": text}, {"k": text}, failed=True, error=text)
    story.move(7.0, text, text, (text,), {"k": text})
    story.move(9.0, text, text, (text,), {text: 1})
    lost = story.call(11.0, text, {"k": text}, {"k": text}, next="move")
    story.request(11.2, text, text + "4", lost)
    change = story.begin(12.0, text + "5", function=text, arguments={"k": text})
    story.fail(12.1, change, text + "5", text)
    story.enter(13.0, text, (text,), flow=text)
    if events:
        add_events(story, text)
    story.add(ErrorSeen, 60.0, message=text, fatal=True, processor=text, category=text)
    story.end(61.0, terminal="cancel", reason=text)
    story.recorder.lose(text, text)
    told = {"disconnection_reason": text, "recording": Recording(url=text)}
    return story.record().model_copy(update=told)


def add_events(story: Story, text: str) -> None:
    """Whatever happens besides talk, and what leads to findings that quote the call."""
    story.add(KeysPressed, 20.0, keys=text)
    story.add(KeysSent, 21.0, keys=text)
    story.add(CallerText, 22.0, text=f"Say it again, {text}", source="typed", language=text, user_id=text)
    story.add(CallerText, 24.0, text=f"Say it again, {text}", source="typed", language=text, user_id=text + "b")
    story.add(CallerBackchannel, 25.0, text=text, user_id=text)
    story.caller(26.0, text, language=text)
    story.add(TurnDecided, 27.85, decision="stopped", strategy=text)
    story.says(29.0, f"Some words {text}", 1.0, heard="Some words", processor=text)
    story.start_call(31.0, text, {"k": text})
    story.add(FunctionCancelled, 33.0, tool_call_id=f"tool-{story.calls}", function=text)
    story.add(FunctionRequested, 34.0, tool_call_id=text, function=text)
    for kind in (ServiceSwitchRequested, ServiceSwitched):
        story.add(kind, 35.0, service=text)
    for kind in (WorkerActivated, WorkerDeactivated):
        story.add(kind, 36.0, worker=text)
    story.add(MenuStatusChanged, 37.0, status=text)
    story.add(TransferRequested, 38.0, method=text, settings={"k": text})
    story.add(TokensUsed, 39.0, processor=text, model=text, **tokens(3, 2))
    story.add(CharactersSpoken, 40.0, processor=f"{text}#1", model=text, characters=3)
    story.add(AudioTranscribed, 41.0, processor=f"{text}#2", model=text, audio_secs=3.0)
    story.enter(45.0, text, (text,))
    for at in (46.0, 47.0):
        origin = story.add(InferenceStarted, at, processor=text)
        story.add(InferenceEnded, at + 0.5, origin=origin, text=f"Welcome to {text}")
        story.add(BotText, at + 0.6, origin=origin, text=f"Welcome to {text}")


def test_hostile_text_in_every_field_changes_no_element_of_the_page():
    hostile, tame = read(render_call_report(call_full_of(HOSTILE))), read(render_call_report(call_full_of(TAME)))
    assert_sound(hostile)
    assert hostile.tags == tame.tags
    assert [set(attributes) for _, attributes in hostile.elements] == [set(a) for _, a in tame.elements]
    assert hostile.ids == tame.ids


def test_hostile_text_reaches_every_new_part_of_the_page():
    record = call_full_of(HOSTILE)
    assert {finding.code for finding in record.findings} >= {
        *("transition_lost", "function_failed", "function_cancelled", "function_never_ran"),
        *("opening_repeated", "silent_after_entry", "node_reentered", "caller_repeated"),
    }
    (cut,) = [turn for turn in record.turns if turn.unspoken]
    assert "onerror" in cut.unspoken
    assert {part.by for turn in record.turns for part in turn.contributions} >= {record.tool_calls[-1].function}


@pytest.mark.parametrize("code", EVIDENCE)
def test_hostile_evidence_of_any_finding_changes_no_element_of_the_page(code):
    pages: list[Page] = []
    for text in (HOSTILE, TAME):
        record = call_full_of("x")
        evidence = {key: text if key in QUOTED else told for key, told in EVIDENCE[code].items()}
        vars(record)["findings"] = (Finding(code, 20_000.0, 0, evidence),)
        pages.append(read(render_call_report(record)))
        assert_sound(pages[-1])
    assert pages[0].elements == pages[1].elements
    assert any("⟨U+202E⟩" in page.text for page in pages) is bool(QUOTED & set(EVIDENCE[code]))


def test_hostile_text_is_printed_and_not_evaluated():
    page = read(render_call_report(call_full_of(HOSTILE)))
    assert page.text.count("</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}") > 20
    assert "⟨U+202E⟩␀␛[31m" in page.text


@pytest.mark.parametrize("kind", ALONE)
def test_no_text_breaks_the_page(kind):
    html = render_call_report(call_full_of(ALONE[kind]))
    assert_sound(read(html))
    assert html.encode("utf-8")
    assert not {"\x00", "\x1b", "\u202e", "\u2028"} & set(html)


def test_a_word_of_a_megabyte_keeps_the_page_small():
    assert len(render_call_report(call_full_of("a" * 1_000_000))) < 2_000_000


def test_a_record_changed_behind_its_models_back_still_renders():
    record = call_full_of("x").model_copy(
        update={"call_id": HOSTILE, "metadata": ["not", "a", {"mapping": HOSTILE}]}
    )
    assert_sound(read(render_call_report(record)))


def test_a_record_with_strange_times_still_renders():
    text = call_full_of("x").to_json()
    for time, strange in {"9000.0": "5e9", "7000.0": "0.0005", "1000.0": "-5e9"}.items():
        assert f'"at_ms":{time}' in text
        text = text.replace(f'"at_ms":{time}', f'"at_ms":{strange}')
    assert_sound(read(render_call_report(CallRecord.from_json(text))))


@pytest.mark.parametrize("strange", ["NaN", "1e300", "Infinity"])
def test_a_record_with_times_that_are_no_times_is_refused_with_the_place(strange):
    text = call_full_of("x").to_json().replace('"at_ms":9000.0', f'"at_ms":{strange}')
    with pytest.raises(RecordError, match=r"events\.\d+\.\w+\.at_ms"):
        CallRecord.from_json(text)


@pytest.mark.parametrize("strange", ["NaN", "1e300", "-Infinity"])
@pytest.mark.parametrize("field", ["began_ms", "duration_ms", "peak_ms"])
def test_a_recording_with_times_that_are_no_times_is_refused_with_the_place(field, strange):
    sound = Recording(file="a.wav", began_ms=12.5, duration_ms=12.5, peak_ms=12.5, peaks=((0.5,),))
    text = call_full_of("x").model_copy(update={"recording": sound}).to_json()
    with pytest.raises(RecordError, match=f"recording.{field}"):
        CallRecord.from_json(text.replace(f'"{field}":12.5', f'"{field}":{strange}'))


@pytest.mark.parametrize("kind", ALONE)
def test_no_text_drives_the_terminal(kind):
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=False, color_system=None)
    console.print(call_as_text(call_full_of(ALONE[kind])))
    shown = out.getvalue()
    assert not [char for char in shown if (ord(char) < 32 and char not in "\n") or 0x7F <= ord(char) < 0xA0]
    assert not {"\u202e", "\u2066", "\u2028"} & set(shown)


def test_rich_markup_in_a_call_is_shown_and_not_obeyed():
    out = io.StringIO()
    Console(file=out, width=200).print(call_as_text(call_full_of(ALONE["rich markup"])))
    assert "[bold red]x[/]" in out.getvalue()
    assert ":smile:" in out.getvalue()
