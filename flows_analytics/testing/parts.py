"""The parts a bot is built of: scripted services, the line, and an aggregator that needs no model."""

import random

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from flows_analytics.testing.activity import BotActivity
from flows_analytics.testing.llm import ScriptedLLM
from flows_analytics.testing.pace import Pace
from flows_analytics.testing.stt import ScriptedSTT
from flows_analytics.testing.text_line import TextInput
from flows_analytics.testing.transport import ScriptedTransport
from flows_analytics.testing.tts import ScriptedTTS

# Until the caller may be sure that a pause is the end of the turn.
_USER_SPEECH_TIMEOUT_SECS = 0.307


class Parts:
    """What stands in for the services of a bot, for the author's own pipeline.

    A factory of the author's takes them where the real bot makes its services::

        def make_bot(parts: Parts) -> FlowManager:
            aggregator = LLMContextAggregatorPair(LLMContext(), user_params=parts.user_params)
            pipeline = Pipeline([
                parts.transport.input(), parts.stt, aggregator.user(), parts.llm, parts.tts,
                parts.transport.output(), aggregator.assistant(),
            ])
            worker = PipelineWorker(pipeline)
            return FlowManager(
                worker=worker, llm=parts.llm, context_aggregator=aggregator, transport=parts.transport
            )

    Attributes:
        llm: The scripted LLM.
        stt: The scripted STT; None in text.
        tts: The scripted TTS; None in text.
        transport: The scripted transport; None in text.
        text_input: Where typed messages come into a pipeline, first in text.
        user_params: Parameters of a user aggregator whose turns need no model: voice activity begins one, a pause
            after it ends it.
        context_aggregator: A pair of aggregators with these parameters.
        activity: What the bot is doing; other scripted services may share it.
        pace: How long everybody takes.
        dice: Where varying durations are drawn from.
        processors: The processors in their usual order.
    """

    def __init__(
        self,
        *,
        text_only: bool,
        pace: Pace | None = None,
        dice: random.Random | None = None,
        activity: BotActivity | None = None,
        filler: str = "All right.",
        user_turn_strategies: UserTurnStrategies | None = None,
        user_idle_timeout: float = 0,
    ) -> None:
        """Make the parts, inside the running loop.

        Args:
            text_only: Leave out STT, TTS and transport: the caller types instead of speaking.
            pace: How long everybody takes. None takes the default pace.
            dice: Where varying durations are drawn from. None makes dice from the `random` module.
            activity: What the bot is doing. None makes a new one.
            filler: What the LLM answers where the script has no answer.
            user_turn_strategies: How turns of the caller are told. None takes those that need no model.
            user_idle_timeout: Seconds of silence after which the caller counts as idle; 0 for never.
        """
        self.pace = pace or Pace()
        self.dice = dice or random.Random(random.random())
        self.activity = activity or BotActivity()
        # Any, for an LLMSwitcher may stand in its place.
        self.llm = ScriptedLLM(pace=self.pace, dice=self.dice, activity=self.activity, filler=filler)
        self.stt: ScriptedSTT | None = None
        self.tts: ScriptedTTS | None = None
        self.transport: ScriptedTransport | None = None
        self.text_input = TextInput()
        # These strategies need no model file, and time alone decides.
        turns = user_turn_strategies or UserTurnStrategies(
            start=[VADUserTurnStartStrategy()],
            stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=_USER_SPEECH_TIMEOUT_SECS)],
        )
        self.user_params = LLMUserAggregatorParams(user_turn_strategies=turns, user_idle_timeout=user_idle_timeout)
        self.context_aggregator = LLMContextAggregatorPair(LLMContext(), user_params=self.user_params)
        self.processors = self.text_processors() if text_only else self.add_voice()

    def text_processors(self) -> list[FrameProcessor]:
        """Return the processors of a pipeline in text, in their usual order."""
        return [self.text_input, self.context_aggregator.user(), self.llm, self.context_aggregator.assistant()]

    def add_voice(self) -> list[FrameProcessor]:
        """Make the services and the transport of a voice pipeline.

        Returns:
            The processors in their usual order.
        """
        self.stt = ScriptedSTT(pace=self.pace, dice=self.dice, activity=self.activity)
        self.tts = ScriptedTTS(pace=self.pace, dice=self.dice, activity=self.activity)
        self.transport = ScriptedTransport(activity=self.activity, on_speech=self.stt.expect)
        return [
            self.transport.input(),
            self.stt,
            self.context_aggregator.user(),
            self.llm,
            self.tts,
            self.transport.output(),
            self.context_aggregator.assistant(),
        ]
