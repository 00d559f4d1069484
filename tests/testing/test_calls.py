"""Whole calls of the scripted bot, on the Pipecat line the interpreter has."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    ErrorFrame,
    InterimTranscriptionFrame,
    LLMTextFrame,
    MetricsFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    TTSTextFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData, TTFBMetricsData, TTSUsageMetricsData
from pipecat.observers.user_bot_latency_observer import UserBotLatencyObserver

from flows_analytics.testing import (
    EPOCH,
    Pace,
    Script,
    ScriptedBot,
    Step,
    calls,
    fails,
    hangs_up,
    interrupts,
    lifelike,
    run_virtual,
    says,
    several,
    silence,
    user,
)

from .flows_line import FlowManager
from .pizza import NodeConfig, edge, end, greeting, node
from .pushes import Pushes

ORDER: list[Step] = [
    says("Hello! Would you like pizza or sushi?"),
    user("Pizza, please."),
    calls("choose_pizza"),
    says("Which size?"),
    user("A large one, I am hungry."),
    calls("choose_size", size="large"),
    says("One large pizza. Is that right?"),
    user("Yes."),
    calls("confirm"),
    says("Thank you. Goodbye!"),
]


@dataclass
class Call:
    """How a call went."""

    script: Script
    secs: float
    pushes: Pushes
    messages: list[Any]
    node: str | None
    state: dict[str, Any] = field(default_factory=dict[str, Any])

    def heard(self) -> str:
        """The words of the bot that were played."""
        return " ".join(frame.text for frame in self.pushes.released if isinstance(frame, TTSTextFrame))

    def count(self, kind: type[Any]) -> int:
        return sum(isinstance(frame, kind) for frame in self.pushes.frames)

    def said_by(self, role: str) -> list[str]:
        return [
            message["content"]
            for message in self.messages
            if message["role"] == role and isinstance(message.get("content"), str)
        ]


def hold_call(
    steps: Iterable[Step],
    initial_node: NodeConfig | None = None,
    *,
    seed: int = 0,
    patience: float = 12.0,
    before: Callable[[ScriptedBot], Awaitable[None]] | None = None,
    **bot_options: Any,
) -> Call:
    async def main() -> Call:
        loop = asyncio.get_running_loop()
        began = loop.time()
        pushes = Pushes()
        bot = ScriptedBot(**{"flow_manager_class": FlowManager, "observers": [pushes], **bot_options})
        if before:
            await before(bot)
        script = await bot.run(initial_node or greeting(), steps, patience=patience)
        flow = bot.flow_manager
        messages = list(bot.context_aggregator.user().context.get_messages())
        return Call(script, loop.time() - began, pushes, messages, flow.current_node, flow.state)

    return run_virtual(main, seed=seed, max_virtual_secs=600)


def test_a_scripted_call_walks_four_nodes_to_the_end():
    call = hold_call(ORDER)
    assert call.node == "end"
    assert call.state == {"size": "large"}
    assert call.script.leftover == ()
    assert call.said_by("user") == ["Pizza, please.", "A large one, I am hungry.", "Yes."]
    assert call.said_by("assistant") == [
        "Hello! Would you like pizza or sushi?",
        "Which size?",
        "One large pizza. Is that right?",
        "Thank you. Goodbye!",
    ]
    assert call.count(EndFrame) >= 1
    assert call.count(CancelFrame) == 0
    assert 15 < call.secs < 30


def test_the_flow_manager_that_is_installed_is_found():
    without_functions = node("chat", "Chat.")
    call = hold_call([says("Hello!"), user("Hi.")], without_functions, flow_manager_class=None)
    assert call.node == "chat"


def test_a_call_in_text_walks_the_same_nodes():
    call = hold_call(ORDER, text_only=True)
    assert call.node == "end"
    assert call.script.leftover == ()
    assert call.said_by("user") == ["Pizza, please.", "A large one, I am hungry.", "Yes."]
    assert call.count(BotStartedSpeakingFrame) == 0


def test_a_caller_in_text_can_hang_up():
    call = hold_call([says("Hello!"), user("Pizza."), hangs_up(after=1)], text_only=True)
    assert call.node == "greeting"
    assert call.count(CancelFrame) >= 1


@pytest.mark.parametrize("step", [interrupts("Stop!", after=1), hangs_up(while_bot_speaks=True)])
def test_a_call_in_text_refuses_steps_that_need_a_voice(step: Step):
    with pytest.raises(ValueError, match="text-only"):
        hold_call([says("Hello!"), step], text_only=True)


def test_the_same_seed_gives_the_same_call_down_to_every_push():
    steps = [*ORDER[:-3], interrupts("Yes yes!", after=1.2), *ORDER[-2:]]
    first, second = (hold_call(steps, seed=7, pace=lifelike()) for _ in range(2))
    assert first.pushes.lines == second.pushes.lines
    assert len(first.pushes.lines) > 1000
    assert first.pushes.digest == second.pushes.digest
    assert first.pushes.digest != hold_call(steps, seed=8, pace=lifelike()).pushes.digest


def test_another_seed_changes_the_ids_but_not_the_times_of_a_steady_pace():
    first, second = (hold_call(ORDER, seed=seed) for seed in (1, 2))
    assert first.pushes.digest != second.pushes.digest
    assert first.pushes.timestamps_ns == second.pushes.timestamps_ns


def test_no_time_lies_outside_the_call():
    call = hold_call(ORDER)
    assert min(call.pushes.wall_secs) >= EPOCH
    assert max(call.pushes.wall_secs) <= EPOCH + call.secs + 1e-6
    assert max(call.pushes.timestamps_ns) <= (call.secs + 1e-6) * 1e9


def test_an_interruption_cuts_what_is_heard_and_remembered_at_a_word():
    text = "We have margherita, funghi, tonno, quattro stagioni and many more to choose from today."
    call = hold_call([says(text), interrupts("Funghi, please.", after=1.5), says("Good choice.")])
    first, *others = call.said_by("assistant")
    assert text.startswith(first)
    assert 4 <= len(first.split()) <= 8
    assert call.said_by("user") == ["Funghi, please."]
    assert others == ["Good choice."]
    assert call.heard() == f"{first} Good choice."


def test_an_interruption_of_a_bot_that_finishes_earlier_comes_when_it_has():
    call = hold_call([says("Hello there!"), interrupts("Hi.", after=60.0)])
    assert call.said_by("assistant")[0] == "Hello there!"
    assert call.said_by("user") == ["Hi."]
    assert call.secs < 20


def test_hanging_up_in_the_middle_of_speech_cancels_the_call():
    text = "Let me tell you about our many offers of the day, beginning with the soups."
    call = hold_call([says(text), hangs_up(while_bot_speaks=True, after=2.0)])
    assert call.count(CancelFrame) >= 1
    assert call.count(EndFrame) == 0
    assert 0 < len(call.heard().split()) < len(text.split())
    assert call.node == "greeting"


def test_hanging_up_waits_for_its_turn():
    call = hold_call([says("Hello! Pizza or sushi?"), hangs_up(after=3.0)])
    assert call.heard() == "Hello! Pizza or sushi?"
    assert call.count(BotStoppedSpeakingFrame) == 2  # one frame for each direction
    assert call.count(CancelFrame) >= 1


def test_two_edges_in_one_response_make_one_transition():
    call = hold_call(
        [
            says("Hello!"),
            user("Pizza. No, sushi."),
            several(calls("choose_pizza"), calls("choose_sushi")),
            says("Sushi it is."),
        ]
    )
    assert call.node == "confirmation"
    assert call.script.leftover == ()
    results = [message for message in call.messages if message["role"] == "tool"]
    assert len(results) == 2


def test_a_caller_who_says_nothing_takes_as_long_as_the_step_says():
    short, long = (hold_call([says("Hello!"), silence(secs), user("Hi.")]) for secs in (1.0, 31.0))
    assert long.secs - short.secs == pytest.approx(30.0, abs=0.1)


def test_what_the_bot_says_into_a_silence_takes_the_steps_after_it():
    async def ask_again_after_some_time(bot: ScriptedBot) -> None:
        async def ask() -> None:
            await asyncio.sleep(6)
            await bot.worker.queue_frame(TTSSpeakFrame("Are you still there?"))

        asyncio.get_running_loop().create_task(ask())

    call = hold_call([says("Hello!"), silence(8), user("Sorry, yes.")], before=ask_again_after_some_time)
    assert call.heard().startswith("Hello! Are you still there?")
    assert call.said_by("user") == ["Sorry, yes."]


def test_the_llm_fills_in_when_the_caller_comes_next():
    call = hold_call([says("Hello!"), user("One."), user("Two.")])
    assert call.said_by("assistant") == ["Hello!", "All right.", "All right."]
    assert call.said_by("user") == ["One.", "Two."]
    assert call.script.leftover == ()


def test_a_thinking_caller_is_not_heard_before_the_time_given():
    def first_words(after: float) -> float:
        call = hold_call([says("Hello!"), user("Hi.", after=after)])
        lines = call.pushes.lines
        return int(next(line for line in lines if "VADUserStarted" in line).split()[0]) / 1e9

    assert first_words(9.0) - first_words(1.0) == pytest.approx(8.0)


def test_a_silent_bot_is_not_waited_for_for_ever():
    silent = {**greeting(), "respond_immediately": False}
    call = hold_call([says("Hello!"), user("Is anybody there?"), says("Yes, sorry!")], silent, patience=5.0)
    assert call.script.leftover == (says("Hello!"),)
    assert call.said_by("assistant") == ["Yes, sorry!"]


def test_steps_after_the_end_of_the_flow_are_left_over():
    call = hold_call([*ORDER, user("One more thing."), says("Yes?")])
    assert call.node == "end"
    assert call.script.leftover == (user("One more thing."), says("Yes?"))


def test_a_script_that_ends_early_ends_the_call():
    call = hold_call(ORDER[:4])
    assert call.node == "size"
    assert call.heard().endswith("Which size?")
    assert call.count(EndFrame) >= 1


def test_a_failing_llm_reports_an_error_and_the_call_goes_on():
    call = hold_call([says("Hello!"), user("Pizza."), fails("overloaded"), user("Pizza!"), says("Yes.")])
    errors = [frame for frame in call.pushes.frames if isinstance(frame, ErrorFrame)]
    assert [error.error for error in errors] == ["overloaded"]
    assert call.said_by("assistant") == ["Hello!", "Yes."]
    assert call.script.leftover == ()


def test_a_flow_that_cannot_be_initialized_fails_the_run():
    broken = node("broken", "Break.", pre_actions=[{"type": "no_such_action"}])
    with pytest.raises(Exception, match="no_such_action"):
        hold_call(ORDER, broken)


def test_a_call_that_does_not_end_is_cancelled_at_its_limit():
    async def main() -> None:
        bot = ScriptedBot(flow_manager_class=FlowManager)
        await bot.run(greeting(), [says("Hello!"), silence(500)], max_secs=30)

    with pytest.raises(TimeoutError, match="within 30 seconds; node 'greeting'"):
        run_virtual(main)


def test_a_bot_holds_one_call():
    async def main() -> None:
        bot = ScriptedBot(flow_manager_class=FlowManager)
        await bot.run(greeting(), ORDER)
        await bot.run(greeting(), ORDER)

    with pytest.raises(RuntimeError, match="one call"):
        run_virtual(main)


def test_nothing_is_left_running_after_a_call():
    async def main() -> set[str]:
        bot = ScriptedBot(flow_manager_class=FlowManager)
        await bot.run(greeting(), [says("Hello, how are you today?"), hangs_up(while_bot_speaks=True)])
        return {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}}

    assert run_virtual(main) == set()


def test_actions_that_speak_are_listened_to():
    talkative = node(
        "talkative",
        "Chat.",
        edge("finish", end),
        pre_actions=[{"type": "tts_say", "text": "One moment, please."}],
    )
    call = hold_call([says("Hello!"), user("Hi."), calls("finish"), says("Bye.")], talkative)
    assert call.heard() == "One moment, please. Hello! Bye."
    assert call.node == "end"


def test_services_report_metrics_like_real_ones():
    call = hold_call(ORDER)
    data = [datum for frame in call.pushes.frames if isinstance(frame, MetricsFrame) for datum in frame.data]
    # Pipecat sends a first round of zeros without a model.
    ttfb = {
        kind: {
            round(datum.value, 3)
            for datum in data
            if isinstance(datum, TTFBMetricsData) and kind in datum.processor and datum.model
        }
        for kind in ("LLM", "STT", "TTS")
    }
    assert ttfb["LLM"] == {0.351}
    assert ttfb["TTS"] == {0.247}
    assert ttfb["STT"] == {0.383}  # from the real end of speech: the detection of it counts
    usage = [datum for datum in data if isinstance(datum, LLMUsageMetricsData)]
    assert len(usage) == 7  # one for each run of the LLM
    assert {datum.model for datum in usage} == {"scripted-llm"}
    assert all(datum.value.prompt_tokens > 0 for datum in usage)
    assert [datum.value for datum in data if isinstance(datum, TTSUsageMetricsData)] == [
        len(sentence)
        for sentence in (
            "Hello!",
            "Would you like pizza or sushi?",
            "Which size?",
            "One large pizza.",
            "Is that right?",
            "Thank you.",
            "Goodbye!",
        )
    ]


def test_text_is_streamed_and_transcribed_word_by_word():
    call = hold_call(ORDER)
    streamed = [frame.text for frame in call.pushes.frames if isinstance(frame, LLMTextFrame)]
    assert streamed[:4] == ["Hello!", " Would", " you", " like"]
    interim = [frame.text for frame in call.pushes.frames if isinstance(frame, InterimTranscriptionFrame)]
    assert interim == ["Pizza,", "A large one,"]
    final = [frame for frame in call.pushes.frames if isinstance(frame, TranscriptionFrame)]
    assert all(frame.finalized for frame in final)


def test_latency_is_what_the_pace_says():
    measured: list[float] = []

    async def on_latency_measured(observer: Any, latency: float) -> None:
        measured.append(latency)

    async def watch(bot: ScriptedBot) -> None:
        observer = UserBotLatencyObserver()
        observer.add_event_handler("on_latency_measured", on_latency_measured)
        bot.worker.add_observer(observer)

    hold_call(ORDER, before=watch)
    assert len(measured) == 3
    # End of speech, end of turn, then function call and answer: two runs of the LLM, and the voice.
    assert all(1.4 < latency < 1.8 for latency in measured)


def test_durations_may_be_drawn():
    drawn: list[float] = []

    def think(dice: random.Random) -> float:
        drawn.append(dice.uniform(1, 3))
        return drawn[-1]

    call = hold_call(ORDER, pace=replace(Pace(), think=think), seed=5)
    assert call.node == "end"
    assert len(drawn) == 3
    assert len(set(drawn)) == 3


def test_bots_side_by_side_in_one_loop_do_not_mix():
    async def main() -> list[tuple[str, tuple[Step, ...]]]:
        bots = [ScriptedBot(flow_manager_class=FlowManager) for _ in range(5)]
        scripts = await asyncio.gather(*(bot.run(greeting(), ORDER) for bot in bots))
        return [
            (bot.flow_manager.current_node, script.leftover) for bot, script in zip(bots, scripts, strict=True)
        ]

    assert run_virtual(main) == [("end", ())] * 5


def test_each_thing_the_caller_says_is_one_turn():
    assert hold_call(ORDER).count(UserStoppedSpeakingFrame) == 3 * 2  # one frame for each direction
