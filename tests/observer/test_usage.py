"""What services report of themselves, recorded from real pipelines and from frames fed by hand."""

from __future__ import annotations

import asyncio
import gc
import math
import re
from collections import Counter
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import SimpleNamespace

import pipecat
import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InputAudioRawFrame,
    LLMTextFrame,
    ManuallySwitchServiceFrame,
    MetricsFrame,
    StartFrame,
    TextFrame,
)
from pipecat.metrics import metrics as pipecat_metrics
from pipecat.metrics.metrics import (
    LLMTokenUsage,
    LLMUsageMetricsData,
    ProcessingMetricsData,
    TextAggregationMetricsData,
    TTFBMetricsData,
    TTSUsageMetricsData,
    TurnMetricsData,
)
from pipecat.observers.base_observer import FramePushed
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import ServiceSwitcher, ServiceSwitcherStrategyFailover
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from flows_analytics import CallRecord, FlowsObserver
from flows_analytics.calls.events import (
    AudioTranscribed,
    CharactersSpoken,
    ErrorSeen,
    Measured,
    MetricsOff,
    ServiceSwitchRequested,
    TokensUsed,
)
from flows_analytics.calls.usage import Usage
from flows_analytics.report.html import render_call_report
from flows_analytics.testing import Pace, calls, fails, interrupts, run_virtual, says, user
from tests.bots import PIZZA_CALL, hold_call, hold_pizza_call, initial_node, node, stay

DOWN, UP = FrameDirection.DOWNSTREAM, FrameDirection.UPSTREAM
HEARS_USAGE = hasattr(pipecat_metrics, "STTUsage")


def of(record, kind):
    return [event for event in record.events if isinstance(event, kind)]


def pushed(frame, at_ms=0.0, direction=DOWN, source=None):
    return FramePushed(
        source=source, destination=None, frame=frame, direction=direction, timestamp=int(at_ms * 1e6)
    )


def fed(*pushes, **options):
    observer = FlowsObserver(**{"strict": True, **options})

    async def main():
        for push in pushes:
            await observer.on_push_frame(push)

    asyncio.run(main())
    return observer


def reported(*data, **where):
    return pushed(MetricsFrame(data=list(data)), **where)


def llm_usage(prompt=100, completion=10, processor="LLM#0", total=None, **cache):
    total = prompt + completion if total is None else total
    tokens = LLMTokenUsage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=total, **cache)
    return LLMUsageMetricsData(processor=processor, model="m", value=tokens)


class Ledger:
    """What the scripted services of a call were really told to report."""

    def __init__(self):
        self.tokens, self.texts, self.audio_secs = [], [], []

    def prepare(self, held):
        bot = held.bot
        self._listen(bot.llm, "start_llm_usage_metrics", self.tokens)
        self._listen(bot.tts, "start_tts_usage_metrics", self.texts)
        if HEARS_USAGE:
            self._listen(bot.stt, "start_stt_usage_metrics", self.audio_secs)

    def _listen(self, service, name, told):
        report = getattr(service, name)

        async def listen(what):
            told.append(what)
            await report(what)

        setattr(service, name, listen)


# Whole calls


def test_the_totals_of_a_call_are_what_its_services_reported():
    ledger = Ledger()
    held = hold_pizza_call(prepare=ledger.prepare)
    usage = held.record.usage

    assert usage.inferences == len(ledger.tokens) > 5
    assert usage.prompt_tokens == sum(used.prompt_tokens for used in ledger.tokens) > 0
    assert usage.completion_tokens == sum(used.completion_tokens for used in ledger.tokens)
    assert usage.total_tokens == sum(used.total_tokens for used in ledger.tokens)
    assert usage.cached_tokens == sum(used.cache_read_input_tokens for used in ledger.tokens) > 0
    assert usage.reasoning_tokens is None
    assert usage.characters == sum(map(len, ledger.texts)) > 0
    assert 0 < usage.cache_hit_ratio < 1
    assert held.record.health.ok


@pytest.mark.skipif(not HEARS_USAGE, reason="transcription is metered from Pipecat 1.7")
def test_the_audio_transcribed_lasts_from_the_start_until_its_last_report():
    ledger = Ledger()
    held = hold_pizza_call(prepare=ledger.prepare)
    record = held.record

    assert record.usage.audio_secs == pytest.approx(sum(used.audio_seconds for used in ledger.audio_secs))
    reports = of(record, AudioTranscribed)
    assert len(reports) == 4  # One for each of the caller's turns, and the rest when the EndFrame passes.
    assert record.usage.audio_secs * 1000 == pytest.approx(reports[-1].at_ms, abs=20)


@pytest.mark.skipif(HEARS_USAGE, reason="transcription is metered from Pipecat 1.7")
def test_where_nobody_meters_transcription_nothing_is_said_of_it():
    assert hold_pizza_call().record.usage.audio_secs is None


def test_each_service_has_its_own_part_with_its_model():
    usage = hold_pizza_call().record.usage

    parts = {part.service: part for part in usage.services}
    assert {name: part.model for name, part in parts.items()} == {
        "ScriptedLLM": "scripted-llm",
        "ScriptedTTS": "scripted-tts",
        **({"ScriptedSTT": "scripted-stt"} if HEARS_USAGE else {}),
    }
    assert parts["ScriptedLLM"].characters is None
    assert parts["ScriptedTTS"].prompt_tokens is None
    assert parts["ScriptedTTS"].inferences == 0


def test_each_visit_has_its_part():
    record = hold_pizza_call().record

    by_visit = record.usage_by_visit
    inferences = {
        record.visits[visit].node: usage.inferences for visit, usage in by_visit.items() if visit is not None
    }
    assert inferences == {"initial": 2, "choose_pizza": 2, "confirm": 2, "end": 1}
    assert sum(usage.inferences for usage in by_visit.values()) == record.usage.inferences


def test_the_summary_of_the_document_has_the_usage():
    record = hold_pizza_call().record

    again = CallRecord.from_json(record.to_json())
    assert again.usage == record.usage
    assert again.summary.usage == record.usage
    assert f'"prompt_tokens":{record.usage.prompt_tokens}' in record.to_json()


def test_an_answer_that_was_cut_off_is_counted_once():
    ledger = Ledger()
    steps = (
        says("One two three four five six seven eight nine ten."),
        interrupts("Stop", after=1.0),
        says("Well."),
    )
    held = hold_call(node("a", stay("f")), steps, prepare=ledger.prepare)

    assert len(of(held.record, TokensUsed)) == len(ledger.tokens)
    assert held.record.usage.completion_tokens == sum(used.completion_tokens for used in ledger.tokens)


def test_a_call_of_a_function_is_an_inference_of_its_own():
    held = hold_call(node("a", stay("look")), (says("Hi."), user("Look"), calls("look"), says("Done.")))

    assert held.record.usage.inferences == 3


def test_the_speed_of_an_llm_is_that_at_which_it_writes():
    usage = hold_call(
        node("a", stay("f")), (says("one two three four five six seven eight nine ten"),)
    ).record.usage

    # Ten words at the pace of the scripted LLM; the wait for its first byte is no writing.
    assert usage.generation_ms == pytest.approx(10 * Pace().llm_token * 1000, abs=1)
    assert usage.tokens_per_second == pytest.approx(usage.completion_tokens / (10 * Pace().llm_token), rel=0.01)


def test_the_measures_come_with_the_service_and_in_milliseconds():
    record = hold_pizza_call().record
    ttfbs = [measured for measured in of(record, Measured) if measured.measure == "ttfb"]

    # The script's LLM takes between 200 and 600 ms to its first byte.
    assert {measured.processor.partition("#")[0] for measured in ttfbs} >= {"ScriptedLLM", "ScriptedTTS"}
    assert all(50 < measured.ms < 2000 for measured in ttfbs if "LLM" in measured.processor)
    assert all(measured.ms > 0 for measured in ttfbs)


def test_the_zeros_that_the_worker_reports_at_the_start_are_no_measures():
    seen = []

    class Watch(FlowsObserver):
        async def on_push_frame(self, data):
            if isinstance(data.frame, MetricsFrame):
                seen.extend(data.frame.data)

    record = hold_pizza_call(observers=lambda: [Watch()]).record

    assert any(report.model is None and report.value == 0 for report in seen if hasattr(report, "value"))
    assert all(measured.model is not None for measured in of(record, Measured))


# Metrics switched off


def switched_off(**flags):
    def prepare(held):
        for flag, value in flags.items():
            setattr(held.bot.worker.params, flag, value)

    return hold_call(initial_node(), PIZZA_CALL, prepare=prepare).record


def test_a_call_with_all_metrics_says_nothing_of_them():
    assert of(hold_pizza_call().record, MetricsOff) == []


def test_without_metrics_the_record_says_so_once_and_knows_no_usage():
    record = switched_off(enable_metrics=False, enable_usage_metrics=False)

    (off,) = of(record, MetricsOff)
    assert (off.measures, off.usage, off.at_ms) == (True, True, pytest.approx(0, abs=100))
    assert record.usage == Usage()
    assert of(record, Measured) == []
    assert record.path == ("initial", "choose_pizza", "confirm", "end")


def test_without_one_kind_of_metrics_the_other_is_there():
    no_usage = switched_off(enable_usage_metrics=False)
    no_measures = switched_off(enable_metrics=False)

    assert [(off.measures, off.usage) for off in of(no_usage, MetricsOff)] == [(False, True)]
    assert no_usage.usage == Usage() and of(no_usage, Measured)
    assert [(off.measures, off.usage) for off in of(no_measures, MetricsOff)] == [(True, False)]
    assert no_measures.usage.prompt_tokens > 0 and not of(no_measures, Measured)


def test_reading_the_switches_warns_of_nothing_deprecated(recwarn):
    hold_pizza_call()

    assert not [warning for warning in recwarn if "enable_metrics" in str(warning.message)]


def test_a_processor_that_does_not_know_its_switches_says_nothing():
    assert of(fed(pushed(StartFrame(), source=SimpleNamespace(name="odd"))).record, MetricsOff) == []


# Reports by class


def test_what_a_report_says_is_told_by_its_class_and_not_by_the_name_of_its_service():
    # "tts" is in "deepgramsttservice".
    name = {"processor": "DeepgramSTTService#0", "model": "nova"}
    record = fed(
        reported(TTFBMetricsData(**name, value=0.15), ProcessingMetricsData(**name, value=0.4)),
    ).record

    assert [(m.measure, m.processor, m.model, m.ms) for m in of(record, Measured)] == [
        ("ttfb", "DeepgramSTTService#0", "nova", 150.0),
        ("processing", "DeepgramSTTService#0", "nova", 400.0),
    ]
    assert record.usage == Usage()


def test_the_time_to_the_first_token_is_not_the_time_of_processing():
    name = {"processor": "OpenAILLMService#0", "model": "gpt"}
    record = fed(
        reported(TTFBMetricsData(**name, value=0.35), at_ms=400),
        reported(ProcessingMetricsData(**name, value=2.5)),
    ).record

    assert [m.ms for m in of(record, Measured) if m.measure == "ttfb"] == [350.0]


def test_every_report_of_one_frame_counts():
    record = fed(
        reported(
            TextAggregationMetricsData(processor="T#0", value=0.02),
            TTSUsageMetricsData(processor="T#0", model="v", value=31),
            llm_usage(prompt=5, completion=6),
            TurnMetricsData(processor="Smart", is_complete=True, probability=0.9, e2e_processing_time_ms=87.5),
            pipecat_metrics.MetricsData(processor="a kind nobody knows"),
            at_ms=7,
        )
    ).record

    assert [(m.measure, m.ms) for m in of(record, Measured)] == [
        ("text_aggregation", 20.0),
        ("turn_prediction", 87.5),
    ]
    assert [spoken.characters for spoken in of(record, CharactersSpoken)] == [31]
    assert [(used.prompt_tokens, used.at_ms) for used in of(record, TokensUsed)] == [(5, 7.0)]


def test_a_kind_of_ones_own_is_read_like_the_kind_it_refines():
    class MyTTFB(TTFBMetricsData):
        region: str = "eu"

    assert [m.measure for m in of(fed(reported(MyTTFB(processor="X", value=1.0))).record, Measured)] == ["ttfb"]


@pytest.mark.skipif(not hasattr(pipecat_metrics, "TTFATMetricsData"), reason="from Pipecat 1.8")
def test_the_measures_of_later_lines_are_read_where_they_are():
    record = fed(
        reported(
            pipecat_metrics.TTFAMetricsData(processor="T#0", ttfa=0.5, ttfb=0.3, leading_silence=0.2),
            pipecat_metrics.TTFATMetricsData(processor="L#0", ttfat=0.9, ttfb=0.4, thinking_time=0.5),
            llm_usage(input_audio_tokens=4, output_audio_tokens=3, cache_read_input_audio_tokens=2),
        )
    ).record

    assert [(m.measure, m.ms) for m in of(record, Measured)] == [("ttfa", 500.0), ("ttfat", 900.0)]
    usage = record.usage
    assert (usage.audio_input_tokens, usage.audio_output_tokens, usage.cached_audio_tokens) == (4, 3, 2)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_measure_that_is_no_number_leaves_the_record_readable(value):
    record = fed(reported(TTFBMetricsData(processor="X", model="m", value=value), llm_usage())).record

    assert of(record, Measured) == []
    assert CallRecord.from_json(record.to_json()).usage.prompt_tokens == 100


class AnthropicLLMService:
    name = "claude"


class Mine(AnthropicLLMService):
    name = "mine"


class AWSBedrockLLMService:
    name = "bedrock"


@pytest.mark.parametrize("service", [AnthropicLLMService(), Mine(), AWSBedrockLLMService()], ids=lambda s: s.name)
def test_services_that_count_the_prompt_without_the_cache_are_known_by_their_class(service):
    # On Pipecat 1.4 their total does not tell either.
    cache = {"cache_read_input_tokens": 800, "cache_creation_input_tokens": 50}
    record = fed(reported(llm_usage(prompt=150, processor=service.name, **cache), source=service)).record

    assert [used.prompt_is_net for used in of(record, TokensUsed)] == [True]
    assert record.usage.cache_hit_ratio == 0.8


@pytest.mark.parametrize(
    ("total", "cache", "net"),
    [
        (1010, {"cache_read_input_tokens": 900}, True),
        (110, {"cache_read_input_tokens": 90}, False),
        (110, {}, False),
    ],
    ids=["the cache comes on top", "the cache is inside", "no cache"],
)
def test_whoever_reports_for_another_the_total_tells_whether_the_cache_is_inside(total, cache, net):
    record = fed(reported(llm_usage(prompt=100, completion=10, total=total, **cache))).record

    assert [used.prompt_is_net for used in of(record, TokensUsed)] == [net]


@pytest.mark.parametrize(
    ("module", "name"), [("anthropic", "AnthropicLLMService"), ("aws", "AWSBedrockLLMService")]
)
def test_the_services_known_by_their_class_are_called_so_in_pipecat(module, name):
    # Read, not imported: each needs a package that is not installed here.
    source = (Path(pipecat.__file__).parent / "services" / module / "llm.py").read_text(encoding="utf-8")

    assert re.search(rf"^class {name}\(", source, re.MULTILINE)


# Counting once


def test_a_report_counts_once_however_late_its_next_hop_comes():
    report = MetricsFrame(data=[llm_usage(prompt=90, completion=20)])
    between = [
        pushed(kind(), at_ms=1 + at)
        for at in range(3000)
        for kind in (
            lambda: InputAudioRawFrame(audio=b"", sample_rate=16_000, num_channels=1),
            lambda: MetricsFrame(data=[TTFBMetricsData(processor="X", model="m", value=0.1)]),
            lambda: LLMTextFrame("word"),
        )
    ]
    observer = fed(pushed(report, at_ms=0), *between, pushed(report, at_ms=5100))

    assert observer.record.usage.total_tokens == 110
    assert len(of(observer.record, Measured)) == 3000


def test_frames_that_are_gone_are_forgotten():
    observer = FlowsObserver(strict=True)
    held = [MetricsFrame(data=[]) for _ in range(2000)]

    async def main():
        for frame in held:
            await observer.on_push_frame(pushed(frame))
        held.clear()
        frame = None
        gc.collect()
        for _ in range(5000):
            await observer.on_push_frame(pushed(MetricsFrame(data=[])))

    asyncio.run(main())
    assert len(observer._frames._seen) < 1100


def test_what_travels_upstream_is_another_frames_copy():
    assert fed(reported(llm_usage(), direction=UP)).record.usage == Usage()


class Passes(FrameProcessor):
    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Reports(Passes):
    """A service that, at each text, reports what it used; it fails at "fail"."""

    def __init__(self, prompt=100, **options):
        super().__init__(**options)
        self._prompt = prompt

    def can_generate_metrics(self):
        return True

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if type(frame) is TextFrame:
            if frame.text == "fail":
                await self.push_error("no answer")
            else:
                tokens = LLMTokenUsage(
                    prompt_tokens=self._prompt, completion_tokens=1, total_tokens=self._prompt + 1
                )
                await self.start_llm_usage_metrics(tokens)


class Pauses(Passes):
    """Holds reports back for 5.1 s, as a busy processor does."""

    async def process_frame(self, frame, direction):
        if isinstance(frame, MetricsFrame) and isinstance(frame.data[0], LLMUsageMetricsData):
            await asyncio.sleep(5.1)
        await super().process_frame(frame, direction)


def recorded(make_processors, *frames):
    """Run frames, or functions of the processors that make one, through a pipeline on virtual time."""

    async def main():
        observer = FlowsObserver(strict=True)
        processors = make_processors()
        worker = PipelineWorker(
            Pipeline(processors),
            params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
            observers=[observer],
            enable_rtvi=False,
        )
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        for frame in frames:
            await worker.queue_frame(frame(processors) if callable(frame) else frame)
            await asyncio.sleep(10)
        await worker.stop_when_done()
        await running
        assert not observer.health.count("guarded_error"), observer.health
        return observer.record

    return run_virtual(main)


def test_a_report_counts_once_through_a_processor_that_holds_it_back():
    record = recorded(lambda: [Reports(), Pauses(), Passes()], TextFrame("hi"))

    assert record.usage.prompt_tokens == 100


def test_a_report_counts_once_through_parallel_pipelines():
    record = recorded(
        lambda: [
            Reports(),
            ParallelPipeline(
                [Passes(), Passes()], [Reports(7), Passes()], [ParallelPipeline([Passes()], [Passes()])]
            ),
            Passes(),
        ],
        TextFrame("hi"),
        TextFrame("there"),
    )

    assert Counter(part.prompt_tokens for part in record.usage.services) == {200: 1, 14: 1}


def test_of_a_switcher_only_the_service_in_use_counts_and_the_request_is_kept():
    record = recorded(
        lambda: [ServiceSwitcher([Reports(1, name="first"), Reports(10, name="second")]), Passes()],
        TextFrame("hi"),
        lambda processors: ManuallySwitchServiceFrame(service=processors[0].strategy.services[1]),
        TextFrame("hi"),
        TextFrame("hi"),
    )

    assert [(part.processor, part.prompt_tokens) for part in record.usage.services] == [
        ("first", 1),
        ("second", 20),
    ]
    (request,) = of(record, ServiceSwitchRequested)
    assert request.service == "second"


def test_a_request_to_switch_that_is_sent_both_ways_is_one():
    down, up = (ManuallySwitchServiceFrame(service=SimpleNamespace(name="second")) for _ in range(2))
    down.broadcast_sibling_id, up.broadcast_sibling_id = up.id, down.id
    alone = ManuallySwitchServiceFrame(service=SimpleNamespace(name="third"))
    record = fed(
        pushed(down), pushed(up, direction=UP), pushed(alone, direction=UP), pushed(alone, direction=UP)
    ).record

    assert [request.service for request in of(record, ServiceSwitchRequested)] == ["second", "third"]


# Errors


def test_an_error_is_kept_once_though_it_passes_every_processor():
    record = recorded(lambda: [Passes(), Passes(), Reports(name="tongue-tied")], TextFrame("fail"))

    (error,) = of(record, ErrorSeen)
    assert (error.message, error.processor, error.fatal) == ("no answer", "tongue-tied", False)


def test_an_error_that_a_switcher_absorbs_is_kept():
    record = recorded(
        lambda: [
            ServiceSwitcher(
                [Reports(1, name="first"), Reports(10, name="second")], ServiceSwitcherStrategyFailover
            )
        ],
        TextFrame("fail"),
    )

    assert [error.processor for error in of(record, ErrorSeen)] == ["first"]


def test_two_errors_of_the_same_words_are_two():
    steps = (says("Hi."), user("Go"), fails("no answer"), user("Go on"), fails("no answer"), user("Well?"))
    record = hold_call(node("a", stay("f")), steps).record

    assert [error.message for error in of(record, ErrorSeen)] == ["no answer", "no answer"]


class Category(Enum):
    QUOTA = "quota"


@pytest.mark.parametrize(("category", "kept"), [(Category.QUOTA, "quota"), ("quota", "quota"), (None, None)])
def test_the_category_of_an_error_is_kept_whatever_its_type(category, kept):
    frame = ErrorFrame(error="spent")
    frame.category = category
    (error,) = of(fed(pushed(frame, direction=UP)).record, ErrorSeen)

    assert (error.category, error.processor) == (kept, None)


@pytest.mark.skipif(not hasattr(ErrorFrame(error=""), "category"), reason="from Pipecat 1.8")
def test_pipecat_says_the_category_of_an_error_itself():
    record = recorded(lambda: [Reports()], TextFrame("fail"))

    assert [error.category for error in of(record, ErrorSeen)] == ["unknown"]


# Cost


def test_the_cost_is_what_the_calculator_says_of_the_usage_of_the_call():
    asked = []

    def calculate(usage):
        asked.append(usage)
        return usage.prompt_tokens * 0.5 + usage.characters

    held = hold_pizza_call(cost_calculator=calculate)

    assert asked[0] == held.record.usage
    assert held.record.cost == held.record.usage.prompt_tokens * 0.5 + held.record.usage.characters
    assert CallRecord.from_json(held.record.to_json()).cost == held.record.cost


def test_the_cost_is_kept_by_service_and_model_where_the_parts_add_up():
    def per_unit(usage):
        return (usage.prompt_tokens or 0) * 0.5 + (usage.characters or 0)

    held = hold_pizza_call(cost_calculator=per_unit)
    usage, costs = held.record.usage, held.record.service_costs
    assert [(part.processor, part.model) for part in costs] == [(s.processor, s.model) for s in usage.services]
    assert len(costs) >= 2
    assert math.isclose(sum(part.cost for part in costs), held.record.cost)
    assert [part.cost for part in costs] == [per_unit(service) for service in usage.services]
    assert CallRecord.from_json(held.record.to_json()).service_costs == costs
    page = render_call_report(held.record)
    assert all(f">{part.cost:,.6g}<" in page for part in costs)


def only_whole_calls(usage):
    if len(usage.services) < 2:
        raise ValueError("no whole call")
    return 3.0


@pytest.mark.parametrize("calculator", [lambda usage: 1 + (usage.characters or 0), only_whole_calls])
def test_costs_that_do_not_add_up_are_not_told_by_service(calculator):
    record = hold_pizza_call(cost_calculator=calculator).record
    assert record.cost is not None
    assert record.service_costs == ()
    assert "service_costs" not in record.to_json()
    assert record.health.ok


def test_the_sinks_are_given_the_cost_of_the_call():
    delivered, asked = [], []

    class Keep:
        async def deliver(self, record):
            delivered.append(record.cost)

    observer = FlowsObserver(sinks=[Keep()], cost_calculator=lambda usage: asked.append(usage) or Decimal("0.25"))

    async def main():
        await observer.on_push_frame(reported(llm_usage()))
        await observer.aflush("client-disconnected")
        await observer.cleanup()

    asyncio.run(main())
    assert delivered == [0.25]
    assert asked[0].prompt_tokens == 100


def test_without_a_calculator_there_is_no_cost():
    assert hold_pizza_call().record.cost is None


def raises(usage):
    raise ZeroDivisionError("the caller's name is Ada")


async def asynchronous(usage):
    return 1.0


@pytest.mark.parametrize(
    "calculator",
    [
        raises,
        asynchronous,
        lambda usage: float("nan"),
        lambda usage: float("inf"),
        lambda usage: None,
        lambda usage: "0.1",
        lambda usage: True,
        lambda usage: Decimal("sNaN"),
    ],
    ids=["raises", "coroutine", "nan", "inf", "none", "text", "bool", "signalling nan"],
)
@pytest.mark.filterwarnings("error")
def test_a_calculator_that_fails_costs_nothing_but_the_cost(calculator):
    delivered = []

    class Keep:
        async def deliver(self, record):
            delivered.append(record)

    observer = FlowsObserver(sinks=[Keep()], cost_calculator=calculator)

    async def main():
        await observer.on_push_frame(reported(llm_usage()))
        await observer.cleanup()

    asyncio.run(main())
    gc.collect()
    (record,) = delivered
    assert record.cost is None
    assert record.usage.prompt_tokens == 100
    assert record.health.count("cost_failed") == 1
    assert "Ada" not in record.health.losses["cost_failed"].why


def test_strict_raises_what_the_calculator_raises():
    observer = FlowsObserver(strict=True, cost_calculator=raises)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(observer.cleanup())
    assert observer.health.count("cost_failed") == 1
