"""The line of a call in text: no voice, no transport."""

import asyncio
from collections.abc import Awaitable, Callable

from pipecat.frames.frames import LLMMessagesAppendFrame
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContextMessage


class TextLine:
    """Types what the caller says straight into the context."""

    def __init__(self, worker: PipelineWorker, on_hang_up: Callable[[], Awaitable[None]]) -> None:
        """Create the line.

        Args:
            worker: The worker whose pipeline aggregates the messages.
            on_hang_up: Called when the caller hangs up.
        """
        self._worker = worker
        self._on_hang_up = on_hang_up

    async def speak(self, text: str, secs: float) -> None:
        """Send a message and run the LLM.

        Args:
            text: The message.
            secs: How long typing takes.
        """
        await asyncio.sleep(secs)
        message: LLMContextMessage = {"role": "user", "content": text}
        await self._worker.queue_frame(LLMMessagesAppendFrame(messages=[message], run_llm=True))

    async def hang_up(self) -> None:
        """End the call from the caller's side."""
        await self._on_hang_up()
