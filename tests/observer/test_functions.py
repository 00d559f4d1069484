"""What is recorded of the functions that the LLM calls, on real pipelines, beside what their handlers saw."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pipecat.frames import frames as pipecat_frames
from pipecat.frames.frames import FunctionCallResultFrame, FunctionCallResultProperties
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.processors.frame_processor import FrameProcessor

from flows_analytics.calls.offers import never_taken
from flows_analytics.testing import ScriptedBot, calls, hangs_up, says, several, silence, user
from tests.bots import edge, end_node, hold_call, node, stay
from tests.testing.flows_line import flows

# Since 1.8 a deadline stops the handler; before, the handler runs on and only its result is ignored.
DEADLINE_STOPS = "run_llm" in pipecat_frames.FunctionCallCancelFrame.__dataclass_fields__


class Truth(dict):
    """When each handler began and ended, in seconds since 1970, as the handlers saw it."""

    def function(self, name, result="ok", target=None, secs=0.3, **options):
        async def handler(flow_manager):
            """Take a while."""
            with self.watch(name):
                await asyncio.sleep(secs)
            return result, target() if callable(target) else target

        handler.__name__ = name
        return flows.flows_tool_options(**options)(handler) if options else handler

    def watch(self, name):
        return _Watch(self, name)

    def check(self, record, *names):
        recorded = {call.function: (call.started_ms, call.ended_ms) for call in record.tool_calls}
        zero_ms = record.started_at.timestamp() * 1000
        for name in names or self:
            began, ended = self[name]
            assert recorded[name] == pytest.approx((began * 1000 - zero_ms, ended * 1000 - zero_ms), abs=20), name


class _Watch:
    def __init__(self, truth, name):
        self.truth, self.name = truth, name

    def __enter__(self):
        self.began = time.time()

    def __exit__(self, *_):
        self.truth[self.name] = (self.began, time.time())


def one_after_another(held):
    # What `run_in_parallel=False` sets in the service's constructor.
    held.bot.llm._run_in_parallel = False


def registers(name, handler, **options):
    def prepare(held):
        held.bot.llm.register_function(name, handler, **options)

    return prepare


def kinds(record, *wanted):
    return [event for event in record.events if event.kind in wanted]


@pytest.mark.parametrize("text_only", [False, True])
def test_a_tool_of_300_ms_is_recorded_with_300_ms(text_only):
    truth = Truth()
    steps = [says("?"), user("x"), calls("look"), says("!"), hangs_up()]
    record = hold_call(node("ask", truth.function("look")), steps, text_only=text_only).record

    (call,) = record.tool_calls
    assert call.duration_ms == pytest.approx(300, abs=20)
    assert call.requested_ms == pytest.approx(call.started_ms, abs=20)
    assert (call.outcome, call.external, call.progress) == ("stayed", False, 0)
    truth.check(record, "look")


def test_calls_of_one_response_have_each_its_own_start_and_end_and_one_group():
    truth = Truth()
    ask = node("ask", *(truth.function(name, secs=secs) for name, secs in (("a", 0.9), ("b", 0.2), ("c", 0.5))))
    together = several(calls("a"), calls("b"), calls("c"))
    steps = [says("?"), user("x"), together, says("!"), user("y"), calls("b"), says("!"), hangs_up()]
    record = hold_call(ask, steps, text_only=True).record

    *grouped, alone = record.tool_calls
    assert [call.function for call in grouped] == ["a", "b", "c"]
    assert [round(call.duration_ms) for call in grouped] == pytest.approx([900, 200, 500], abs=20)
    assert [call.started_ms for call in grouped] == pytest.approx([grouped[0].started_ms] * 3, abs=20)
    assert len({call.group for call in grouped}) == 1
    assert None not in {grouped[0].group, alone.group}
    assert alone.group != grouped[0].group
    truth.check(record, "a", "c")


def test_calls_that_run_one_after_another_were_asked_for_together():
    truth = Truth()
    ask = node("ask", truth.function("a", secs=0.9), truth.function("b", secs=0.2))
    steps = [says("?"), user("x"), several(calls("a"), calls("b")), says("!"), hangs_up()]
    record = hold_call(ask, steps, prepare=one_after_another, text_only=True).record

    a, b = record.tool_calls
    assert a.requested_ms == b.requested_ms
    assert b.started_ms == pytest.approx(a.ended_ms, abs=20)
    assert b.started_ms - b.requested_ms == pytest.approx(900, abs=20)
    assert b.duration_ms == pytest.approx(200, abs=20)
    truth.check(record, "a", "b")


def test_a_function_that_reports_progress_is_one_call_that_ends_with_its_last_result():
    truth = Truth()

    async def handler(params):
        with truth.watch("book"):
            for step in (1, 2):
                await asyncio.sleep(0.4)
                properties = FunctionCallResultProperties(is_final=False)
                await params.result_callback({"step": step}, properties=properties)
            await asyncio.sleep(0.7)
        await params.result_callback({"done": True})

    steps = [says("?"), user("x"), calls("book"), says("..."), silence(4), hangs_up()]
    prepare = registers("book", handler, cancel_on_interruption=False)
    record = hold_call(node("ask"), steps, prepare=prepare).record

    (call,) = record.tool_calls
    assert (call.result, call.outcome, call.progress) == ({"done": True}, "stayed", 2)
    assert call.duration_ms == pytest.approx(1500, abs=20)
    progressed = kinds(record, "function_progressed")
    assert [event.result for event in progressed] == [{"step": 1}, {"step": 2}]
    assert [event.at_ms - call.started_ms for event in progressed] == pytest.approx([400, 800], abs=20)
    truth.check(record, "book")


def test_progress_is_withheld_like_other_results():
    async def handler(params):
        await params.result_callback({"card": 4111}, properties=FunctionCallResultProperties(is_final=False))
        await params.result_callback({"card": 4111})

    steps = [says("?"), user("x"), calls("pay"), says("!"), silence(2), hangs_up()]
    prepare = registers("pay", handler, cancel_on_interruption=False)
    record = hold_call(node("ask"), steps, prepare=prepare, include_results=False).record

    assert record.tool_calls[0].progress == 1
    assert "4111" not in record.to_json()


def test_a_function_cancelled_by_the_caller_ends_when_its_handler_was_stopped():
    truth = Truth()
    ask = node("ask", truth.function("look", target=end_node, secs=30, cancel_on_interruption=True))
    steps = [says("?"), user("x"), calls("look"), user("Stop that", after=2.0), says("OK"), hangs_up()]
    record = hold_call(ask, steps).record

    (call,) = record.tool_calls
    assert (call.outcome, call.moved, call.result, call.error) == ("cancelled", False, None, None)
    truth.check(record)


@pytest.mark.parametrize("secs", [3.0, 1.4])
def test_a_function_of_the_flow_that_misses_its_deadline_timed_out(secs):
    truth = Truth()
    ask = node("ask", truth.function("slow", "late", end_node, secs=secs, timeout_secs=1.0))
    steps = [says("?"), user("x"), calls("slow"), says("Sorry"), silence(6), user("bye"), hangs_up()]
    record = hold_call(ask, steps).record

    (call,) = record.tool_calls
    assert (call.outcome, call.moved, call.result) == ("timed_out", False, None)
    assert call.duration_ms == pytest.approx(1000, abs=20)
    assert record.path == ("ask",)
    began, ended = truth["slow"]
    assert ended - began == pytest.approx(1.0 if DEADLINE_STOPS else secs, abs=0.02)
    assert [t.lost for t in record.transitions] == ([] if DEADLINE_STOPS else [True])


@pytest.mark.parametrize("for_all", [False, True])
def test_any_other_function_that_misses_its_deadline_timed_out(for_all):
    async def slow(params):
        await asyncio.sleep(3)
        await params.result_callback("late")

    def prepare(held):
        if for_all:
            # What `function_call_timeout_secs=1.0` sets in the service's constructor.
            held.bot.llm._function_call_timeout_secs = 1.0
            held.bot.llm.register_function("slow", slow)
        else:
            held.bot.llm.register_function("slow", slow, timeout_secs=1.0)

    steps = [says("?"), user("x"), calls("slow"), says("Sorry"), silence(6), user("bye"), hangs_up()]
    record = hold_call(node("ask"), steps, prepare=prepare, text_only=True).record

    (call,) = record.tool_calls
    assert (call.outcome, call.result) == ("timed_out", None)
    assert call.duration_ms == pytest.approx(1000, abs=20)


@pytest.mark.parametrize("timeout_secs", [None, 1.0])
def test_a_function_that_returns_nothing_in_time_did_not_time_out(timeout_secs):
    async def quiet(params):
        await asyncio.sleep(0.5)
        await params.result_callback(None)

    steps = [says("?"), user("x"), calls("quiet"), says("OK"), hangs_up()]
    prepare = registers("quiet", quiet, timeout_secs=timeout_secs)
    record = hold_call(node("ask"), steps, prepare=prepare, text_only=True).record

    (call,) = record.tool_calls
    assert (call.outcome, call.result) == ("stayed", None)


def test_a_function_that_set_a_node_before_its_deadline_moved_the_flow_and_timed_out():
    @flows.flows_tool_options(timeout_secs=1.0)
    async def jump(flow_manager):
        """Jump, then dawdle."""
        await flow_manager.set_node_from_config(node("next"))
        await asyncio.sleep(3)
        return "late", None

    steps = [says("?"), user("x"), calls("jump"), says("!"), says("!"), silence(5), hangs_up()]
    record = hold_call(node("ask", jump), steps).record

    (call,) = record.tool_calls
    assert (call.outcome, call.moved) == ("timed_out", True)
    assert record.path == ("ask", "next")


def test_a_function_that_set_a_node_and_then_raised_moved_the_flow_and_failed():
    async def jump(flow_manager):
        """Jump, then fall."""
        await flow_manager.set_node_from_config(node("next"))
        raise ValueError("fell")

    steps = [says("?"), user("x"), calls("jump"), says("!"), says("!"), hangs_up()]
    record = hold_call(node("ask", jump), steps).record

    (call,) = record.tool_calls
    assert (call.outcome, call.moved, call.error) == ("failed", True, "fell")


def test_a_function_of_no_flow_that_raises_failed_where_pipecat_settles_it():
    async def boom(params):
        raise RuntimeError("backend down")

    steps = [says("?"), user("x"), calls("boom"), says("Hm"), silence(2), hangs_up()]
    record = hold_call(node("ask"), steps, prepare=registers("boom", boom), text_only=True).record

    (call,) = record.tool_calls
    if DEADLINE_STOPS:  # since 1.8 the service answers for it
        assert call.outcome == "failed"
        assert call.error in ("RuntimeError: backend down", "The function `boom` failed and returned no result.")
    else:  # before, nothing ever settles it
        assert (call.outcome, call.ended_ms) == ("unfinished", None)
    assert any("backend down" in event.message for event in kinds(record, "error"))


def test_a_function_that_does_not_exist_failed_and_was_no_offer():
    steps = [says("?"), user("x"), calls("make_it_up"), says("Hm"), user("y"), calls("done"), says("!")]
    ask = node("ask", edge("done", end_node), stay("look"))
    held = hold_call(ask, steps, text_only=True)
    made_up, done = held.record.tool_calls

    assert (made_up.outcome, made_up.moved) == ("failed", False)
    assert made_up.error == "The function `make_it_up` is not currently available."
    assert [(offer.function, offer.taken) for offer in held.record.offers] == [("done", 1), ("look", 0)]
    assert never_taken(held.record.offers) == ("look",)
    assert done.outcome == "moved"

    (returned, _) = kinds(hold_call(ask, steps, text_only=True, include_results=False).record, "function_returned")
    assert (returned.failed, returned.error, returned.next) == (True, None, "stay")


def test_a_function_that_says_it_is_not_available_did_not_fail():
    saying = stay("look", "The function `other` is not currently available.")
    steps = [says("?"), user("x"), calls("look"), says("!"), hangs_up()]

    assert hold_call(node("ask", saying), steps, text_only=True).record.tool_calls[0].outcome == "stayed"


class Passes(FrameProcessor):
    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Hops(BaseObserver):
    def __init__(self):
        super().__init__()
        self.results = 0

    async def on_push_frame(self, data):
        self.results += isinstance(data.frame, FunctionCallResultFrame)


@pytest.mark.parametrize("around", [False, True])
def test_a_call_whose_frames_take_several_branches_is_recorded_once(monkeypatch, around):
    processors_of = ScriptedBot._text_processors

    def branching(bot):
        text_input, first, llm, last = processors_of(bot)
        if around:
            return [text_input, first, ParallelPipeline([llm], [Passes()]), Passes(), last]
        return [text_input, first, llm, Passes(), ParallelPipeline([Passes()], [Passes(), Passes()]), last]

    monkeypatch.setattr(ScriptedBot, "_text_processors", branching)
    hops = Hops()
    ask = node("ask", stay("look", secs=0.3), edge("done", end_node))
    steps = [says("?"), user("x"), calls("look"), says("!"), user("y"), calls("done"), says("!")]
    record = hold_call(ask, steps, text_only=True, observers=lambda: [hops]).record

    assert hops.results > 6
    assert [(call.function, call.outcome) for call in record.tool_calls] == [("look", "stayed"), ("done", "moved")]
    assert record.tool_calls[0].duration_ms == pytest.approx(300, abs=20)
    moments = kinds(record, "function_requested", "function_called", "function_returned")
    assert len(moments) == 6


def test_a_result_that_no_json_holds_is_kept_in_words():
    result = {"at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "price": Decimal("12.50"), "who": None}
    ask = node("ask", stay("look", result))
    steps = [says("?"), user("x"), calls("look"), silence(3), hangs_up()]
    record = hold_call(ask, steps, text_only=True).record

    (call,) = record.tool_calls
    assert call.result == {"at": "2026-01-02T03:04:00+00:00", "price": "12.50", "who": None}
    assert type(record).from_json(record.to_json()).tool_calls == record.tool_calls


def test_a_call_that_ends_first_leaves_functions_unfinished_or_never_run():
    ask = node("ask", stay("look", secs=60), stay("book"))
    steps = [says("?"), user("x"), several(calls("look"), calls("book")), hangs_up(after=5.0)]
    record = hold_call(ask, steps, prepare=one_after_another, text_only=True).record

    look, book = record.tool_calls
    assert (look.outcome, look.ended_ms, look.duration_ms) == ("unfinished", None, None)
    assert (book.outcome, book.started_ms, book.ended_ms) == ("never_ran", None, None)
    assert book.requested_ms == look.requested_ms
    assert (look.visit, book.visit) == (0, 0)
    assert [(offer.function, offer.taken) for offer in record.offers] == [("look", 1), ("book", 1)]


def test_functions_that_pipecat_never_runs_after_an_interruption_never_ran():
    truth = Truth()
    ask = node("ask", truth.function("a", secs=30, cancel_on_interruption=True), stay("b"), stay("c"))
    together = several(calls("a"), calls("b"))
    steps = [
        says("?"),
        user("x"),
        together,
        user("Stop", after=2.0),
        says("OK"),
        user("y"),
        calls("c"),
        hangs_up(),
    ]
    record = hold_call(ask, steps, prepare=one_after_another).record

    # Before 1.8, a function cancelled in a row of functions ends the row, for the rest of the call.
    rest = "stayed" if DEADLINE_STOPS else "never_ran"
    assert {call.function: call.outcome for call in record.tool_calls} == {"a": "cancelled", "b": rest, "c": rest}
    truth.check(record, "a")


def test_while_the_call_runs_a_function_is_open():
    seen = {}

    async def look(flow_manager):
        """Look."""
        await asyncio.sleep(0.5)  # observers run behind a queue
        seen["record"] = seen["held"].record
        return "ok", None

    hold_call(
        node("ask", look, stay("book")),
        [says("?"), user("x"), several(calls("look"), calls("book")), says("!"), hangs_up()],
        prepare=lambda held: (seen.update(held=held), one_after_another(held)),
        text_only=True,
    )

    assert [call.outcome for call in seen["record"].tool_calls] == ["open", "open"]


def test_a_call_asked_for_in_one_node_and_run_in_the_next_took_the_offer_of_the_first():
    async def jump(flow_manager):
        """Jump."""
        await flow_manager.set_node_from_config(node("next", stay("look")))
        await asyncio.sleep(0.2)
        return "jumped", None

    ask = node("ask", jump, stay("look"))
    steps = [says("?"), user("x"), several(calls("jump"), calls("look")), says("!"), says("!"), hangs_up()]
    record = hold_call(ask, steps, prepare=one_after_another, text_only=True).record

    assert record.path == ("ask", "next")
    assert [call.visit for call in record.tool_calls] == [0, 1]
    assert [(offer.visit, offer.function, offer.taken) for offer in record.offers] == [
        (0, "jump", 1),
        (0, "look", 1),
        (1, "look", 0),
    ]
    assert never_taken(record.offers) == ()
