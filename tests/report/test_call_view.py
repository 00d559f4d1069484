"""View models: what a page says, computed from a record alone."""

from __future__ import annotations

import pytest

from flows_analytics.calls.events import BotStarted, BotText, CallerText, CallerVoiceStarted, FunctionRequested
from flows_analytics.recording.recorder import CallHeader, CallRecorder
from flows_analytics.report.header import header
from flows_analytics.report.strip import strip
from flows_analytics.report.times import stamp
from flows_analytics.report.transcript import transcript
from flows_analytics.report.transition_rows import transition_rows
from flows_analytics.report.unknowns import unknowns
from flows_analytics.report.visit_rows import visit_rows
from tests.report.records import (
    ALL_CALLS,
    Story,
    empty_call,
    eventful_call,
    looping_call,
    pizza_call,
    running_call,
    silent_bot_call,
    troubled_call,
    two_flow_call,
    unnamed_call,
)


@pytest.mark.parametrize("name", ALL_CALLS)
def test_the_head_of_every_kind_of_call(name, snapshot):
    assert header(ALL_CALLS[name]()) == snapshot


@pytest.mark.parametrize("name", ["troubled", "two_flows", "running", "unnamed"])
def test_the_tables_of_calls_that_are_not_plain(name, snapshot):
    record = ALL_CALLS[name]()
    assert visit_rows(record) == snapshot(name="visits")
    assert transition_rows(record) == snapshot(name="transitions")


@pytest.mark.parametrize("name", ["troubled", "no_flow"])
def test_the_transcript_of_calls_that_are_not_plain(name, snapshot):
    assert transcript(ALL_CALLS[name]()) == snapshot


@pytest.mark.parametrize("name", ALL_CALLS)
def test_what_is_not_known_of_every_kind_of_call(name, snapshot):
    assert unknowns(ALL_CALLS[name]()) == snapshot


def test_every_visit_keeps_one_number_everywhere():
    record = pizza_call()
    numbers = list(range(1, len(record.visits) + 1))
    assert [row.number for row in visit_rows(record)] == numbers
    assert [segment.number for segment in strip(record).segments] == numbers
    assert [group.number for group in transcript(record)] == numbers
    assert [row.visit for row in transition_rows(record)] == numbers[1:]


def test_a_tool_call_that_never_ran_stands_where_it_was_asked_for():
    story = Story("never-ran")
    story.enter(1.0, "ask", ("look",))
    story.bot(1.5, "Hello")
    story.add(FunctionRequested, 4.0, tool_call_id="c", function="look")
    story.end(6.0)
    record = story.record()

    (group,) = transcript(record)
    assert [item.kind for item in group.items] == ["turn", "tool"]
    assert (group.items[1].at, group.items[1].outcome) == (stamp(4000), "never_ran")
    assert not any("start of some tool calls" in said for said in unknowns(record))


def item_of(record, **wanted):
    items = [item for group in transcript(record) for item in group.items]
    return [item for item in items if all(getattr(item, name, None) == value for name, value in wanted.items())]


def test_words_that_were_cut_off_stand_apart_from_what_was_heard():
    cut, late = item_of(eventful_call(), cut_by="caller") + item_of(eventful_call(), cut_by="end")
    assert (cut.text.text, cut.unspoken.text) == ("Hello! Please", "type your account number, or say it.")
    assert (late.text.text, late.unspoken.text) == ("Please hold", "the line while I pass you on.")
    assert (cut.cut_at.text, late.cut_at) == ("0:03.5", None)


def test_a_turn_that_ended_with_the_call_is_marked_also_without_unspoken_words():
    story = Story()
    story.add(BotStarted, 1.0)
    story.add(BotText, 1.1, text="Hello, this is")
    story.add(CallerVoiceStarted, 2.0)
    story.add(CallerText, 3.0, text="I wanted to")
    story.end(3.5)
    assert len(item_of(story.record(), kind="turn", cut_by="end")) == 2


def test_a_turn_that_was_over_when_the_call_ended_is_not_marked():
    for call in (pizza_call, silent_bot_call, troubled_call):
        assert item_of(call(), cut_by="end") == []


def test_typed_words_and_acknowledgments_are_marked():
    record = eventful_call()
    assert [item.text.text for item in item_of(record, typed=True)] == ["account 47"]
    assert [item.text.text for item in item_of(record, backchannel=True)] == ["mhm"]
    assert [item.language.text for item in item_of(record, kind="turn") if item.language] == ["en-GB", "en-GB"]


def test_events_stand_where_they_happened(snapshot):
    groups = transcript(eventful_call())
    assert [
        (group.number, item.at.text, item.words, item.detail and item.detail.text)
        for group in groups
        for item in group.items
        if item.kind == "event"
    ] == snapshot


def test_a_tool_call_says_how_long_it_took_and_waited():
    (call,) = item_of(eventful_call(), outcome="timed_out")
    assert (call.lasted.text, call.wrong) == ("5.7 s", True)
    assert call.notes == ("began 300 ms after it was asked for", "1 result before the last")


def test_the_head_counts_what_went_wrong():
    assert header(troubled_call()).troubles == (
        "1 function failed",
        "1 move failed",
        "1 move was lost",
        "1 move had a failing action",
        "1 error ended the call",
    )
    assert header(pizza_call()).troubles == ()


def test_the_head_says_why_the_call_was_over_and_who_told():
    head = header(eventful_call())
    assert (head.disconnection.text, head.told_by) == ("carrier: 16", "as the bot's resolver said")
    assert header(running_call()).disconnection is None


def test_functions_offered_and_not_called_are_told_from_those_that_were():
    (row,) = visit_rows(eventful_call())
    assert {function.name.text: function.calls for function in row.offered} == {"look_up": 2, "transfer": 0}


def test_the_rest_of_a_cut_turn_is_called_unknown_only_where_it_is():
    def rest_unknown(record):
        return any("would have said" in sentence for sentence in unknowns(record))

    assert not rest_unknown(eventful_call())
    assert rest_unknown(pizza_call())
    story = Story()
    story.says(1.0, "Hello!", 2.0, heard="Hello!")
    story.end(5.0)
    assert story.record().turns[0].interrupted
    assert not rest_unknown(story.record())


def test_waits_are_called_unmeasured_only_where_there_was_an_answer_to_wait_for():
    def unmeasured(record):
        return any("not measured" in sentence for sentence in unknowns(record))

    assert not any(unmeasured(call()) for call in ALL_CALLS.values())
    monologue = Story()
    monologue.recorder = CallRecorder(CallHeader(call_id="x"), wall_ns=0)
    monologue.recorder.place(0, wall_ns=0)
    monologue.bot(1.0, "Hello?")
    assert not unmeasured(monologue.record())
    # Without voice activity detection or a strategy nothing tells when the caller stopped.
    monologue.add(CallerText, 4.0, text="Hi")
    monologue.bot(5.0, "Hello again")
    record = monologue.record()
    assert unmeasured(record) is all(turn.latency_ms is None for turn in record.turns)


def test_arguments_are_called_switched_off_only_if_a_function_ran():
    story = Story()
    story.add(FunctionRequested, 4.0, tool_call_id="c", function="look")
    story.end(6.0)
    assert not any("switched off" in sentence for sentence in unknowns(story.record()))


def test_every_turn_and_tool_call_stands_in_the_transcript_once():
    for call in ALL_CALLS.values():
        record = call()
        items = [item for group in transcript(record) for item in group.items]
        assert sum(item.kind == "turn" for item in items) == len(record.turns)
        assert sum(item.kind == "tool" for item in items) == len(record.tool_calls)


def test_what_was_said_before_any_node_has_a_group_of_its_own():
    (group,) = transcript(silent_bot_call())
    assert (group.number, group.node) == (None, None)
    assert [item.kind for item in group.items] == ["turn", "turn", "error"]


def test_failed_lost_and_troubled_transitions_give_their_reasons():
    rows = {row.to_node.text: row for row in transition_rows(troubled_call())}
    assert {node: row.fate for node, row in rows.items()} == {
        "no_table": "failed",
        "message_taken": "lost",
        "apology": "troubled",
    }
    assert rows["no_table"].error.text == "node config has no task_messages"
    assert "check_availability still ran" in rows["message_taken"].error.text
    assert rows["apology"].visit == 2


def test_a_code_transition_names_the_function_it_happened_in():
    row = transition_rows(troubled_call())[-1]
    assert (row.function.text, row.cause) == ("transfer", "set by code inside a function")


def test_the_strip_is_to_scale_and_ends_where_the_call_does():
    record = pizza_call()
    segments = strip(record).segments
    for segment, visit in zip(segments, record.visits, strict=True):
        assert segment.width == pytest.approx(100 * visit.dwell_ms / record.duration_ms, abs=0.01)
    assert segments[-1].start + segments[-1].width == pytest.approx(100, abs=0.01)


def test_the_strip_of_a_running_call_ends_with_an_open_segment():
    segments = strip(running_call()).segments
    assert [segment.open for segment in segments] == [False, True]
    assert segments[-1].width > 0


def test_a_call_without_nodes_has_no_strip():
    assert strip(empty_call()) is None


def test_returns_to_a_node_are_counted():
    again = [row.again for row in visit_rows(looping_call()) if row.node.text == "check"]
    assert again == [None, "2nd visit", "3rd visit", "4th visit"]


def test_rows_name_the_flow_they_belong_to():
    assert [row.flow.text for row in visit_rows(two_flow_call())] == ["main", "flow2", "flow2", "main"]


def test_inferred_entries_say_what_is_missing():
    assert any("was not seen" in sentence for sentence in unknowns(unnamed_call()))


def test_nothing_is_reported_missing_when_nothing_is():
    story = Story()
    story.enter(0.1, "only")
    story.end(1.0)
    assert all("switched off" not in sentence and "Lost" not in sentence for sentence in unknowns(story.record()))
