"""An LLM that answers from a script."""

import asyncio
import json
import random
import re
from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import (
    Frame,
    FunctionCallCancelFrame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
)
from pipecat.metrics.metrics import LLMTokenUsage
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings

from flows_analytics.testing.activity import BotActivity
from flows_analytics.testing.pace import Duration, Pace, draw
from flows_analytics.testing.script import Script
from flows_analytics.testing.settings import complete
from flows_analytics.testing.steps import Calls, CallsTogether, Fails, LLMStep, Says, Slow

# A word together with the white space before it, the way models stream their tokens.
_TOKENS = re.compile(r"\s*\S+")

Check = Callable[[tuple[Calls, ...], LLMContext], str | None]
"""Says why the LLM cannot call these functions now; None if it can."""

Asked = Callable[[LLMContext, str | None], None]
"""Told of each request to the LLM: its context and its system instruction."""


class ScriptedLLM(LLMService):
    """Takes one LLM step of the script for every run, and behaves like a real service around it.

    It streams text word by word, runs function calls through Pipecat, reports the time to first byte and
    the usage, and is stopped by interruptions. A run that the script has nothing for, because the caller's
    step comes next or the script is at its end, answers with the filler and takes nothing.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        pace: Pace | None = None,
        dice: random.Random | None = None,
        activity: BotActivity | None = None,
        model: str = "scripted-llm",
        filler: str = "All right.",
        summary: str = "They have talked.",
    ) -> None:
        """Create the service.

        Args:
            script: What to answer. None answers with the filler only; `script` may be set later.
            pace: How long tokens take. None takes the default pace.
            dice: Where varying durations are drawn from. None makes dice from the `random` module.
            activity: Told when the LLM works. None tells nobody.
            model: The name metrics carry.
            filler: The answer when the script has none.
            summary: The answer to a question asked beside the conversation, such as for a summary of it.
        """
        super().__init__(settings=complete(LLMSettings, model=model))  # pyright: ignore[reportUnknownMemberType]  # Pipecat leaves **kwargs untyped
        self.script = script or Script()
        self._pace = pace or Pace()
        self._dice = dice or random.Random(random.random())
        self._activity = activity or BotActivity()
        self._filler = Says(filler)
        self._summary = summary
        self.check: Check | None = None
        """Asked before functions are called; the script is given up if it objects. None lets every call pass."""
        self.on_asked: Asked | None = None
        """Told of each request, before it is answered. None tells nobody."""
        self._calls_made = 0
        self._last_prompt = ""

    def can_generate_metrics(self) -> bool:
        """Report metrics, like a real service."""
        return True

    async def run_inference(self, context: LLMContext, *args: Any, **kwargs: Any) -> str | None:
        """Answer a question asked beside the conversation. It takes no step of the script.

        Args:
            context: Ignored.
            *args: Ignored.
            **kwargs: Ignored.

        Returns:
            The summary.
        """
        await asyncio.sleep(draw(self._pace.llm_ttfb, self._dice))
        return self._summary

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a context, pass on everything else.

        Args:
            frame: The frame.
            direction: Where it travels.
        """
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        with self._activity.generating():
            if self.on_asked:
                self.on_asked(frame.context, getattr(self._settings, "system_instruction", None) or None)
            step, ttfb = self._take_step(frame.context)
            self._activity.tell("llm_asked", who=self.name, text=_words_of(step))
            try:
                await self.push_frame(LLMFullResponseStartFrame())
                await self.start_processing_metrics()
                await self._answer(step, frame.context, ttfb)
            finally:
                self._activity.tell("llm_done", who=self.name, text=_words_of(step))
                await self.stop_processing_metrics()
                await self.push_frame(LLMFullResponseEndFrame())

    async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        """Push a frame, and tell of functions that begin and end.

        Args:
            frame: The frame.
            direction: Where it goes.
        """
        if isinstance(frame, FunctionCallInProgressFrame):
            self._activity.function_began(frame.tool_call_id, frame.function_name)
        elif isinstance(frame, FunctionCallResultFrame | FunctionCallCancelFrame):
            self._activity.function_ended(frame.tool_call_id)
        await super().push_frame(frame, direction)

    def _take_step(self, context: LLMContext) -> tuple[LLMStep, Duration]:
        """The step of this run, and how long it takes to begin."""
        step, ttfb = self.script.take_llm_step() or self._filler, self._pace.llm_ttfb
        if isinstance(step, Slow):
            step, ttfb = step.step, step.secs
        if self.check and (problem := self.check(_calls_in(step), context)):
            self.script.give_up(problem)
            step = self._filler
        return step, ttfb

    async def _answer(self, step: LLMStep, context: LLMContext, ttfb: Duration) -> None:
        await self.start_ttfb_metrics()
        await asyncio.sleep(draw(ttfb, self._dice))
        if isinstance(step, Fails):
            await self.push_error(step.message)
            return
        self._activity.tell("llm_answered", who=self.name, text=_words_of(step))
        await self.stop_ttfb_metrics()
        try:
            match step:
                case Says():
                    await self._stream(step.text)
                case Calls() | CallsTogether():
                    await self._call(_calls_in(step), context)
                case Slow():
                    pass  # unwrapped when it was taken
        finally:
            # Providers bill an interrupted answer too.
            await self._report_usage(step, context)

    async def _stream(self, text: str) -> None:
        for token in _TOKENS.findall(text):
            # The way all of Pipecat's services emit text; it measures the time to the first answer token
            # and applies the detection of incomplete turns where that is switched on.
            await self._push_llm_text(token)
            await asyncio.sleep(draw(self._pace.llm_token, self._dice))

    async def _call(self, calls: tuple[Calls, ...], context: LLMContext) -> None:
        requests: list[FunctionCallFromLLM] = []
        for call in calls:
            self._calls_made += 1
            requests.append(
                FunctionCallFromLLM(
                    function_name=call.name,
                    tool_call_id=f"call_{self._calls_made}",
                    arguments=dict(call.arguments),
                    context=context,
                )
            )
        await self.run_function_calls(requests)

    async def _report_usage(self, step: LLMStep, context: LLMContext) -> None:
        prompt = json.dumps(context.get_messages(), default=str)
        # Providers keep what they read, and need not read again what the next prompt begins with.
        cached = _common_length(self._last_prompt, prompt)
        self._last_prompt = prompt
        prompt_tokens, completion_tokens = _tokens_in(len(prompt)), _tokens_in(len(repr(step)))
        await self.start_llm_usage_metrics(
            LLMTokenUsage(
                prompt_tokens=prompt_tokens,
                completion_tokens=completion_tokens,
                total_tokens=prompt_tokens + completion_tokens,
                cache_read_input_tokens=_tokens_in(cached),
            )
        )


def _words_of(step: LLMStep) -> str | None:
    return step.text if isinstance(step, Says) else None


def _calls_in(step: LLMStep) -> tuple[Calls, ...]:
    match step:
        case Calls():
            return (step,)
        case CallsTogether():
            return step.calls
        case _:
            return ()


def _tokens_in(characters: int) -> int:
    # Four characters a token is the usual rule of thumb.
    return characters // 4


def _common_length(one: str, other: str) -> int:
    """How long two texts are alike. By halves: a bot's function may return megabytes."""
    alike, beyond = 0, min(len(one), len(other)) + 1
    while beyond - alike > 1:
        middle = (alike + beyond) // 2
        if one[alike:middle] == other[alike:middle]:
            alike = middle
        else:
            beyond = middle
    return alike
