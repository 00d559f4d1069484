"""Turns that come about in unusual ways: typed, unspoken, held back, summarized, acknowledged."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import (
    LLMConfigureOutputFrame,
    LLMSummarizeContextFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.processors.frameworks.rtvi import models as rtvi
from pipecat.transcriptions.language import Language
from pipecat.turns import user_turn_completion_mixin as completion
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from flows_analytics.observer.frame_table import Entry, later_frames
from flows_analytics.testing import (
    Pace,
    ScriptedBot,
    ScriptedTTS,
    calls,
    hangs_up,
    interrupts,
    says,
    silence,
    user,
)
from flows_analytics.testing.sentences import SentenceAggregator
from tests.bots import edge, hold_call, initial_node, node
from tests.topologies.agreement import assert_agrees
from tests.topologies.bots import hold

WITHIN_MS = 20
PACE = Pace()

_NEWER = later_frames(
    dict.fromkeys(("UserBackchannelFrame", "BotBackchannelFrame"), Entry(lambda data, at_ns: None))
)
tells_backchannels = pytest.mark.skipif(not _NEWER, reason="this Pipecat has no backchannels")


def said(record):
    return [(turn.speaker, turn.text) for turn in record.turns]


def bots(record):
    return [turn for turn in record.turns if turn.speaker == "bot"]


def total(turn):
    return sum(round(part.ms * 1000) for part in turn.contributions) / 1000


# What a client types


class Client:
    """A client that types through Pipecat's own RTVI processor."""

    def __init__(self, held, *messages, user_id: str | None = None) -> None:
        self._rtvi = held.bot.worker.rtvi
        self._messages = messages
        self._user_id = user_id
        self._task = asyncio.ensure_future(self._type())

    async def _type(self) -> None:
        for after, text, options in self._messages:
            await asyncio.sleep(after)
            data = {"content": text, "options": options}
            message = rtvi.Message(label=rtvi.MESSAGE_LABEL, type="send-text", id=text, data=data)
            known = {} if self._user_id is None else {"user_id": self._user_id}
            await self._rtvi.handle_message(message, **known)


def typing(*messages, **options):
    async def prepare(held):
        held.seen["client"] = Client(held, *messages, **options)

    return prepare


WITH_RTVI: dict[str, Any] = {"worker_options": {"enable_rtvi": True}}


def test_what_a_client_types_in_a_voice_call_is_one_turn_each():
    record = hold_call(
        initial_node(),
        [says("Hi!"), silence(3), says("Sure."), silence(6), says("Bye.")],
        prepare=typing((3.0, "I type", {}), (5.0, "again", {})),
        flow_options=WITH_RTVI,
    ).record
    assert said(record) == [
        ("bot", "Hi!"),
        ("caller", "I type"),
        ("bot", "Sure."),
        ("caller", "again"),
        ("bot", "Bye."),
    ]
    assert [turn.typed for turn in record.turns] == [False, True, False, True, False]
    assert [turn.latency_from for turn in bots(record)] == ["connected", "typed", "typed"]
    for turn in bots(record):
        assert total(turn) == turn.latency_ms


def test_what_a_client_types_in_a_text_call_is_one_turn_each():
    record = hold_call(
        initial_node(),
        [says("Hi!"), silence(3), says("Sure.")],
        prepare=typing((2.0, "I type", {})),
        text_only=True,
        flow_options=WITH_RTVI,
    ).record
    assert said(record) == [("bot", "Hi!"), ("caller", "I type"), ("bot", "Sure.")]
    assert [turn.typed for turn in record.turns] == [False, True, False]


@pytest.mark.parametrize("text_only", [False, True])
def test_what_is_typed_without_asking_for_an_answer_is_a_turn_too(text_only):
    record = hold_call(
        initial_node(),
        [says("Hi!"), silence(6)],
        prepare=typing((3.0, "For your information", {"run_immediately": False})),
        text_only=text_only,
        flow_options=WITH_RTVI,
    ).record
    assert said(record) == [("bot", "Hi!"), ("caller", "For your information")]


@tells_backchannels
def test_who_typed_is_kept():
    record = hold_call(
        initial_node(),
        [says("Hi!"), silence(3), says("Sure.")],
        prepare=typing((3.0, "I type", {}), user_id="ada"),
        flow_options=WITH_RTVI,
    ).record
    assert [turn.user_id for turn in record.turns] == [None, "ada", None]


# Answers that are not spoken


def test_an_answer_that_is_not_to_be_spoken_is_recorded_once():
    record = hold_call(
        initial_node(),
        [says("Hi there!"), silence(3), says("Sure. Anything else?")],
        prepare=typing((3.0, "I type", {"audio_response": False})),
        flow_options=WITH_RTVI,
    ).record
    assert said(record) == [("bot", "Hi there!"), ("caller", "I type"), ("bot", "Sure. Anything else?")]
    answer = record.turns[-1]
    assert answer.latency_from == "typed"
    assert answer.latency_ms == pytest.approx(PACE.llm_ttfb * 1000, abs=WITHIN_MS)
    assert total(answer) == answer.latency_ms


def test_a_voice_that_the_bot_switches_off_leaves_its_answers_as_text():
    async def prepare(held):
        async def mute():
            await asyncio.sleep(2.0)
            await held.bot.worker.queue_frame(LLMConfigureOutputFrame(skip_tts=True))

        held.seen["task"] = asyncio.ensure_future(mute())

    steps = [says("Hi there!"), user("I speak", after=2.0), calls("go"), says("Sure. Anything else?")]
    record = hold_call(node("ask", edge("go", node("next"))), steps, prepare=prepare).record
    assert said(record) == [("bot", "Hi there!"), ("caller", "I speak"), ("bot", "Sure. Anything else?")]
    assert record.turns[-1].latency_from == "speech"
    assert total(record.turns[-1]) == record.turns[-1].latency_ms


def test_an_answer_that_is_not_spoken_comes_between_those_that_are():
    messages = [
        (3.0, "one", {"audio_response": False}),
        (3.0, "two", {}),
        (5.0, "three", {"audio_response": False}),
    ]
    record = hold_call(
        initial_node(),
        [says("Hi there!"), silence(2), says("First."), silence(2), says("Second."), silence(5), says("Third.")],
        prepare=typing(*messages),
        flow_options=WITH_RTVI,
    ).record
    assert said(record) == [
        ("bot", "Hi there!"),
        ("caller", "one"),
        ("bot", "First."),
        ("caller", "two"),
        ("bot", "Second."),
        ("caller", "three"),
        ("bot", "Third."),
    ]


# Answers with a mark that says whether the caller was done

COMPLETE = completion.USER_TURN_COMPLETE_MARKER
SHORT = completion.USER_TURN_INCOMPLETE_SHORT_MARKER


class WaitingBot(ScriptedBot):
    """Its LLM decides whether the caller was done, and says so by the mark before its answer."""

    def _voice_processors(self):
        processors = super()._voice_processors()
        turns = UserTurnStrategies(
            start=[VADUserTurnStartStrategy()], stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.307)]
        )
        params = LLMUserAggregatorParams(user_turn_strategies=turns, filter_incomplete_user_turns=True)
        both = LLMContextAggregatorPair(LLMContext(), user_params=params)
        before, self.context_aggregator = self.context_aggregator, both
        swap = {before.user(): both.user(), before.assistant(): both.assistant()}
        return [swap.get(processor, processor) for processor in processors]


@pytest.mark.filterwarnings("ignore:.*filter_incomplete_user_turns.*:DeprecationWarning")
def test_the_mark_that_tells_whether_the_caller_was_done_is_no_word_of_the_bot():
    steps = [
        says(f"{COMPLETE} Hello there."),
        user("I would like"),
        says(SHORT),
        user("a pizza please", after=1.0),
        says(f"{COMPLETE} Which size?"),
        interrupts("Large", after=0.4),
        says(f"{COMPLETE} Fine."),
    ]
    call = hold(node("ask"), steps, bot_class=WaitingBot)
    assert call.script.leftover == ()
    spoken = [turn.text for turn in bots(call.record)]
    assert spoken == [speech.heard for speech in call.truth.bot]
    assert not any(mark in f"{turn.text}{turn.unspoken}" for turn in call.record.turns for mark in "✓●◐○")
    for turn, speech in zip(bots(call.record), call.truth.bot, strict=True):
        assert turn.latency_ms == pytest.approx(call.truth.latency_ms(speech), abs=WITHIN_MS)
        assert total(turn) == turn.latency_ms
    assert [turn.unspoken for turn in bots(call.record) if not turn.interrupted] == [None, None]


# Speech without word timestamps


class WholeSentenceTTS(ScriptedTTS):
    """Speaks sentences without saying when each word comes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._push_text_frames = True

    async def add_word_timestamps(self, word_times, context_id=None, *args, **options):
        return None


class SentenceBot(ScriptedBot):
    def _voice_processors(self):
        processors = super()._voice_processors()
        before, self.tts = self.tts, WholeSentenceTTS(pace=self.pace, dice=self._dice, activity=self.activity)
        self.tts._text_aggregator = SentenceAggregator()
        return [self.tts if processor is before else processor for processor in processors]


def test_a_voice_without_word_times_is_recorded_sentence_by_sentence():
    steps = [
        says("Hello there. What would you like?"),
        user("A pizza"),
        calls("go"),
        says("Which size? We have large ones."),
        user("Large"),
        says("Fine."),
    ]

    def flow(call):
        return node("ask", call.truth.tool(edge("go", node("size"))))

    call = hold(flow, steps, bot_class=SentenceBot)
    assert call.script.leftover == ()
    assert_agrees(call.record, call.truth)


# A summary in the middle


def test_a_summary_of_the_context_loses_no_turn_and_is_nobodys_word():
    async def prepare(held):
        async def later():
            await asyncio.sleep(9)
            await held.bot.worker.queue_frame(LLMSummarizeContextFrame())

        held.seen["task"] = asyncio.ensure_future(later())

    steps = [says("Hi!"), user("One"), says("Two."), user("Three"), says("Four."), silence(8), user("Five")]
    held = hold_call(initial_node(), [*steps, says("Six.")], prepare=prepare)
    messages = str(held.bot.context_aggregator.user().context.get_messages())
    assert "They have talked." in messages
    assert "Hi!" not in messages
    assert [turn.text for turn in held.record.turns] == ["Hi!", "One", "Two.", "Three", "Four.", "Five", "Six."]


# Speech around a silence, and who spoke


def test_two_utterances_of_the_bot_around_a_silence_are_two_turns():
    async def prepare(held):
        async def later():
            await asyncio.sleep(6)
            await held.bot.worker.queue_frame(TTSSpeakFrame("Are you there?"))

        held.seen["task"] = asyncio.ensure_future(later())

    call = hold_call(initial_node(), [says("Hi! What would you like?"), silence(9)], prepare=prepare)
    assert said(call.record) == [("bot", "Hi! What would you like?"), ("bot", "Are you there?")]
    for turn, speech in zip(call.record.turns, call.truth.bot, strict=True):
        assert turn.start_ms == pytest.approx(speech.start_ms, abs=WITHIN_MS)
        assert turn.end_ms == pytest.approx(speech.sounded_until_ms, abs=WITHIN_MS)
    assert call.record.turns[1].start_ms - call.record.turns[0].end_ms > 2000


def test_who_spoke_and_in_which_language_are_kept():
    def prepare(held):
        push = held.bot.stt.push_frame

        async def push_frame(frame, *args):
            if isinstance(frame, TranscriptionFrame):
                frame.user_id, frame.language = "ada", Language.DE_AT
            await push(frame, *args)

        held.bot.stt.push_frame = push_frame

    record = hold_call(initial_node(), [says("Hallo!"), user("Eine Pizza"), says("Gern.")], prepare=prepare).record
    assert [(turn.user_id, turn.language) for turn in record.turns] == [
        (None, None),
        ("ada", "de-AT"),
        (None, None),
    ]


# Acknowledgements


class Acknowledgements(FrameProcessor):
    """Takes what is transcribed of "mhm" for an acknowledgement, as a filter behind the recognizer would."""

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame) and frame.text == "mhm":
            from pipecat.frames.frames import UserBackchannelFrame

            frame = UserBackchannelFrame(text=frame.text, user_id="ada", timestamp=frame.timestamp)
        await self.push_frame(frame, direction)


@tells_backchannels
def test_a_word_of_the_caller_that_only_acknowledges_interrupts_nothing_and_is_marked():
    from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy

    def arrange(bot):
        processors = list(bot.processors)
        processors.insert(processors.index(bot.stt) + 1, Acknowledgements())
        return processors

    turns = UserTurnStrategies(
        start=[TranscriptionUserTurnStartStrategy(use_interim=False)],
        stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.307)],
    )
    story = "This is a rather long story that takes a good while to tell."
    call = hold(
        node("ask"),
        [says(story), interrupts("mhm", after=1.0), user("And then"), says("That was all.")],
        arrange=arrange,
        user_turn_strategies=turns,
    )
    record = call.record
    first, mhm, *rest = record.turns
    assert (first.text, first.interrupted, first.unspoken) == (story, False, None)
    assert (mhm.text, mhm.backchannel, mhm.user_id) == ("mhm", True, "ada")
    assert mhm.start_ms == pytest.approx(call.truth.caller[0].start_ms, abs=WITHIN_MS)
    assert mhm.end_ms == pytest.approx(call.truth.caller[0].end_ms, abs=WITHIN_MS)
    assert [(turn.speaker, turn.text) for turn in rest] == [("caller", "And then"), ("bot", "That was all.")]
    assert rest[1].latency_ms == pytest.approx(call.truth.latency_ms(call.truth.bot[-1]), abs=WITHIN_MS)


@tells_backchannels
def test_a_word_of_the_bot_that_only_acknowledges_answers_nothing_and_is_marked():
    from pipecat.frames.frames import BotBackchannelFrame

    def prepare(call):
        async def acknowledge():
            await asyncio.sleep(3.5)
            await call.bot.worker.queue_frame(BotBackchannelFrame("Mhm."))

        call.seen["task"] = asyncio.ensure_future(acknowledge())

    long = "I would like a pizza with ham and mushrooms and olives please"
    call = hold(node("ask"), [says("Hi!"), user(long), says("Sure.")], prepare=prepare)
    heard = [speech.heard for speech in call.truth.bot]
    assert heard == ["Hi!", "Mhm.", "Sure."]
    assert [(turn.text, turn.backchannel) for turn in call.record.turns] == [
        ("Hi!", False),
        (long, False),
        ("Mhm.", True),
        ("Sure.", False),
    ]
    answer = call.record.turns[-1]
    assert answer.latency_ms == pytest.approx(call.truth.latency_ms(call.truth.bot[-1]), abs=WITHIN_MS)
    assert call.record.turns[2].latency_ms is None


def test_what_is_typed_while_the_bot_speaks_cuts_it_off():
    story = "This is a rather long story that takes a good while to tell."
    held = hold_call(
        initial_node(),
        [says(story), says("Sure.")],
        prepare=typing((2.0, "I type", {})),
        flow_options=WITH_RTVI,
    )
    first, typed, answer = held.record.turns
    cut = held.truth.bot[0]
    assert cut.cut
    assert (first.text, f"{first.text} {first.unspoken}") == (cut.heard, story)
    assert first.interrupted_ms == pytest.approx(cut.end_ms, abs=WITHIN_MS)
    assert (typed.text, typed.typed) == ("I type", True)
    assert (answer.text, answer.latency_from) == ("Sure.", "typed")
    assert total(answer) == answer.latency_ms


@pytest.mark.parametrize(("after", "heard"), [(0.3, ""), (1.5, "Hello there.")])
def test_a_voice_without_word_times_that_is_cut_off_keeps_the_sentences_heard_to_their_end(after, heard):
    # Which words of the sentence under way were heard is not known.
    story = "Hello there. What would you like to eat? We have pizza today."
    call = hold(node("ask"), [says(story), interrupts("Stop", after=after), says("Fine.")], bot_class=SentenceBot)
    first, stop, answer = call.record.turns
    cut = call.truth.bot[0]
    assert cut.cut
    assert (first.text, f"{first.text} {first.unspoken}".strip()) == (heard, story)
    assert first.start_ms == pytest.approx(cut.start_ms, abs=WITHIN_MS)
    assert first.end_ms == first.interrupted_ms == pytest.approx(cut.end_ms, abs=WITHIN_MS)
    assert (first.latency_from, first.visit) == ("connected", 0)
    assert (stop.text, answer.text) == ("Stop", "Fine.")


@pytest.mark.parametrize("bot_class", [ScriptedBot, SentenceBot])
def test_what_is_being_said_when_the_caller_hangs_up_is_a_turn(bot_class):
    story = "Hello there my dear friend. What would you like?"
    steps = [says(story), hangs_up(after=0.7, while_bot_speaks=True)]
    call = hold(node("ask"), steps, bot_class=bot_class)
    (turn,) = call.record.turns
    assert turn.text == ("" if bot_class is SentenceBot else call.truth.bot[0].heard)
    assert (f"{turn.text} {turn.unspoken}".strip(), turn.interrupted) == (story, False)
    assert turn.start_ms == pytest.approx(call.truth.bot[0].start_ms, abs=WITHIN_MS)
