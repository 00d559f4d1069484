"""What a redactor hides is nowhere: not in a record, not in what is read from it, not in a log."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.frames.frames import TTSSpeakFrame, UserStartedSpeakingFrame

from flows_analytics import FlowsObserver, JSONFileSink
from flows_analytics.calls.events import (
    AnyMoment,
    BotStarted,
    BotStopped,
    BotText,
    CallerText,
    CallerTurnStarted,
    CallerTurnStopped,
    InferenceEnded,
    InferenceStarted,
    Interrupted,
    KeysPressed,
    SpeakRequested,
)
from flows_analytics.errors import ObserverError
from flows_analytics.observer.held_moments import HeldMoments
from flows_analytics.recording.recorder import CallHeader, CallRecorder
from flows_analytics.redaction import PatternRedactor
from flows_analytics.redaction.fields import NAMES, free_fields
from flows_analytics.redaction.redaction import NOT_REDACTED
from flows_analytics.testing import calls, fails, hangs_up, interrupts, says, user
from tests.bots import PIZZA_PATH, edge, hold_call, hold_pizza_call, node, stay
from tests.observer.test_by_hand import heard, pushed

CARD = "4111 1111 1111 1111"
PHONE = "+1 415 867 5309"
EMAIL = "anna@example.com"
ALL = f"{CARD} / {PHONE} / {EMAIL}"
# Groups of the numbers also by themselves, unless they are a part of another number such as a time.
SECRETS = re.compile(r"41111|(?<![\d.:])(?:4111|1111|5309)(?!\d|[.:]\d)|anna|example\.com")

KINDS = get_args(get_args(AnyMoment)[0])


def shown_of(record, caplog=None):
    """Everything that can be read of a record."""
    shown = [record.to_json(), record.model_dump_json(), repr(record), repr(record.events), repr(record.summary)]
    return "\n".join(shown + (caplog.messages if caplog else []))


def value_for(annotation, name):
    """A value of a field's type: a text in which everything is secret, unless it is a name."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return value_for(parts[0], name)
    if origin is Literal:
        return parts[0]
    if origin is tuple:
        return (value_for(parts[0], name),)
    if parts:
        return value_for(next(part for part in parts if part is not type(None)), name)
    if annotation is Any:
        return {ALL: [{"deep": (ALL, 4111111111111111)}]}
    if annotation is str:
        return "name" if name in NAMES else ALL
    return {int: 1, float: 1.0, bool: True}[annotation]


def planted(kind):
    fields = kind.model_fields
    return {
        name: value_for(field.annotation, name)
        for name, field in fields.items()
        if name not in ("seq", "at_ms", "kind")
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("redacted", [True, False], ids=["redacted", "plain"])
def test_no_field_of_any_kind_of_moment_lets_a_secret_through(kind, redacted, caplog):
    observer = FlowsObserver(call_id="c", redactor=PatternRedactor() if redacted else None, strict=True)
    observer._writer.add(kind, 0, **planted(kind))
    observer._writer.release()

    assert [event.kind for event in observer.record.events[1:]] == [kind.model_fields["kind"].default]
    assert bool(SECRETS.search(shown_of(observer.record, caplog))) == (bool(free_fields(kind)) and not redacted)


def test_free_text_is_in_these_fields_and_names_are_in_the_others():
    free = {name for kind in KINDS for name in free_fields(kind)}
    assert free == {
        "text",
        "arguments",
        "result",
        "state",
        "settings",
        "error",
        "message",
        "reason",
        "keys",
        "user_id",
    }
    # A name that no kind has would hide a mistake.
    assert {name for kind in KINDS for name in kind.model_fields} >= NAMES


def test_all_that_a_call_says_and_does_is_redacted_on_its_way_to_every_place(tmp_path, caplog):
    async def look(flow_manager, card: str, contact: dict):
        """Look it up."""
        flow_manager.state["order"] = {"card": card, EMAIL: contact}
        return {"card": card, "found": [contact]}, None

    async def broken(flow_manager):
        """Fail."""
        raise RuntimeError(f"no such customer: {ALL}")

    async def fail(action, flow_manager):
        raise ValueError(f"no such customer: {ALL}")

    bad = node("bad", pre_actions=[{"type": "fail", "handler": fail}])
    good = node("good", pre_actions=[{"type": "tts_say", "text": f"One moment, {PHONE}."}])
    start = node("start", look, broken, edge("move", good, result={"for": EMAIL}), edge("bad", bad))
    steps = [
        says("Hi. What is your card number and your email?"),
        user(f"It is {CARD} and {EMAIL} thanks"),
        calls("look", card="4111111111111111", contact={EMAIL: [4155552671]}),
        says(f"So it is {CARD}, and I write to {EMAIL} or call {PHONE}. Is that right?"),
        user("Yes"),
        calls("broken"),
        says("Sorry."),
        user("Go on"),
        calls("bad"),
        user("Go on"),
        calls("move"),
        says(f"We call {PHONE}."),
        user("Well"),
        fails(f"quota of {EMAIL} exceeded"),
        user("bye"),
        says("Bye"),
        user("go"),
        hangs_up(),
    ]
    sunk = []

    class Listening:
        async def deliver(self, record):
            sunk.append(record)
            raise RuntimeError(ALL)

        async def close(self):
            pass

    def hold(redactor, directory):
        held = hold_call(
            start,
            steps,
            redactor=redactor,
            metadata={"headers": {"X-Caller": PHONE, EMAIL: ["x"]}},
            include_state=["order"],
            disconnection_reason_resolver=lambda: f"hung up by {PHONE}",
            sinks=[JSONFileSink(directory), Listening()],
        )
        return held.record, "".join(path.read_text() for path in directory.rglob("*") if path.is_file())

    plain, _ = hold(None, tmp_path / "plain")
    caplog.clear()
    record, stored = hold(PatternRedactor(), tmp_path / "redacted")
    ours = [message for message in caplog.messages if "flows_analytics" in message]

    assert ours
    for shown in (shown_of(record), shown_of(sunk[-1]), stored, "\n".join(ours)):
        assert shown
        assert not SECRETS.search(shown)
    # Everything else is as it would have been.
    assert (record.path, len(record.turns), record.status) == (plain.path, len(plain.turns), plain.status)
    assert [t.start_ms for t in record.turns] == [t.start_ms for t in plain.turns]
    hide = PatternRedactor()
    assert [turn.text for turn in record.turns] == [hide(turn.text) for turn in plain.turns]
    assert record.metadata == {"headers": {"X-Caller": "<phone>", "<email>": ["x"]}}
    assert record.tool_calls[0].arguments == {"card": "<card>", "contact": {"<email>": ["<phone>"]}}
    assert record.disconnection_reason == "hung up by <phone>"
    assert SECRETS.search(shown_of(plain))


@pytest.mark.parametrize("after", [round(0.4 + 0.15 * n, 2) for n in range(14)])
def test_wherever_the_caller_cuts_in_what_was_heard_and_what_was_not_are_the_redacted_answer(after):
    answer = f"So your card is {CARD} and mine {EMAIL}, right my friend?"
    steps = [
        says("Hi"),
        user("x"),
        says(answer),
        interrupts("No wait", after=after),
        says("Ok"),
        user("x"),
        hangs_up(),
    ]
    record = hold_call(node("start", stay("look")), steps, redactor=PatternRedactor()).record
    plain = hold_call(node("start", stay("look")), steps).record

    assert not SECRETS.search(shown_of(record))
    turn, before = record.turns[2], plain.turns[2]
    assert turn.interrupted == before.interrupted
    said = f"{turn.text} {turn.unspoken or ''}".replace(", ", " ").split()
    assert said == PatternRedactor()(answer).replace(", ", " ").split()
    assert len(before.text.split()) >= len(turn.text.split())


def test_words_spoken_for_somebody_else_than_the_llm_are_redacted_as_a_whole():
    def prepare(held):
        async def speak():
            await asyncio.sleep(6)
            await held.bot.worker.queue_frame(TTSSpeakFrame(f"Your number is {CARD}."))

        held.seen["task"] = asyncio.get_running_loop().create_task(speak())

    steps = [says("Hi"), user("x", after=12), says("Ok"), user("y"), hangs_up()]
    record = hold_call(node("start", stay("look")), steps, redactor=PatternRedactor(), prepare=prepare).record

    assert not SECRETS.search(shown_of(record))
    assert "Your number is <card>." in [turn.text for turn in record.turns]


def test_an_answer_that_nothing_speaks_is_redacted():
    steps = [says("Hi"), user(f"I am {EMAIL}"), says(f"Your card is {CARD}, right?"), user("y"), hangs_up()]
    record = hold_call(node("start", stay("look")), steps, redactor=PatternRedactor(), text_only=True).record

    assert not SECRETS.search(shown_of(record))
    assert [turn.text for turn in record.turns][1:3] == ["I am <email>", "Your card is <card>, right?"]


def test_with_content_switched_off_a_redactor_changes_nothing():
    off = {"include_transcripts": False, "include_arguments": False, "include_results": False}
    plain = hold_pizza_call(call_id="c", **off).record
    record = hold_pizza_call(call_id="c", redactor=PatternRedactor(), **off).record

    assert record.events == plain.events


def test_a_call_without_anything_to_hide_is_recorded_as_without_a_redactor():
    plain = hold_pizza_call(call_id="c").record
    record = hold_pizza_call(call_id="c", redactor=PatternRedactor()).record

    # What waited stands later in the order of recording, at the same time.
    assert record.turns == plain.turns
    assert record.summary == plain.summary
    times = [sorted((e.at_ms, e.kind, getattr(e, "text", "")) for e in r.events) for r in (record, plain)]
    assert times[0] == times[1]


def raises(text):
    raise RuntimeError(text)


async def later(text):
    return text


@pytest.mark.parametrize("redactor", [raises, lambda text: 42, later], ids=["raises", "number", "coroutine"])
def test_a_redactor_that_fails_drops_every_text_and_never_the_call(redactor, caplog):
    held = hold_pizza_call(redactor=redactor, metadata={"to": PHONE}, include_state=["order"])
    record = held.record

    assert record.path == PIZZA_PATH
    assert record.metadata == {NOT_REDACTED: NOT_REDACTED}
    assert {turn.text for turn in record.turns} == {NOT_REDACTED}
    assert {turn.speaker for turn in record.turns} == {"bot", "caller"}
    assert not re.search("pepperoni|sushi|goodbye|415", shown_of(record).lower())
    assert record.health.count("redaction_failed") > 8
    assert sum("the redactor failed on a text" in message for message in caplog.messages) == 1


def test_what_a_redactor_takes_is_measured():
    observer = FlowsObserver(redactor=PatternRedactor(), metadata={"a": "b"})
    assert observer.redaction_ms > 0
    assert FlowsObserver(metadata={"a": "b"}).redaction_ms == 0


def test_what_is_no_function_is_refused():
    with pytest.raises(ObserverError) as refused:
        FlowsObserver(redactor="emails")  # pyright: ignore
    assert refused.value.code == "not_a_redactor"


def test_what_still_waits_at_the_end_is_recorded_before_it():
    observer = FlowsObserver(redactor=PatternRedactor(), strict=True)

    async def main():
        await observer.on_push_frame(pushed(UserStartedSpeakingFrame(), 10))
        await observer.on_push_frame(pushed(heard("I am 4111 1111"), 20))
        await observer.on_push_frame(pushed(heard("1111 1111"), 30))
        assert [event.kind for event in observer.record.events] == ["call_started", "caller_turn_started"]
        await observer.aflush()

    asyncio.run(main())
    kinds = [event.kind for event in observer.record.events]
    assert kinds == ["call_started", "caller_turn_started", "caller_text", "caller_text", "call_ended"]
    assert [turn.text for turn in observer.record.turns] == ["I am <card>"]
    assert not observer.health.losses


# --- pieces


class Writing:
    """Moments written by hand, a millisecond apart."""

    def __init__(self, redactor=None):
        self.recorder = CallRecorder(
            CallHeader("c"), wall_ns=0, redactor=redactor or PatternRedactor(), clock_ns=lambda: 0
        )
        self.recorder.place(0, wall_ns=0)
        self.held = HeldMoments(self.recorder, self.recorder.redaction)
        self.now_ms = 0

    def add(self, kind, after_ms=1, **fields):
        self.now_ms += after_ms
        return self.held.add(kind, round(self.now_ms * 1e6), fields)

    def told(self, kind, field="text"):
        return [getattr(event, field) for event in self.recorder.record().events if isinstance(event, kind)]


def test_a_word_waits_until_its_answer_is_written_and_keeps_its_time():
    call = Writing()
    origin = call.add(InferenceStarted)
    call.add(BotText, text="4111", origin=origin)
    call.add(BotText, text="1111", origin=origin)
    assert call.told(BotText) == []

    call.add(InferenceEnded, origin=origin, text=CARD)
    call.add(BotText, text="1111", origin=origin)
    events = call.recorder.record().events
    assert [event.kind for event in events] == [
        "call_started",
        "inference_started",
        "inference_ended",
        "bot_text",
        "bot_text",
        "bot_text",
    ]
    assert [event.at_ms for event in events if event.kind == "bot_text"] == [2, 3, 5]
    assert call.told(BotText) == ["<card>", "", ""]


def test_the_words_of_a_service_that_speaks_for_itself_wait_until_it_stops():
    call = Writing()
    for word in f"It is {CARD}".split():
        call.add(BotText, text=word)
    assert call.told(BotText) == []
    call.add(BotStopped)

    assert call.told(BotText) == ["It", "is", "<card>", "", "", ""]


def test_words_in_other_words_than_written_wait_and_are_redacted_with_each_other():
    call = Writing()
    origin = call.add(SpeakRequested, text="Forty-one eleven and so on, then five")
    for word in f"{CARD} and so on then five".split():
        call.add(BotText, text=word, origin=origin)
    call.add(Interrupted)

    assert call.told(BotText) == ["<card>", "", "", "", "and", "so", "on", "then", "five"]


def test_a_number_divided_among_the_transcripts_of_a_turn_is_known():
    call = Writing()
    call.add(CallerTurnStarted)
    call.add(CallerText, text="It's 4111 1111", user_id=PHONE)
    call.add(CallerText, text="1111 1111 thanks")
    assert call.told(CallerText) == []
    call.add(CallerTurnStopped)

    assert call.told(CallerText) == ["It's <card>", "thanks"]
    assert call.told(CallerText, "user_id") == ["<phone>", None]
    assert [event.kind for event in call.recorder.record().events][-1] == "caller_turn_stopped"


def test_a_transcript_that_comes_after_its_turn_is_read_together_with_it():
    call = Writing()
    call.add(CallerTurnStarted)
    call.add(CallerText, text="four and 555")
    call.add(CallerTurnStopped)
    call.add(CallerText, text="2671 please")
    call.add(InferenceStarted)

    # The first half was written before anything told that it was one; the second is hidden.
    assert call.told(CallerText) == ["four and 555", "<phone> please"]


def said_in_turns(call, *turns):
    for turn in turns:
        call.add(CallerTurnStarted)
        call.add(CallerText, text=turn)
        call.add(CallerTurnStopped)


def test_of_a_card_that_is_read_in_four_turns_no_more_than_the_beginning_is_kept():
    call = Writing()
    said_in_turns(call, "it is 4111.", "1111", "1111", "1111 thanks", "12 27", "And 5 people")

    assert call.told(CallerText) == ["it is 4111.", "<phone>", "<phone>", "<card> thanks", "12 27", "And 5 people"]


def test_a_bot_that_is_cut_off_does_not_end_a_number_and_one_that_is_heard_does():
    call = Writing()
    said_in_turns(call, "415 55")
    call.add(InferenceStarted)
    call.add(BotStarted)
    call.add(Interrupted)
    call.add(BotStopped)
    said_in_turns(call, "5 2671")
    call.add(BotStarted)
    call.add(BotStopped)
    said_in_turns(call, "2671 people")
    call.add(BotText, text="At what time?", source="context")
    said_in_turns(call, "7 30")

    assert call.told(CallerText) == ["415 55", "<phone>", "2671 people", "7 30"]


def test_keys_are_hidden_as_one_number_and_a_choice_in_a_menu_is_kept():
    call = Writing()
    call.add(KeysPressed, keys="2", count=1)
    call.add(KeysPressed, after_ms=4000, keys="4", count=1)
    assert call.told(KeysPressed, "keys") == ["2"]
    for key in "1" * 15 + "#":
        call.add(KeysPressed, after_ms=300, keys=key, count=1)
    call.add(BotStopped, after_ms=3001)

    assert call.told(KeysPressed, "keys") == ["2", "<card>", *[""] * 15, "#"]


WORDS = st.sampled_from(["so", "your", "card", "is", "the", "number", "and", "mail", "to"])
HIDDEN = st.sampled_from([CARD, "4155552671", "(415) 555-2671", "a1@b2.co", "3782 822463 10005"])
ANSWERS = st.lists(st.one_of(WORDS, WORDS, HIDDEN), min_size=1, max_size=15).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(ANSWERS, min_size=1, max_size=4), st.data())
def test_whenever_an_answer_is_written_spoken_or_cut_off_nothing_hidden_is_recorded(answers, data):
    call = Writing()
    for answer in answers:
        way = data.draw(st.sampled_from(["inference", "speak", "itself"]))
        words = answer.split()
        # A service that speaks for itself says whole numbers: what it leaves unsaid nobody knows.
        heard = words if way == "itself" else words[: data.draw(st.integers(0, len(words)))]
        origin = None
        if way == "inference":
            origin = call.add(InferenceStarted)
        elif way == "speak":
            origin = call.add(SpeakRequested, text=answer)
        written_after = data.draw(st.integers(0, len(heard)))
        for place, word in enumerate(heard):
            if way == "inference" and place == written_after:
                call.add(InferenceEnded, origin=origin, text=answer)
            call.add(BotText, text=word, origin=origin)
        if way == "inference" and written_after == len(heard):
            call.add(InferenceEnded, origin=origin, text=answer)
        call.add(data.draw(st.sampled_from([BotStopped, Interrupted])))
    call.held.release()

    record = call.recorder.record()
    texts = [event.text for event in record.events if isinstance(event, BotText)]
    assert len(texts) == len([event for event in record.events if event.kind == "bot_text"])
    assert not re.search(r"[\d@]", json.dumps([texts, call.told(InferenceEnded), call.told(SpeakRequested)]))
    assert [e.at_ms for e in record.events if e.kind == "bot_text"] == sorted(
        e.at_ms for e in record.events if e.kind == "bot_text"
    )
