"""A caller who follows a script with the manners of a person."""

import asyncio
import random
from typing import Protocol

from flows_analytics.testing.activity import BotActivity
from flows_analytics.testing.pace import Pace, draw
from flows_analytics.testing.script import Script
from flows_analytics.testing.steps import CallerStep, HangsUp, Interrupts, LLMStep, Presses, Silence, User

PATIENCE_SECS = 12.0107
"""How long a caller waits for a silent bot by default. Odd, so that it never ends at the very moment at which
something that takes a round number of seconds does."""

# How long the bot must be quiet after the last step until the call counts as over: longer than the end of
# a turn and the start of an answer take, so that an answer to the last words is still heard.
_SETTLED_SECS = 2.503


# The shortest pause. At the end of an answer the bot looks quiet for an instant, between the LLM's last
# token and the moment the TTS takes it up.
_PAUSE_SECS = 0.0507


class Line(Protocol):
    """What connects the caller to the bot."""

    async def speak(self, text: str, secs: float) -> None:
        """Say `text` within `secs` seconds, and return when the bot has noticed the end of it."""
        ...

    async def press(self, keys: str, secs: float) -> None:
        """Press keys, `secs` seconds from one to the next."""
        ...

    async def hang_up(self) -> None:
        """End the call from the caller's side."""
        ...


class ScriptedCaller:
    """Takes the caller steps of a script, each when its turn comes.

    The caller waits until the LLM has taken its steps and the bot has finished, thinks, and speaks. A bot
    that stays silent for too long is not waited for: its steps are passed over, so that a call always ends.
    """

    def __init__(
        self,
        script: Script,
        line: Line,
        activity: BotActivity,
        *,
        pace: Pace | None = None,
        dice: random.Random | None = None,
        patience: float = PATIENCE_SECS,
    ) -> None:
        """Create the caller.

        Args:
            script: Shared with the LLM.
            line: Where the caller speaks.
            activity: What the bot is doing.
            pace: How fast the caller speaks and thinks. None takes the default pace.
            dice: Where varying durations are drawn from. None makes dice from the `random` module.
            patience: Seconds of silence after which the caller no longer waits for the bot.
        """
        self._script = script
        self._line = line
        self._activity = activity
        self._pace = pace or Pace()
        self._dice = dice or random.Random(random.random())
        self._patience = patience
        self._last_words_at = 0.0

    async def run(self) -> bool:
        """Follow the script to its end.

        Returns:
            Whether the caller hung up. If not, the script is at its end and the bot is quiet.
        """
        self._last_words_at = _now()
        while (step := await self._next_step()) is not None:
            match step:
                case User():
                    await self._listen(self._think(step.after))
                    await self._speak(step.text)
                case Interrupts():
                    await self._wait_for_voice(step.after)
                    await self._speak(step.text)
                case Presses():
                    await self._listen(self._think(step.after))
                    await self._line.press(step.keys, draw(self._pace.key, self._dice))
                    self._last_words_at = _now()
                case Silence():
                    await self._listen(_PAUSE_SECS)
                    # Taken first: what the bot says into the silence comes after it in the script.
                    self._script.take_caller_step()
                    await asyncio.sleep(max(0.0, step.secs - _PAUSE_SECS))
                    continue
                case HangsUp():
                    if step.while_bot_speaks:
                        await self._wait_for_voice(self._think(step.after))
                    else:
                        await self._listen(self._think(step.after))
            self._script.take_caller_step()
            if isinstance(step, HangsUp):
                await self._line.hang_up()
                return True
        await self._listen(_SETTLED_SECS)
        return False

    async def _next_step(self) -> CallerStep | None:
        """Wait until the LLM steps before the caller's next one are taken, or patience is at its end."""
        while isinstance(step := self._script.next_step, LLMStep):
            if not await self._activity.change(within=self._patience) and self._out_of_patience():
                self._script.pass_over_llm_steps()
        return step

    async def _listen(self, secs: float) -> None:
        """Wait until nobody has spoken for `secs` seconds."""
        while True:
            if not self._activity.quiet:
                waited = not await self._activity.change(within=self._patience)
                if waited and not self._activity.quiet and self._out_of_patience():
                    return
                continue
            last_heard_at = max(self._last_words_at, self._activity.quiet_since or 0.0)
            left = last_heard_at + max(secs, _PAUSE_SECS) - _now()
            if left <= 0 or not await self._activity.change(within=left):
                return

    async def _wait_for_voice(self, secs: float) -> None:
        """Wait until the bot has spoken for `secs` seconds, or has stopped before."""
        while (since := self._activity.speaking_since) is None:
            if not await self._activity.change(within=self._patience):
                return
        while self._activity.speaking_since == since and (left := since + secs - _now()) > 0:
            await self._activity.change(within=left)

    async def _speak(self, text: str) -> None:
        secs = sum(draw(self._pace.caller_word, self._dice) for _ in text.split())
        await self._line.speak(text, secs)
        self._last_words_at = _now()

    def _think(self, after: float | None) -> float:
        return draw(self._pace.think, self._dice) if after is None else after

    def _out_of_patience(self) -> bool:
        return self._activity.speaking_since is None and not self._activity.working


def _now() -> float:
    return asyncio.get_running_loop().time()
