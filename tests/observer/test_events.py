"""What only some frames and events tell: keys, answerers, menus, idle callers, switches, hand-offs, clients."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    DataFrame,
    InputDTMFFrame,
    LLMMessagesAppendFrame,
    ManuallySwitchServiceFrame,
    OutputDTMFFrame,
    OutputDTMFUrgentFrame,
    StartFrame,
)
from pipecat.observers.turn_tracking_observer import TurnTrackingObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.service_switcher import (
    ServiceSwitcher,
    ServiceSwitcherStrategyFailover,
    ServiceSwitcherStrategyManual,
)
from pipecat.pipeline.worker import PipelineWorker
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.utils.base_object import BaseObject

from flows_analytics import FlowsObserver
from flows_analytics.errors import ObserverError
from flows_analytics.testing import (
    Script,
    ScriptedBot,
    ScriptedLLM,
    ScriptedTTS,
    hangs_up,
    run_virtual,
    says,
    silence,
    user,
)
from tests.bots import hold_call, hold_pizza_call, initial_node, node
from tests.observer.test_by_hand import UP, feed, pushed
from tests.testing.flows_line import FlowManager


def of_kind(record, kind):
    return [event for event in record.events if event.kind == kind]


def kinds(record):
    return {event.kind for event in record.events}


def keypad(text):
    return [KeypadEntry(key) for key in text]


# --- keys


def test_a_key_of_the_caller_counts_once_however_far_and_which_way_it_travels():
    observer = FlowsObserver(strict=True)
    down, up = InputDTMFFrame(button=KeypadEntry.FIVE), InputDTMFFrame(button=KeypadEntry.POUND)
    feed(observer, pushed(down, 10), pushed(down, 11), pushed(up, 20, UP), pushed(up, 21, UP))

    assert [(e.keys, e.at_ms) for e in of_kind(observer.record, "keys_pressed")] == [("5", 10), ("#", 20)]


@pytest.mark.parametrize("kind", [OutputDTMFFrame, OutputDTMFUrgentFrame])
def test_keys_of_the_bot_are_recorded_together(kind):
    class DailyKind(kind):
        """A transport's own."""

    observer = FlowsObserver(strict=True)
    feed(observer, pushed(kind(button=KeypadEntry.ONE), 10), pushed(DailyKind(buttons=keypad("42#")), 20))

    assert [(e.keys, e.count) for e in of_kind(observer.record, "keys_sent")] == [("1", 1), ("42#", 3)]


@pytest.mark.parametrize("switch", ["include_transcripts", "include_arguments"])
def test_keys_are_counted_but_not_kept_if_either_content_is_switched_off(switch):
    observer = FlowsObserver(strict=True, **{switch: False})
    feed(
        observer,
        pushed(InputDTMFFrame(button=KeypadEntry.NINE), 10),
        pushed(OutputDTMFFrame(buttons=keypad("12")), 20),
    )

    (pressed,) = of_kind(observer.record, "keys_pressed")
    (sent,) = of_kind(observer.record, "keys_sent")
    assert (pressed.keys, pressed.count, sent.keys, sent.count) == (None, 1, None, 2)
    assert [(keys.keys, keys.count) for keys in observer.record.keys] == [(None, 1), (None, 2)]


def test_keys_pressed_in_a_call_are_one_sequence_of_the_node_they_were_pressed_in():
    def prepare(held):
        async def press():
            await asyncio.sleep(6.0)
            for key in keypad("4711#"):
                await held.bot.transport.input().push_frame(InputDTMFFrame(button=key))
                await asyncio.sleep(0.4)

        held.seen["task"] = asyncio.get_running_loop().create_task(press())

    steps = [says("Dial"), silence(12), user("done"), says("Thanks")]
    (sequence,) = hold_call(initial_node(), steps, prepare=prepare).record.keys

    assert (sequence.side, sequence.keys, sequence.count, sequence.visit) == ("caller", "4711#", 5, 0)
    assert (sequence.start_ms, sequence.end_ms) == (pytest.approx(6000, abs=20), pytest.approx(7600, abs=20))


# --- transfers


@dataclass
class DailySIPTransferFrame(DataFrame):
    """What Daily's frame looks like, whose module needs Daily's package."""

    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class DailySIPReferFrame(DataFrame):
    settings: dict[str, Any] = field(default_factory=dict)


class OurTransferFrame(DailySIPTransferFrame):
    """A bot's own."""


def test_a_transfer_is_known_by_the_name_of_its_frame():
    observer = FlowsObserver(strict=True)
    feed(
        observer,
        # Its base class was seen first, and means nothing.
        pushed(DataFrame(), 5),
        pushed(OurTransferFrame(settings={"toEndPoint": "sip:sales@example.com"}), 10),
        pushed(DailySIPReferFrame(settings={"toEndPoint": "+1555"}), 20),
    )

    assert [(e.method, e.settings["toEndPoint"]) for e in of_kind(observer.record, "transfer_requested")] == [
        ("sip_transfer", "sip:sales@example.com"),
        ("sip_refer", "+1555"),
    ]


def test_where_a_transfer_goes_is_not_kept_without_arguments():
    observer = FlowsObserver(strict=True, include_arguments=False)
    feed(observer, pushed(DailySIPTransferFrame(settings={"toEndPoint": "+1555"}), 10))

    (transfer,) = of_kind(observer.record, "transfer_requested")
    assert (transfer.method, transfer.settings) == ("sip_transfer", None)


def test_daily_s_own_frames_are_read():
    daily = pytest.importorskip("pipecat.transports.daily.transport", exc_type=Exception)
    observer = FlowsObserver(strict=True)
    feed(observer, pushed(daily.DailySIPTransferFrame(settings={"a": 1}), 10))

    assert len(of_kind(observer.record, "transfer_requested")) == 1


# --- the user aggregator


def prompt_when_idle(held):
    """What bots do: ask the caller, who has said nothing, whether they are still there."""
    aggregator = held.bot.context_aggregator.user()
    held.observer.attach_user_aggregator(aggregator)

    @aggregator.event_handler("on_user_turn_idle")
    async def on_user_turn_idle(aggregator):
        held.seen.setdefault("idle", []).append(asyncio.get_running_loop().time())
        message = {"role": "developer", "content": "Ask whether the caller is still there."}
        await aggregator.push_frame(LLMMessagesAppendFrame([message], run_llm=True))


IDLE_STEPS = [
    says("Hello"),
    silence(13.5),
    says("Still there?"),
    says("Really?"),
    user("Yes, sorry"),
    says("Good"),
    silence(7),
    says("Hello again?"),
    user("bye"),
    hangs_up(),
]


def test_idle_callers_are_counted_in_a_row_until_they_speak():
    held = hold_call(initial_node(), IDLE_STEPS, prepare=prompt_when_idle, flow_options={"user_idle_timeout": 5.0})

    assert [idle.in_a_row for idle in held.record.idles] == [1, 2, 1]
    assert {idle.visit for idle in held.record.idles} == {0}
    # Our handler runs in the same step of the loop as the bot's own, so virtual time tells no difference.
    offsets = [secs * 1000 - idle.at_ms for secs, idle in zip(held.seen["idle"], held.record.idles, strict=True)]
    assert max(offsets) - min(offsets) < 0.01
    stopped = [event.at_ms for event in of_kind(held.record, "bot_stopped")]
    assert held.record.idles[0].at_ms == pytest.approx(stopped[0] + 5000, abs=5)
    assert held.record.idles[1].at_ms == pytest.approx(stopped[1] + 5000, abs=5)


def test_without_the_aggregator_nobody_tells_of_idle_callers_and_deciders():
    record = hold_call(initial_node(), IDLE_STEPS, flow_options={"user_idle_timeout": 5.0}, healthy=False).record

    assert not kinds(record) & {"caller_idle", "turn_decided"}
    assert record.idles == ()


def test_the_strategies_that_decided_on_a_turn_are_named():
    def prepare(held):
        held.observer.attach_user_aggregator(held.bot.context_aggregator.user())

    record = hold_call(initial_node(), [says("Hi"), user("x"), says("y")], prepare=prepare).record

    assert [(e.decision, e.strategy) for e in of_kind(record, "turn_decided")] == [
        ("started", "VADUserTurnStartStrategy"),
        ("stopped", "SpeechTimeoutUserTurnStopStrategy"),
    ]
    for decided, frame in zip(
        of_kind(record, "turn_decided"),
        [*of_kind(record, "caller_turn_started"), *of_kind(record, "caller_turn_stopped")],
        strict=True,
    ):
        assert decided.at_ms == pytest.approx(frame.at_ms, abs=5)


def test_a_user_turn_processor_is_accepted_in_place_of_the_aggregator():
    seen = {}

    def arrange(bot):
        processors = bot.processors
        seen["turns"] = UserTurnProcessor(user_idle_timeout=4.0)
        return [*processors[:2], seen["turns"], *processors[2:]]

    def prepare(held):
        held.observer.attach_processor(seen["turns"])

    record = hold_call(
        initial_node(),
        [says("Hi"), silence(6), says("y"), user("bye"), hangs_up()],
        prepare=prepare,
        flow_options={"arrange": arrange},
    ).record

    assert len(record.idles) == 1
    assert of_kind(record, "turn_decided")


# --- turn tracking


def test_pipecat_s_own_turns_stand_beside_ours():
    def prepare(held):
        tracker = next(o for o in held.seen["observers"] if isinstance(o, TurnTrackingObserver))
        held.observer.attach_turn_tracking_observer(tracker)

    seen = {}

    def observers():
        seen["observers"] = [TurnTrackingObserver()]
        return seen["observers"]

    steps = [says("Hi"), user("one"), says("first"), user("two"), says("second"), user("bye"), hangs_up()]
    record = hold_call(
        initial_node(), steps, observers=observers, prepare=lambda held: (held.seen.update(seen), prepare(held))[1]
    ).record

    started, ended = of_kind(record, "pipecat_turn_started"), of_kind(record, "pipecat_turn_ended")
    assert [event.number for event in started] == list(range(1, len(started) + 1))
    assert [event.number for event in ended] == [event.number for event in started]
    assert ended[0].duration_ms == pytest.approx(ended[0].at_ms - started[0].at_ms, abs=20)
    # Pipecat calls the last turn interrupted however the call ends.
    assert [event.interrupted for event in ended] == [False] * (len(ended) - 1) + [True]


# --- switches


def switching(strategy, seen):
    def arrange(bot):
        processors = bot.processors
        at = next(i for i, p in enumerate(processors) if isinstance(p, ScriptedTTS))
        first = processors[at]
        seen["second"] = ScriptedTTS(activity=bot.activity, model="backup")
        seen["first"] = first
        seen["switcher"] = ServiceSwitcher([first, seen["second"]], strategy_type=strategy)
        return [*processors[:at], seen["switcher"], *processors[at + 1 :]]

    return arrange


def test_a_switch_that_the_bot_asked_for_is_recorded_when_it_is_done():
    seen = {}

    def prepare(held):
        held.observer.attach_processor(seen["switcher"])

        async def switch():
            await asyncio.sleep(6.0)
            await held.bot.worker.queue_frame(ManuallySwitchServiceFrame(service=seen["second"]))

        held.seen["task"] = asyncio.get_running_loop().create_task(switch())

    record = hold_call(
        initial_node(),
        [says("Hi"), user("x", after=6.0), says("Hello from the other one"), user("bye"), hangs_up()],
        prepare=prepare,
        flow_options={"arrange": switching(ServiceSwitcherStrategyManual, seen)},
    ).record

    (switched,) = of_kind(record, "service_switched")
    assert switched.service == seen["second"].name
    assert switched.at_ms == pytest.approx(6000, abs=20)
    assert [turn.text for turn in record.turns if turn.speaker == "bot"][:2] == ["Hi", "Hello from the other one"]


def test_a_failover_to_the_next_service_is_recorded():
    seen = {}

    def prepare(held):
        held.observer.attach_processor(seen["switcher"])

        async def fail():
            await asyncio.sleep(6.0)
            # Since Pipecat 1.8 only a service that is finished is switched away from.
            lasting = {"force_treat_as_permanent": True} if hasattr(seen["first"], "is_usable") else {}
            await seen["first"].push_error("quota exceeded", **lasting)

        held.seen["task"] = asyncio.get_running_loop().create_task(fail())

    record = hold_call(
        initial_node(),
        [says("Hi"), user("x", after=6.0), says("Hello from the other one"), user("bye"), hangs_up()],
        prepare=prepare,
        flow_options={"arrange": switching(ServiceSwitcherStrategyFailover, seen)},
    ).record

    (switched,) = of_kind(record, "service_switched")
    assert switched.service == seen["second"].name
    assert "Hello from the other one" in [turn.text for turn in record.turns]


# --- who answered


def voicemail_detector(answer):
    """Pipecat's own detector; an LLM classifies before 1.12, a classifier since."""
    from pipecat.extensions.voicemail.voicemail_detector import VoicemailDetector

    try:
        from pipecat.classifiers.base_classifier import BaseClassifier, ChoiceResult
    except ModuleNotFoundError:
        return VoicemailDetector(llm=ScriptedLLM(Script([says(answer.upper())])))

    class Classifier(BaseClassifier):
        @property
        def supports_images(self):
            return False

        async def _ask(self, state, questions, images=()):
            told = ChoiceResult(choice=answer, probabilities={answer: 1.0}, confidence=1.0)
            return dict.fromkeys(questions, told), None

    return VoicemailDetector(classifier=Classifier())


def hold_outbound_call(answer, steps):
    seen = {}

    def arrange(bot):
        processors = bot.processors
        seen["detector"] = detector = voicemail_detector(answer)
        transport_in, stt, aggregator, llm, tts, *rest = processors
        return [transport_in, stt, detector.detector(), aggregator, llm, tts, detector.gate(), *rest]

    return hold_call(
        node("hello", respond_immediately=False),
        steps,
        prepare=lambda held: held.observer.attach_processor(seen["detector"]),
        flow_options={"arrange": arrange},
    ).record


def test_a_person_who_answers_is_told_from_a_machine():
    record = hold_outbound_call("conversation", [user("Hello?"), says("Hi, it is us"), user("bye"), hangs_up()])

    assert [event.answerer for event in of_kind(record, "answerer_detected")] == ["person"]


def test_a_machine_that_answers_is_told_from_a_person():
    record = hold_outbound_call("voicemail", [user("Please leave a message after the tone"), silence(8)])

    (detected,) = of_kind(record, "answerer_detected")
    assert detected.answerer == "voicemail"
    (stopped,) = of_kind(record, "caller_turn_stopped")
    # Pipecat lets the greeting end and then some time pass before it says so.
    assert detected.at_ms >= stopped.at_ms + 2000


def hold_menu_call(*answers, caller=("Press one for sales", "Thank you")):
    from pipecat.extensions.ivr.ivr_navigator import IVRNavigator

    seen = {}

    def arrange(bot):
        processors = bot.processors
        seen["navigator"] = IVRNavigator(llm=ScriptedLLM(Script(map(says, answers))), ivr_prompt="Reach sales")
        return [seen["navigator"] if isinstance(p, ScriptedLLM) else p for p in processors]

    return hold_call(
        node("menu", respond_immediately=False),
        [step for words in caller for step in (user(words), silence(6))],
        prepare=lambda held: held.observer.attach_processor(seen["navigator"]),
        flow_options={"arrange": arrange},
    ).record


def test_a_phone_menu_is_followed_to_its_end():
    record = hold_menu_call("<mode>ivr</mode>", "<dtmf>1</dtmf>", "<ivr>completed</ivr>")

    assert [event.status for event in of_kind(record, "menu_status_changed")] == ["detected", "completed"]
    assert [(keys.side, keys.keys) for keys in record.keys] == [("bot", "1")]


def test_a_person_in_place_of_a_phone_menu_is_an_answerer():
    record = hold_menu_call("<mode>conversation</mode>", caller=("Hello?",))

    assert [event.answerer for event in of_kind(record, "answerer_detected")] == ["person"]
    assert not of_kind(record, "menu_status_changed")


# --- the client, and other workers


def test_a_client_that_is_gone_is_a_moment_when_the_transport_is_attached():
    steps = [says("Hi"), user("x"), says("y"), hangs_up()]

    def attach(held):
        held.observer.attach_transport(held.bot.transport)

    attached = hold_call(initial_node(), steps, prepare=attach).record
    alone = hold_call(initial_node(), steps).record

    (gone,) = of_kind(attached, "client_disconnected")
    assert gone.at_ms == attached.duration_ms
    assert not of_kind(alone, "client_disconnected")


class Room(BaseObject):
    """A transport that emits several events for one client that is gone, as Daily's and LiveKit's do."""

    def __init__(self, *events):
        super().__init__()
        for event in events:
            self._register_event_handler(event)

    async def emit(self, event, *arguments):
        await self._call_event_handler(event, *arguments)
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "events",
    [
        ("on_participant_disconnected", "on_participant_left", "on_client_disconnected"),
        ("on_participant_disconnected", "on_participant_left"),
        ("on_participant_disconnected",),
        ("on_disconnected", "on_connected"),
    ],
)
def test_one_client_that_is_gone_is_one_moment_however_many_events_say_so(events):
    observer = FlowsObserver(strict=True)

    async def main():
        room = Room(*events)
        observer.attach_transport(room)
        for event in events:
            await room.emit(event, {"id": "caller"}, "left")

    asyncio.run(main())
    assert len(of_kind(observer.record, "client_disconnected")) == 1


def test_hand_offs_between_workers_are_shifts():
    async def main():
        from pipecat.workers.runner import WorkerRunner

        observer = FlowsObserver(strict=True)
        bot = ScriptedBot(observers=[observer], flow_manager_class=FlowManager)
        desks = [
            PipelineWorker(Pipeline([ScriptedLLM()]), name=name, active=name == "router", enable_rtvi=False)
            for name in ("router", "booking")
        ]
        for desk in desks:
            observer.attach_worker(desk)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(bot.worker, *desks)
        running = asyncio.create_task(runner.run())
        router, booking = desks
        await asyncio.sleep(2.0)
        await router.activate_worker("booking", deactivate_self=True)
        await asyncio.sleep(3.0)
        await booking.activate_worker("router", deactivate_self=True)
        await asyncio.sleep(4.0)
        await runner.cancel()
        await asyncio.wait([running], timeout=60)
        return observer.record

    record = run_virtual(main)

    assert [shift.worker for shift in record.shifts] == ["router", "booking", "router"]
    assert [shift.began_ms for shift in record.shifts] == [pytest.approx(ms, abs=100) for ms in (0, 2000, 5000)]
    assert [shift.ended_ms for shift in record.shifts] == [pytest.approx(ms, abs=100) for ms in (2000, 5000, 9000)]


# --- attaching


ATTACH = ["user_aggregator", "processor", "transport", "worker", "turn_tracking_observer"]


@pytest.mark.parametrize("role", ATTACH)
@pytest.mark.parametrize("wrong", [None, {}, Room(), Room("on_something_else")])
def test_what_has_none_of_the_events_is_refused_with_what_would_be_accepted(role, wrong):
    attach = getattr(FlowsObserver(), f"attach_{role}")

    with pytest.raises(ObserverError, match=f"attach_{role} takes .* has none of the events on_") as refused:
        attach(wrong)
    assert refused.value.code == "no_known_events"


def test_attaching_twice_records_once():
    def prepare(held):
        for _ in range(2):
            held.observer.attach_transport(held.bot.transport)
            held.observer.attach_user_aggregator(held.bot.context_aggregator.user())

    record = hold_call(initial_node(), [says("Hi"), user("x"), says("y"), hangs_up()], prepare=prepare).record

    assert len(of_kind(record, "client_disconnected")) == 1
    assert len(of_kind(record, "turn_decided")) == 2


@pytest.mark.parametrize("role", ATTACH)
def test_nothing_is_attached_to_a_call_that_is_over(role):
    held = hold_pizza_call()

    with pytest.raises(ObserverError) as refused:
        getattr(held.observer, f"attach_{role}")(held.bot.transport)
    assert refused.value.code == "observer_reused"


def test_after_the_call_nothing_is_listened_to():
    held = hold_pizza_call(prepare=lambda held: held.observer.attach_transport(held.bot.transport))
    handlers = held.bot.transport._event_handlers["on_client_disconnected"].handlers
    before = held.record

    async def late():
        for handler in handlers:
            if "flows_analytics.observer" in getattr(handler, "__module__", ""):
                handler(held.bot.transport, "client")

    asyncio.run(late())
    ours = [handler for handler in handlers if "flows_analytics.observer" in handler.__module__]
    # Pipecat takes handlers back since 1.5; before, they stay.
    assert bool(ours) == (not hasattr(held.bot.transport, "remove_event_handler"))
    assert held.record == before
    assert held.observer.health.ok


def test_an_event_that_does_not_tell_what_it_should_costs_the_call_nothing(caplog):
    observer = FlowsObserver()

    async def main():
        room = Room("on_turn_ended")
        observer.attach_turn_tracking_observer(room)
        await room.emit("on_turn_ended", "not a number")
        await room.emit("on_turn_ended", 1, 2.0, False)

    asyncio.run(main())
    assert observer.health.count("guarded_error") == 1
    assert [event.number for event in of_kind(observer.record, "pipecat_turn_ended")] == [1]
    assert "not a number" not in caplog.text


def test_events_after_the_recording_stopped_are_not_even_counted():
    observer = FlowsObserver()

    async def main():
        room = Room("on_client_disconnected")
        observer.attach_transport(room)
        for _ in range(2):
            # Two pipelines: the recording stops at the second.
            await observer.on_push_frame(pushed(StartFrame(), 10))
        await room.emit("on_client_disconnected", "client")

    asyncio.run(main())
    assert set(observer.health.losses) == {"reused"}
    assert not of_kind(observer.record, "client_disconnected")
