"""The observer fed by hand: no pipeline, no clock, no sinks."""

from __future__ import annotations

import asyncio
import threading
from enum import Enum

import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    ClientConnectedFrame,
    EndFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InterimTranscriptionFrame,
    LLMMessagesAppendFrame,
    OutputAudioRawFrame,
    SystemFrame,
    TranscriptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.pipeline.pipeline import PipelineSource
from pipecat.processors.frame_processor import FrameDirection

from flows_analytics import FlowsObserver
from flows_analytics.errors import ObserverError

DOWN, UP = FrameDirection.DOWNSTREAM, FrameDirection.UPSTREAM


def pushed(frame, at_ms=0, direction=DOWN):
    return FramePushed(source=None, destination=None, frame=frame, direction=direction, timestamp=int(at_ms * 1e6))


def feed(observer, *pushes):
    async def main():
        for push in pushes:
            await observer.on_push_frame(push)

    asyncio.run(main())


def heard(text):
    return TranscriptionFrame(text, user_id="", timestamp="2026-01-01T00:00:00.000+00:00")


def test_without_clock_set_up_or_sinks_it_still_records():
    observer = FlowsObserver(strict=True)
    before = threading.active_count()

    async def main():
        for push in (
            pushed(UserStartedSpeakingFrame(), 100),
            pushed(heard("Hello"), 900),
            pushed(UserStoppedSpeakingFrame(), 1000),
        ):
            await observer.on_push_frame(push)
        tasks_before = asyncio.all_tasks()
        await observer.cleanup()
        return asyncio.all_tasks() - tasks_before

    assert asyncio.run(main()) == set()
    assert threading.active_count() == before
    (turn,) = observer.record.turns
    assert (turn.text, turn.start_ms, turn.end_ms) == ("Hello", 100, 1000)
    assert observer.record.status == "cancelled"
    assert observer.record.duration_ms == 1000


def test_a_frame_pushed_at_every_hop_counts_once():
    observer = FlowsObserver(strict=True)
    frame = heard("once")
    feed(observer, *(pushed(frame, at_ms) for at_ms in (10, 11, 12)))

    assert [turn.text for turn in observer.record.turns] == ["once"]


def test_of_a_broadcast_pair_the_downstream_frame_counts():
    observer = FlowsObserver(strict=True)
    feed(
        observer,
        pushed(UserStartedSpeakingFrame(), 10, UP),
        pushed(UserStartedSpeakingFrame(), 10, DOWN),
    )

    kinds = [event.kind for event in observer.record.events]
    assert kinds.count("caller_turn_started") == 1


def test_a_transcript_that_travels_upstream_counts():
    observer = FlowsObserver(strict=True)
    feed(observer, pushed(heard("realtime"), 10, UP))

    assert [turn.text for turn in observer.record.turns] == ["realtime"]


def test_audio_is_no_moment():
    observer = FlowsObserver(strict=True)
    feed(observer, pushed(OutputAudioRawFrame(audio=b"\0\0", sample_rate=16000, num_channels=1)))

    assert [event.kind for event in observer.record.events] == ["call_started"]


def test_of_partial_transcripts_only_the_first_counts_and_its_words_are_not_kept():
    observer = FlowsObserver(strict=True)
    partial = [InterimTranscriptionFrame(text, user_id="", timestamp="") for text in ("Hel", "Hello", "Hello th")]
    feed(observer, *(pushed(frame, at) for at, frame in enumerate(partial, 1)))

    events = observer.record.events
    assert [(event.kind, event.at_ms) for event in events] == [("call_started", 0.0), ("caller_text_began", 1.0)]
    assert "Hel" not in observer.record.to_json()


def test_a_subclass_of_a_known_frame_is_read_like_it():
    class DailyTranscription(TranscriptionFrame):
        pass

    observer = FlowsObserver(strict=True)
    feed(observer, pushed(DailyTranscription("sub", user_id="u1", timestamp=""), 5))

    (event,) = [event for event in observer.record.events if event.kind == "caller_text"]
    assert (event.text, event.user_id) == ("sub", "u1")


def test_a_frame_of_two_parents_is_read_though_one_of_them_means_nothing_and_came_first():
    class Tag(SystemFrame):
        pass

    class Connected(Tag, ClientConnectedFrame):
        pass

    observer = FlowsObserver(strict=True)
    feed(observer, pushed(Tag()), pushed(Connected()))

    assert [event.kind for event in observer.record.events] == ["call_started", "client_connected"]


def test_a_frame_that_cannot_be_read_is_counted_and_the_next_one_is_recorded():
    class Broken(TranscriptionFrame):
        @property
        def language(self):
            raise RuntimeError("my card is 4111")

        @language.setter
        def language(self, value):
            pass

    observer = FlowsObserver(call_id="c")
    feed(observer, pushed(Broken("x", user_id="", timestamp="")), pushed(heard("fine"), 20))

    assert [turn.text for turn in observer.record.turns] == ["fine"]
    assert observer.health.count("guarded_error") == 1
    assert observer.health.losses["guarded_error"].why == "RuntimeError while recording a Broken"
    assert observer.record.health == observer.health


def test_strict_raises_what_would_be_counted():
    class Broken(TranscriptionFrame):
        text = property(lambda self: 1 / 0, lambda self, value: None)

    with pytest.raises(ZeroDivisionError):
        feed(FlowsObserver(strict=True), pushed(Broken("x", user_id="", timestamp="")))


def test_frames_after_the_end_are_dropped_and_counted():
    observer = FlowsObserver()

    async def main():
        await observer.on_push_frame(pushed(heard("before"), 10))
        await observer.cleanup()
        await observer.on_push_frame(pushed(heard("after"), 20))
        await observer.cleanup()

    asyncio.run(main())

    assert [turn.text for turn in observer.record.turns] == ["before"]
    assert observer.health.count("after_end") == 1


def test_an_end_frame_that_never_arrived_still_names_the_ending():
    observer = FlowsObserver(strict=True)

    async def main():
        await observer.on_push_frame(pushed(BotStartedSpeakingFrame(), 10))
        await observer.on_push_frame(pushed(EndFrame(reason="done"), 20))
        await observer.cleanup()

    asyncio.run(main())

    record = observer.record
    assert (record.status, record.end_reason, record.duration_ms) == ("completed", "done", 10)


def test_a_record_may_be_asked_for_before_anything_happened():
    record = FlowsObserver(call_id="x").record

    assert (record.call_id, record.status, record.path, record.turns) == ("x", "started", (), ())


def test_without_a_call_id_each_observer_makes_its_own():
    assert FlowsObserver().call_id != FlowsObserver().call_id
    assert len(FlowsObserver(call_id="").call_id) == 36


@pytest.mark.parametrize(
    ("given", "environment", "version"),
    [
        ("v7", {"APP_VERSION": "v1"}, "v7"),
        (42, {}, "42"),
        (None, {"APP_VERSION": "v1", "BUILD_NUMBER": "9"}, "v1"),
        (None, {"APP_VERSION": " ", "GITHUB_RUN_NUMBER": "5", "CIRCLE_BUILD_NUM": "6"}, "5"),
        (None, {"CIRCLE_BUILD_NUM": "6", "BUILD_NUMBER": "9"}, "6"),
        (None, {"BUILD_NUMBER": "9"}, "9"),
        (None, {}, None),
    ],
)
def test_the_agent_version_is_given_or_found_in_the_environment(monkeypatch, given, environment, version):
    for name in ("APP_VERSION", "GITHUB_RUN_NUMBER", "CIRCLE_BUILD_NUM", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert FlowsObserver(agent_version=given).record.agent.version == version


def test_positional_arguments_are_refused():
    with pytest.raises(TypeError):
        FlowsObserver("call-1")  # type: ignore[misc]


def test_a_second_set_up_is_an_error_where_errors_are_wanted():
    observer = FlowsObserver(strict=True)

    async def main():
        await observer.setup(None)
        await observer.setup(None)

    with pytest.raises(ObserverError):
        asyncio.run(main())


class Unwilling:
    def __str__(self):
        raise RuntimeError("no")


class Gone(Enum):
    CLIENT = "client-disconnected"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (Gone.CLIENT, "client-disconnected"),
        (ValueError("socket"), "socket"),
        (Unwilling(), "<Unwilling>"),
        (7, "7"),
    ],
)
def test_a_reason_of_any_type_ends_the_call(reason, told):
    kept = []

    class Sink:
        async def deliver(self, record):
            kept.append(record)

        async def close(self):
            pass

    observer = FlowsObserver(sinks=[Sink()])

    async def main():
        await observer.aflush(reason=reason)
        await observer.cleanup()

    asyncio.run(main())

    (record,) = kept
    assert (record.status, record.end_reason) == ("cancelled", told)
    assert record.ended_at is not None


def test_options_of_the_wrong_type_cost_no_call():
    observer = FlowsObserver(
        call_id=7,
        agent_id=1,
        agent_name=Gone.CLIENT,
        call_type=None,
        goals=[1, Gone.CLIENT],
        metadata={1: object()},
    )

    asyncio.run(observer.cleanup())

    record = observer.record
    assert (record.call_id, record.agent.id, record.agent.name) == ("7", "1", "client-disconnected")
    assert (record.call_type, record.goals) == ("web_call", ("1", "client-disconnected"))
    assert record.metadata == {"1": "<object>"}


def test_a_name_alone_counts_as_one_goal_and_one_key_of_state():
    class Manager:
        current_node = "ask"
        state = {"cart": 1, "c": 2}  # noqa: RUF012  # read only

    observer = FlowsObserver(goals="end", include_state="cart", strict=False)
    observer.attach_flow_manager(Manager())

    assert observer.record.goals == ("end",)
    assert [event.state for event in observer.record.events if event.kind == "node_entered"] == [{"cart": 1}]


def test_an_option_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="sink"):
        FlowsObserver(sink=[])  # type: ignore[call-arg]


def test_a_manager_whose_properties_raise_costs_nothing():
    class Manager:
        @property
        def current_node(self):
            raise RuntimeError("broken")

    observer = FlowsObserver()
    observer.attach_flow_manager(Manager())

    assert observer.health.count("guarded_error") == 1


def test_a_transcript_with_an_odd_user_id_is_kept():
    observer = FlowsObserver(strict=True)
    feed(observer, pushed(TranscriptionFrame("hi", user_id=7, timestamp=""), 1))

    assert [turn.text for turn in observer.record.turns] == ["hi"]


def test_state_is_recorded_as_it_was():
    class Manager:
        current_node = "ask"
        state = {"cart": ["pizza"]}  # noqa: RUF012  # shared on purpose

    observer = FlowsObserver(include_state=["cart"])
    observer.attach_flow_manager(Manager())
    Manager.state["cart"].append("cola")

    (entered,) = [event for event in observer.record.events if event.kind == "node_entered"]
    assert entered.state == {"cart": ["pizza"]}


@pytest.mark.parametrize("settle", [True, False])
def test_an_id_that_is_used_again_begins_another_tool_call(settle):
    observer = FlowsObserver(strict=True)
    pushes = []
    for number in range(3):
        at_ms = 100 * number
        pushes.append(pushed(FunctionCallInProgressFrame("look", "call_0", {"n": number}), at_ms))
        if settle:
            pushes.append(pushed(FunctionCallResultFrame("look", "call_0", {"n": number}, number), at_ms + 50))
    feed(observer, *pushes)

    calls = observer.record.tool_calls
    assert [call.arguments for call in calls] == [{"n": number} for number in range(3 if settle else 1)]
    assert [call.result for call in calls] == ([0, 1, 2] if settle else [None])


def test_prompts_that_the_bots_own_code_queues_are_not_the_caller():
    def prompt():
        message = {"role": "user", "content": "The caller is silent. Ask."}
        return LLMMessagesAppendFrame(messages=[message], run_llm=True)

    async def pass_on(frame, direction):
        pass

    from_code = pushed(prompt(), 10)
    from_code.source = PipelineSource(pass_on, name="Worker#0::Source")
    observer = FlowsObserver(strict=True)
    feed(observer, pushed(prompt(), 5), from_code)

    assert len(observer.record.turns) == 1
