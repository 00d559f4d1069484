"""How long everybody takes: the scripted services and the scripted caller."""

import random
from collections.abc import Callable
from dataclasses import dataclass

Duration = float | Callable[[random.Random], float]
"""Seconds, or a function that draws them from the dice it is given."""


@dataclass(frozen=True)
class Pace:
    """The durations of a scripted call, in seconds.

    The defaults are odd on purpose. Two timers that are due at the same virtual instant are ordered by
    float rounding, so round numbers would make the order of frames depend on when a call started.
    """

    llm_ttfb: Duration = 0.351
    """From the request to the LLM to its first token."""
    llm_token: Duration = 0.0203
    """Between two tokens."""
    stt_interim: Duration = 0.407
    """From the detected start of speech to the interim transcript."""
    stt_final: Duration = 0.183
    """From the detected end of speech to the final transcript."""
    tts_ttfb: Duration = 0.247
    """From a text to the first audio of it."""
    bot_word: Duration = 0.301
    """What the bot takes to say a word."""
    caller_word: Duration = 0.353
    """What the caller takes to say a word."""
    key: Duration = 0.223
    """From one key of the telephone to the next."""
    think: Duration = 0.811
    """What the caller waits after the bot has stopped, where a step does not say."""


def draw(duration: Duration, dice: random.Random) -> float:
    """Return a duration in seconds, never negative."""
    return max(0.0, duration(dice) if callable(duration) else duration)


def lifelike() -> Pace:
    """Return a pace that varies the way real services and people do."""
    return Pace(
        llm_ttfb=lambda dice: dice.lognormvariate(-0.9, 0.35),
        llm_token=lambda dice: dice.uniform(0.008, 0.035),
        stt_interim=lambda dice: dice.uniform(0.3, 0.5),
        stt_final=lambda dice: dice.lognormvariate(-1.6, 0.3),
        tts_ttfb=lambda dice: dice.lognormvariate(-1.4, 0.25),
        bot_word=lambda dice: dice.uniform(0.24, 0.36),
        caller_word=lambda dice: dice.uniform(0.27, 0.45),
        think=lambda dice: dice.lognormvariate(-0.2, 0.5),
    )
