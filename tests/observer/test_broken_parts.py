"""A part that cannot be read costs no other part."""

from __future__ import annotations

import asyncio
import shutil

import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    CancelFrame,
    ErrorFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
)
from pipecat.metrics.metrics import TTFBMetricsData, TTSUsageMetricsData
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import FrameProcessor

from flows_analytics import CallRecord, FlowsObserver
from flows_analytics.calls.values import MAX_TEXT, plain
from flows_analytics.testing import calls, says, user
from tests.bots import edge, end_node, hold_call, node, stay
from tests.observer.test_by_hand import DOWN, feed, heard, pushed


class Unprintable:
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


def kinds(observer):
    return [event.kind for event in observer.record.events]


def arranged(*extra):
    """The usual pipeline with more processors behind the STT."""

    def arrange(bot):
        return [
            bot.transport.input(),
            bot.stt,
            *(make() for make in extra),
            bot.context_aggregator.user(),
            bot.llm,
            bot.tts,
            bot.transport.output(),
            bot.context_aggregator.assistant(),
        ]

    return {"arrange": arrange}


class Masker(FrameProcessor):
    """Hides card numbers, with a new frame in the place of the old."""

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            frame = TranscriptionFrame(
                frame.text.replace("4111", "[card]"), frame.user_id, frame.timestamp, frame.language
            )
        await self.push_frame(frame, direction)


def test_arguments_are_those_the_llm_passed_also_if_the_handler_changes_them():
    async def go(flow_manager, order: dict):
        """Order."""
        order.pop("size")
        order["added"] = "by the handler"
        return "ok", end_node()

    held = hold_call(node("start", go), [says("Hi"), user("yes"), calls("go", order={"size": 3}), says("bye")])

    assert held.record.tool_calls[0].arguments == {"order": {"size": 3}}
    assert held.record.transitions[0].arguments == {"order": {"size": 3}}


def test_a_node_without_a_name_whose_function_has_a_lone_surrogate_is_visited():
    held = hold_call(
        node(None, stay("caf\ud800"), edge("go", end_node)),
        [says("Hi"), user("yes"), calls("go"), says("bye")],
        strict=False,
        healthy=False,
    )

    assert not held.observer.health.count("guarded_error"), held.observer.health
    assert len(held.record.path) == 2
    assert held.record.tool_calls[0].outcome == "moved"


@pytest.mark.parametrize("text", [None, 5, b"x"])
def test_an_interruption_is_seen_also_if_a_token_is_no_text(text):
    class LLM:
        name = "LLM#0"

    llm = LLM()
    token = LLMTextFrame("a")
    token.text = text
    frames = [
        LLMFullResponseStartFrame(),
        token,
        BotStartedSpeakingFrame(),
        InterruptionFrame(),
        LLMFullResponseStartFrame(),
        LLMTextFrame("b"),
        LLMFullResponseEndFrame(),
    ]
    observer = FlowsObserver()

    feed(
        observer,
        *(
            FramePushed(source=llm, destination=None, frame=frame, direction=DOWN, timestamp=at * 10**6)
            for at, frame in enumerate(frames)
        ),
    )

    assert "interrupted" in kinds(observer)
    assert kinds(observer).count("inference_ended") == 2


def test_one_report_that_cannot_be_read_costs_no_other_of_its_frame():
    broken = TTFBMetricsData.model_construct(processor="LLM#0", model=None, value=None)
    observer = FlowsObserver()

    feed(observer, pushed(MetricsFrame(data=[broken, TTSUsageMetricsData(processor="TTS#0", value=5)])))

    assert "characters_spoken" in kinds(observer)


def test_a_fatal_error_without_a_message_is_an_error_all_the_same():
    error = ErrorFrame("x")
    error.error, error.fatal = None, True
    observer = FlowsObserver()

    feed(observer, pushed(error, 1), pushed(CancelFrame(), 2))
    asyncio.run(observer.aflush())

    assert observer.record.status == "error"


def test_a_failure_that_cannot_be_put_into_words_is_a_failure_all_the_same():
    observer = FlowsObserver()
    began = FunctionCallInProgressFrame("f", "1", {})

    feed(
        observer,
        pushed(began, 1),
        pushed(FunctionCallResultFrame("f", "1", {}, {"status": "error", "error": Unprintable()}), 2),
    )

    assert observer.record.tool_calls[0].outcome == "failed"


@pytest.mark.parametrize("secs", [None, "0.2"])
def test_a_voice_is_heard_also_if_the_time_it_took_to_tell_is_unknown(secs):
    frame = VADUserStartedSpeakingFrame()
    frame.start_secs = secs
    observer = FlowsObserver()

    feed(observer, pushed(frame, 1))

    assert "caller_voice_started" in kinds(observer)


def test_a_record_of_an_endless_text_is_read_back_as_it_was():
    observer = FlowsObserver()
    feed(observer, pushed(heard("x" * (10 * MAX_TEXT))))

    record = observer.record

    assert CallRecord.from_json(record.to_json()).events == record.events


def test_two_keys_that_look_alike_as_text_are_both_kept():
    assert sorted(plain({5: "number", "5": "text"}).values()) == ["number", "text"]


def test_a_manager_that_is_attached_again_in_the_same_node_visits_it_once():
    def again(held):
        async def soon():
            await asyncio.sleep(1.5)
            held.observer.detach_flow_manager(held.bot.flow_manager)
            held.observer.attach_flow_manager(held.bot.flow_manager)

        held.seen["task"] = asyncio.ensure_future(soon())

    held = hold_call(
        node("start", edge("go", end_node)),
        [says("Hello, how are you doing today?"), user("yes"), calls("go"), says("bye")],
        prepare=again,
    )

    assert held.record.path == ("start", "end")


def test_a_recording_whose_directory_vanished_is_said_to_be_lost(tmp_path):
    from flows_analytics.observer.audio import AudioRecording

    calls_dir = tmp_path / "calls"
    recording = AudioRecording(calls_dir)

    def prepare(held):
        async def vanish():
            await asyncio.sleep(6)
            while not list(calls_dir.glob("*.wav")):  # noqa: ASYNC110  # nobody tells of a file
                await asyncio.sleep(0.5)
            shutil.rmtree(calls_dir)

        held.seen["task"] = asyncio.ensure_future(vanish())

    def arrange(bot):
        return [
            bot.transport.input(),
            bot.stt,
            bot.context_aggregator.user(),
            bot.llm,
            bot.tts,
            bot.transport.output(),
            recording.processor,
            bot.context_aggregator.assistant(),
        ]

    held = hold_call(
        node("start"),
        [says("one two three four five six seven eight nine ten"), user("yes"), says("bye bye now")],
        recording=recording,
        prepare=prepare,
        flow_options={"arrange": arrange},
        call_id="c",
    )

    assert held.seen["task"].done()
    assert held.observer.health.count("recording_failed") or (calls_dir / "c.wav").exists()
