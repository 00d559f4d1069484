"""A whole voice bot with scripted services: a pipeline, a worker and a FlowManager."""

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Self

from pipecat.frames.frames import EndFrame
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.base_object import BaseObject
from pipecat.workers.runner import WorkerRunner

from flows_analytics.testing.activity import BotActivity
from flows_analytics.testing.caller import PATIENCE_SECS, Line, ScriptedCaller
from flows_analytics.testing.happening import Happening
from flows_analytics.testing.installed_flows import installed_flows
from flows_analytics.testing.pace import Pace
from flows_analytics.testing.parts import Parts
from flows_analytics.testing.problems import step_text
from flows_analytics.testing.script import Script
from flows_analytics.testing.steps import HangsUp, Interrupts, Step
from flows_analytics.testing.text_line import TextLine

# What a cancelled call may still take to wind down.
_WIND_DOWN_SECS = 60.0


class ScriptedBot:
    """A Pipecat Flows bot that needs no network, no keys and no microphone.

    The pipeline is the usual one: transport input, STT, user aggregator, LLM, TTS, transport output,
    assistant aggregator; in text-only mode just the two aggregators with the LLM between them. Build it
    inside the running loop, attach what should watch it, then `run` one call::

        async def main() -> Script:
            bot = ScriptedBot(observers=[observer])
            observer.attach_flow_manager(bot.flow_manager)
            return await bot.run(initial_node, steps)

        run_virtual(main)

    Processors in another order, or more of them, are the business of `arrange`::

        def arrange(bot: ScriptedBot) -> list[FrameProcessor]:
            second = ScriptedTTS(pace=bot.pace, activity=bot.activity)
            return [
                bot.transport.input(), bot.stt, bot.context_aggregator.user(), bot.llm,
                ServiceSwitcher([bot.tts, second]),
                bot.transport.output(), bot.context_aggregator.assistant(),
            ]

    Attributes:
        activity: What the bot is doing; services made in `arrange` share it.
        pace: How long everybody takes.
        worker: The `PipelineWorker`, by default with metrics and usage metrics on and RTVI off.
        llm: The scripted LLM.
        stt: The scripted STT, or None in text-only mode.
        tts: The scripted TTS, or None in text-only mode.
        transport: The scripted transport, or None in text-only mode.
        context_aggregator: The pair of aggregators.
        flow_manager: The FlowManager.
        processors: The processors in their usual order, for `arrange`.
    """

    def __init__(
        self,
        *,
        observers: Sequence[BaseObserver] = (),
        flow_manager_class: type[Any] | None = None,
        text_only: bool = False,
        pace: Pace | None = None,
        dice: random.Random | None = None,
        conversation_id: str | None = None,
        user_turn_strategies: UserTurnStrategies | None = None,
        user_idle_timeout: float = 0,
        arrange: Callable[[Self], Sequence[FrameProcessor]] | None = None,
        worker_options: Mapping[str, Any] | None = None,
        on_happening: Callable[[Happening], None] | None = None,
        parts: Parts | None = None,
        flow_manager: Any = None,
        **flow_options: Any,
    ) -> None:
        """Build the bot.

        Args:
            observers: Observers of the worker.
            flow_manager_class: The class of the FlowManager. None takes `pipecat.flows.FlowManager`, or
                `pipecat_flows.FlowManager` where Pipecat has no Flows built in.
            text_only: Leave out STT, TTS and transport, which is cheap: the caller types instead of speaking.
            pace: How long everybody takes. None takes the default pace.
            dice: Where varying durations are drawn from. None makes dice from the `random` module, which
                `run_virtual` seeds.
            conversation_id: Given to the worker.
            user_turn_strategies: How turns of the caller are told. None takes strategies that need no model: voice
                activity begins a turn, a pause after it ends it.
            user_idle_timeout: Seconds of silence after which the caller counts as idle; 0 for never.
            arrange: Puts the processors of the pipeline in order. Called once, after the services are made and
                before the worker is; it may replace any of them. What it puts in the place of `llm` is the
                FlowManager's, and is given the script of the call as its `script`. None takes the usual order.
            worker_options: Further arguments of the worker, such as `params` or `idle_timeout_secs`.
            on_happening: Told what really happens in the call (see `Happening`). None tells nobody.
            parts: The services, made before; then what says how to make them is ignored. None makes them.
            flow_manager: A FlowManager that stands on a pipeline and a worker of its own, made of ``parts``; then
                what says how to make those is ignored. None makes all three.
            **flow_options: Further arguments of the FlowManager, such as `global_functions`.
        """
        self.parts = parts or Parts(
            text_only=True,
            pace=pace,
            dice=dice,
            activity=BotActivity(on_happening),
            user_turn_strategies=user_turn_strategies,
            user_idle_timeout=user_idle_timeout,
        )
        self.pace = self.parts.pace
        self._dice = self.parts.dice
        self.activity = self.parts.activity
        # Any, for an LLMSwitcher may stand in its place.
        self.llm: Any = self.parts.llm
        self.stt = self.parts.stt
        self.tts = self.parts.tts
        self.transport = self.parts.transport
        self.context_aggregator = self.parts.context_aggregator
        if parts is not None:
            self.processors = parts.processors
        else:
            self.processors = self._text_processors() if text_only else self._voice_processors()
        self._initialization_error: Exception | None = None
        self._has_run = False
        if flow_manager is not None:
            self.flow_manager: Any = flow_manager
            self.worker: Any = flow_manager.worker
            for observer in observers:
                self.worker.add_observer(observer)
            return
        options: dict[str, Any] = {
            "params": PipelineParams(enable_metrics=True, enable_usage_metrics=True),
            "enable_rtvi": False,
            # A copy: the worker appends observers of its own to the list it is given.
            "observers": list(observers),
            "conversation_id": conversation_id,
            **(worker_options or {}),
        }
        self.worker = PipelineWorker(Pipeline(list(arrange(self)) if arrange else self.processors), **options)
        self.flow_manager = (flow_manager_class or installed_flows().FlowManager)(
            worker=self.worker,
            llm=self.llm,
            context_aggregator=self.context_aggregator,
            transport=self.transport,
            **flow_options,
        )

    async def run(
        self,
        initial_node: Any,
        steps: Iterable[Step] = (),
        *,
        patience: float = PATIENCE_SECS,
        max_secs: float = 1800.0,
        initialize: bool = True,
        end_reason: str | None = None,
        hang_up_reason: str | None = None,
    ) -> Script:
        """Hold one call, from connecting to the end of the pipeline.

        The flow is initialized when the client connects. The call ends when the flow ends it, when the
        caller hangs up (which cancels the runner, like Pipecat's examples do), or, with an EndFrame, when
        the script is at its end and the bot is quiet.

        Args:
            initial_node: The NodeConfig the flow starts with. None initializes it without a node.
            steps: The script.
            patience: Seconds of silence after which the caller no longer waits for the bot.
            max_secs: Seconds after which the call is cancelled.
            initialize: Whether to initialize the flow; if not, the bot does so itself when the client connects.
            end_reason: What the EndFrame at the end of the script gives as its reason. None gives none.
            hang_up_reason: What the call is cancelled with when the caller hangs up. None lets the runner cancel
                it, without a reason, as Pipecat's examples do.

        Returns:
            The script as the call left it; its `leftover` tells which steps nobody took.

        Raises:
            TimeoutError: The call took longer than `max_secs`.
            ValueError: A text-only bot was given a step that needs a voice.
            RuntimeError: The bot has already held its call.
        """
        script = Script(steps)
        if self.transport is None:
            _refuse_voice_steps(script.leftover)
        if self._has_run:
            raise RuntimeError("a ScriptedBot holds one call; build another one for the next call")
        self._has_run = True
        self.llm.script = script
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        pipeline = asyncio.create_task(runner.run(), name="pipeline")

        async def hang_up() -> None:
            await (self.worker.cancel(reason=hang_up_reason) if hang_up_reason else runner.cancel())

        begin = functools.partial(self._initialize, runner, initial_node) if initialize else _begin_nothing
        call = asyncio.create_task(self._hold_call(begin, hang_up, script, patience, end_reason), name="call")
        limit = asyncio.timeout(max_secs)
        try:
            async with limit:
                await asyncio.wait({pipeline, call}, return_when=asyncio.FIRST_COMPLETED)
                if call.done():
                    await call
                await asyncio.wait({pipeline})
        except TimeoutError:
            if not limit.expired():
                raise
            raise TimeoutError(
                f"the call did not end within {max_secs:g} seconds; {self._place(script)}; max_secs= allows more"
            ) from None
        finally:
            call.cancel()
            await runner.cancel()
            await asyncio.wait({pipeline}, timeout=_WIND_DOWN_SECS)
        if self._initialization_error:
            raise self._initialization_error
        pipeline.result()
        return script

    def _place(self, script: Script) -> str:
        """Where the call is, for whoever wonders why it does not end."""
        running, step = ", ".join(self.activity.functions), script.next_step
        place = [f"node {self.flow_manager.current_node!r}"]
        place += [f"still running: {running}"] if running else []
        place += [f"next step {step_text(step)}"] if step else []
        return "; ".join(place)

    def _text_processors(self) -> list[FrameProcessor]:
        return self.parts.text_processors()

    def _voice_processors(self) -> list[FrameProcessor]:
        processors = self.parts.add_voice()
        self.stt, self.tts, self.transport = self.parts.stt, self.parts.tts, self.parts.transport
        return processors

    async def _initialize(self, runner: WorkerRunner, initial_node: Any, *_: object) -> None:
        # Pipecat only logs what an event handler raises; a test wants to know.
        try:
            await self.flow_manager.initialize(initial_node)
        except Exception as error:
            self._initialization_error = error
            await runner.cancel()

    async def _hold_call(
        self,
        begin: Callable[..., Awaitable[None]],
        hang_up: Callable[[], Awaitable[None]],
        script: Script,
        patience: float,
        end_reason: str | None,
    ) -> None:
        started = asyncio.Event()

        async def on_pipeline_started(*_: object) -> None:
            started.set()

        async def on_client_disconnected(*_: object) -> None:
            await hang_up()

        _on(self.worker, "on_pipeline_started", on_pipeline_started)
        line: Line
        if self.transport:
            _on(self.transport, "on_client_connected", begin)
            _on(self.transport, "on_client_disconnected", on_client_disconnected)
            line = self.transport
        else:
            line = TextLine(self.parts.text_input, hang_up)
        caller = ScriptedCaller(script, line, self.activity, pace=self.pace, dice=self._dice, patience=patience)
        await started.wait()
        if self.transport:
            await self.transport.connect()
        else:
            await begin()
        if not await caller.run():
            await self.worker.queue_frame(EndFrame(reason=end_reason))


async def _begin_nothing(*_: object) -> None:
    """The bot begins by itself."""


def _on(source: BaseObject, event: str, handler: Callable[..., Awaitable[None]]) -> None:
    source.add_event_handler(event, handler)  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves handlers untyped


def _refuse_voice_steps(steps: Iterable[Step]) -> None:
    for step in steps:
        if isinstance(step, Interrupts) or (isinstance(step, HangsUp) and step.while_bot_speaks):
            raise ValueError(f"{step} needs a bot that speaks; this one is text-only")
