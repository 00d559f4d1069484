"""The figures of the call: what was recorded and what services reported, against what the endpoints counted."""

from __future__ import annotations

import pytest
from pipecat.metrics import metrics

from tests.services.bot import LLM_MODEL, STT_MODEL, TTS_MODEL, HeldCall
from tests.services.openai_endpoint import Usage


def test_each_inference_that_was_not_cut_off_reports_its_tokens(call: HeldCall):
    usages = call.metrics.of(metrics.LLMUsageMetricsData)
    reported = [
        Usage(
            prompt=usage.value.prompt_tokens,
            completion=usage.value.completion_tokens,
            cached=usage.value.cache_read_input_tokens,
            reasoning=usage.value.reasoning_tokens,
        )
        for usage in usages
    ]

    assert reported == call.truth.reported
    assert len(reported) == len(call.truth.inferences) - 1
    # The alias that the bot asked for, not the model that answered.
    assert {usage.model for usage in usages} == {LLM_MODEL}


def test_characters_count_what_was_sent_to_be_spoken_whether_it_was_played_or_not(call: HeldCall):
    usages = call.metrics.of(metrics.TTSUsageMetricsData)
    played = sum(len(answer.heard) for answer in call.truth.answers)

    assert [usage.value for usage in usages] == [len(text) for c in call.truth.contexts for text in c.texts]
    assert sum(usage.value for usage in usages) == call.truth.characters > played
    assert {usage.model for usage in usages} == {TTS_MODEL}


@pytest.mark.skipif(not hasattr(metrics, "STTUsageMetricsData"), reason="Pipecat reports it since 1.7")
def test_seconds_of_audio_count_silence_too(call: HeldCall):
    usages = call.metrics.of(metrics.STTUsageMetricsData)
    spoken = sum(utterance.ended_ns - utterance.began_ns for utterance in call.truth.utterances) / 1e9

    secs = sum(usage.value.audio_seconds for usage in usages)
    assert secs == pytest.approx(call.truth.listening.audio_secs, abs=0.1)
    assert secs > 2 * spoken
    assert {usage.model for usage in usages} == {STT_MODEL}


def test_the_caller_waits_from_the_end_of_his_words_to_the_first_audio(call: HeldCall):
    turns = call.record.turns
    waits = [bot.start_ms - caller.end_ms for caller, bot in zip(turns[1::2], turns[2::2], strict=True)]
    for wait, (since_ns, until_ns) in zip(waits, call.truth.waits_ns[1:], strict=True):
        assert wait == call.near((until_ns - since_ns) / 1e6, since_ns, until_ns)


def test_time_to_first_byte_is_the_endpoints_own_and_the_way_there_and_back(call: HeldCall):
    model = [one for one in call.metrics.of(metrics.TTFBMetricsData) if one.processor.startswith("OpenAI")]
    voice = [one for one in call.metrics.of(metrics.TTFBMetricsData) if one.processor.startswith("Cartesia")]
    inferences, contexts = call.truth.inferences, call.truth.contexts
    own = [
        *((one, inf.asked_ns, inf.first_token_ns) for one, inf in zip(model, inferences, strict=True)),
        *((one, con.asked_ns[0], con.first_audio_ns) for one, con in zip(voice, contexts, strict=True)),
    ]

    # The first request of a process also imports and connects.
    for one, asked_ns, answered_ns in own[1:]:
        assert one.value * 1000 == call.near((answered_ns - asked_ns) / 1e6 + 10, asked_ns, answered_ns)


def test_the_recorded_usage_is_what_the_endpoints_counted(call: HeldCall):
    usage, reported = call.record.usage, call.truth.reported
    assert usage.inferences == len(reported)
    assert usage.prompt_tokens == sum(one.prompt for one in reported)
    assert usage.completion_tokens == sum(one.completion for one in reported)
    assert usage.cached_tokens == sum(one.cached for one in reported)
    assert usage.reasoning_tokens == sum(one.reasoning for one in reported)
    assert usage.cache_hit_ratio == pytest.approx(usage.cached_tokens / usage.prompt_tokens)
    assert usage.characters == call.truth.characters
    models = {(one.service, one.model) for one in usage.services}
    assert models >= {("OpenAILLMService", LLM_MODEL), ("CartesiaTTSService", TTS_MODEL)}


def test_each_wait_is_the_true_one_and_its_parts_add_up_to_it(call: HeldCall):
    answers = [turn for turn in call.record.turns if turn.speaker == "bot"]
    assert [turn.latency_from for turn in answers] == ["connected", "speech", "speech", "speech"]
    for turn, (since_ns, until_ns) in zip(answers, call.truth.waits_ns, strict=True):
        assert turn.latency_ms == call.near((until_ns - since_ns) / 1e6, since_ns, until_ns)
        assert sum(round(part.ms * 1000) for part in turn.contributions) == round(turn.latency_ms * 1000)


def test_the_parts_of_a_wait_are_what_each_service_took(call: HeldCall):
    answers = [turn for turn in call.record.turns if turn.speaker == "bot"][1:]
    for number, turn in enumerate(answers):
        parts = {part.name: part.ms for part in turn.contributions}
        asking, saying = call.truth.inferences[1 + 2 * number : 3 + 2 * number]
        context = call.truth.contexts[1 + number]
        # The way to the endpoint and back takes some milliseconds.
        own = (saying.first_token_ns - saying.asked_ns) / 1e6 + 10
        assert parts["second_inference"] == call.near(own, saying.asked_ns, saying.first_token_ns)
        own = (context.first_audio_ns - context.asked_ns[0]) / 1e6 + 5
        assert parts["speech_synthesis"] == call.near(own, context.asked_ns[0], context.first_audio_ns)
        own = (asking.last_token_ns - asking.asked_ns) / 1e6 + 10
        assert parts["llm_first_token"] == call.near(own, asking.asked_ns, asking.last_token_ns)
        assert parts["end_of_turn_wait"] == pytest.approx(200, abs=0.001)
        assert parts.get("unnamed", 0.0) == call.near(0, asking.asked_ns, saying.asked_ns)


def test_what_was_cut_off_is_what_the_model_had_said_beyond_what_was_heard(call: HeldCall):
    (cut,) = [turn for turn in call.record.turns if turn.interrupted]
    inference = next(answer.inference for answer in call.truth.answers if answer.interrupted)
    assert f"{cut.text} {cut.unspoken}" == inference.sent.strip()
