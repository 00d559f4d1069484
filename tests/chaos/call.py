"""A call: a real bot on the real clock, with people who are in a hurry."""

from __future__ import annotations

import random
from typing import Any

from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from flows_analytics import FlowsObserver
from flows_analytics.testing import Pace, ScriptedBot, hangs_up, interrupts
from tests.bots import PIZZA_CALL, initial_node
from tests.testing.flows_line import FlowManager

_PACE = Pace(
    llm_ttfb=0.02,
    llm_token=0.002,
    stt_interim=0.01,
    stt_final=0.01,
    tts_ttfb=0.01,
    bot_word=0.03,
    caller_word=0.03,
    think=0.02,
)
_MOST_SECS = 240.0
# Less than a server that is busy asks for now and then, so that some of the calls are left for later.
_UPLOAD_SECS = 1.5


async def hold(call_id: str, seed: int, sinks: list[Any]) -> str:
    """Hold a call, and say what status its record has."""
    dice = random.Random(f"{seed}/{call_id}")
    observer = FlowsObserver(call_id=call_id, agent_name="chaos", sinks=sinks, upload_deadline_secs=_UPLOAD_SECS)
    text_only = dice.random() < 0.2
    voice: dict[str, Any] = {
        "user_turn_strategies": UserTurnStrategies(
            start=[VADUserTurnStartStrategy()],
            stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.05)],
        )
    }
    bot = ScriptedBot(
        observers=[observer],
        flow_manager_class=FlowManager,
        pace=_PACE,
        dice=dice,
        text_only=text_only,
        **({} if text_only else voice),
    )
    observer.attach_flow_manager(bot.flow_manager)
    await bot.run(initial_node(), _steps(dice, voice=not text_only), max_secs=_MOST_SECS)
    return observer.record.status


def _steps(dice: random.Random, *, voice: bool) -> list[Any]:
    """Most calls reach their end; some callers hang up, and some cut the bot short."""
    steps = list(PIZZA_CALL)
    drawn = dice.random()
    if drawn < 0.2:
        return [*steps[: dice.choice([1, 4, 7])], hangs_up(after=0.02)]
    if drawn < 0.4 and voice:
        steps[1] = interrupts("Pizza please", after=0.02)
    return steps
